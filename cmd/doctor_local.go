package iqdcmd

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// remedy returns what puts right what the configuration warns of.
func (d *doctor) remedy(warning string) []change {
	key, _, _ := strings.Cut(warning, ":")
	switch key {
	case "component.secret":
		return []change{{"in a shell", "chmod o-r " + shellWord(d.app.config)}}
	case "component.secret_file":
		return []change{{"in a shell", "chmod o-r " + shellWord(d.conf.path(d.conf.Component.SecretFile))}}
	case "component.server":
		return []change{
			d.ours("[component.tls] enabled = true, or a tunnel", "component", "server"),
		}
	}
	return nil
}

// daemon looks for an iqd that runs with the same file, for connecting beside it
// would disturb it: Prosody with kick_old throws the old connection out, ejabberd
// shares the requests between both. It reports whether there is one that is not
// to be disturbed.
func (d *doctor) daemon(ctx context.Context) (running bool) {
	if d.connect {
		return false
	}
	if d.conf.Admin.Listen != "" {
		switch status, body := d.ask(ctx, "/readyz"); {
		case status == http.StatusOK:
			d.add(finding{what: "running", seen: "iqd serves already: http://" + d.conf.Admin.Listen + "/readyz says it is ready.\n" +
				"A second connection would be a conflict, so none was tried (--connect tries)"})
			d.handlersNow(ctx)
			return true
		case status != 0:
			d.add(finding{mark: doubt, what: "running", seen: fmt.Sprintf("iqd runs, but http://%s/readyz says %d %s", d.conf.Admin.Listen, status, escape(body[:min(len(body), 200)]))})
			return false
		}
	}
	pid := d.process()
	if pid != 0 {
		d.add(d.unasked(pid))
	}
	return pid != 0
}

// unasked says that an iqd runs which could not be asked. Whether it is well, its
// log tells; that it runs is nothing wrong.
func (d *doctor) unasked(pid int) finding {
	d.report.untried = true
	f := finding{
		mark: open, what: "running",
		seen: fmt.Sprintf("runs already as process %d; not connected to, so as not to disturb it\n(--connect does, [admin] listen lets doctor ask it)", pid),
	}
	if d.conf.Admin.Listen != "" {
		f.mark = doubt
		f.seen = fmt.Sprintf("runs already as process %d, but nobody answers at %s", pid, d.conf.Admin.Listen)
		f.cause = "it was started before listen of [admin] was written, which is read at the start alone; or it hangs"
		f.change = []change{{"in a shell", "restart iqd: sudo systemctl restart iqd"}}
	}
	return f
}

// ask asks the running iqd for a page. Zero: nobody answers.
func (d *doctor) ask(ctx context.Context, page string) (status int, body string) {
	ctx, cancel := context.WithTimeout(ctx, d.wait)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.conf.Admin.Listen+page, nil)
	if err != nil {
		return 0, ""
	}
	if token, err := readSecret(d.conf.path(d.conf.Admin.TokenFile)); err == nil {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 16<<10)) // what came is all there is to say
	return resp.StatusCode, strings.TrimSpace(string(text))
}

// process returns the number of another process that runs this program with the
// same file, or zero. Where processes of others are hidden it finds none.
func (d *doctor) process() int {
	paths, _ := fs.Glob(d.root, "proc/[0-9]*/cmdline") // the pattern is good
	for _, path := range paths {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		text, err := fs.ReadFile(d.root, path)
		if err == nil && pid != os.Getpid() && d.serves(strings.Split(string(text), "\x00")) {
			return pid
		}
	}
	return 0
}

// serves reports whether a command line is that of "iqd run" with our file.
func (d *doctor) serves(args []string) bool {
	if len(args) < 2 || !slices.Contains(args[1:], "run") {
		return false
	}
	base := filepath.Base(args[0])
	if exe, err := os.Executable(); base != "iqd" && (err != nil || base != filepath.Base(exe)) {
		return false
	}
	file := DefaultConfigPath
	for i, arg := range args[:len(args)-1] {
		if arg == "-c" || arg == "--config" {
			file = args[i+1]
		}
	}
	for _, arg := range args {
		if v, ok := strings.CutPrefix(arg, "--config="); ok {
			file = v
		}
	}
	return sameFile(file, d.app.config)
}

// sameFile reports whether two paths mean the same file. A relative path of
// another process cannot be resolved, so its name has to do.
func sameFile(theirs, ours string) bool {
	if a, err := os.Stat(theirs); err == nil && filepath.IsAbs(theirs) {
		b, err := os.Stat(ours)
		return err == nil && os.SameFile(a, b)
	}
	return filepath.Clean(theirs) == filepath.Clean(ours)
}
