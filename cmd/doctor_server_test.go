package iqdcmd_test

import (
	"bytes"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	iqdcmd "github.com/iqd-xmpp/iqd/cmd"
	"github.com/iqd-xmpp/iqd/component/componenttest"
)

const (
	prosodyLoad  = "sudo systemctl restart prosody"
	ejabberdLoad = "sudo ejabberdctl reload_config"
)

// written returns a file system with what server-config prints for a
// configuration.
func written(t *testing.T, kind, config, name string) fstest.MapFS {
	t.Helper()
	code, out, errs := iqd(t, "", "server-config", kind, "--show-secret", "-c", config)
	if code != iqdcmd.ExitDone {
		t.Fatal(errs)
	}
	contains(t, out, "/"+name)
	return fstest.MapFS{name: {Data: []byte(out)}}
}

// Whoever has written the server's file and not reloaded the server is told so,
// before anything else.
func TestDoctorNamesTheMissingReload(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		opts             componenttest.Options
		kind, file, want string
	}{
		"Prosody, secret":        {componenttest.Options{Secret: "another"}, "prosody", "etc/prosody/conf.d/iq.cfg.lua", prosodyLoad},
		"Prosody, no such host":  {componenttest.Options{Domain: "other.example.net"}, "prosody", "etc/prosody/conf.d/iq.cfg.lua", prosodyLoad},
		"ejabberd":               {componenttest.Options{Secret: "another", Personality: componenttest.Ejabberd}, "ejabberd", "etc/ejabberd/iq.yml", ejabberdLoad},
		"ejabberd, no such host": {componenttest.Options{Domain: "other.example.net", Personality: componenttest.Ejabberd}, "ejabberd", "etc/ejabberd/iq.yml", ejabberdLoad},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, addr := fakeServer(t, tc.opts)
			file := configFile(t, addr)
			right := written(t, tc.kind, file, tc.file)
			out := doctored(t, file, right)
			contains(t, out, "cause        /"+tc.file+" is right: the server has not read it yet", "change       in a shell: "+tc.want+"\n")

			stale := bytes.ReplaceAll(right[tc.file].Data, []byte(`"secret"`), []byte(`"stale"`))
			out = doctored(t, file, fstest.MapFS{tc.file: {Data: stale}})
			contains(t, out, "; then "+tc.want)
			if strings.Contains(out, "is right") {
				t.Errorf("a file with another secret is called right:\n%s", out)
			}
		})
	}
}

// What nobody listens for can be a server that has not been reloaded too.
func TestDoctorNamesTheMissingListener(t *testing.T) {
	t.Parallel()
	file := configFile(t, closedPort(t))
	out := doctored(t, file, written(t, "ejabberd", file, "etc/ejabberd/iq.yml"))
	contains(t, out, "/etc/ejabberd/iq.yml is right", ejabberdLoad, "see: iqd server-config prosody -c "+file+"; then "+prosodyLoad)
}

// Who types doctor behind systemctl restart is there before the server is.
func TestDoctorWaitsForAServerThatStarts(t *testing.T) {
	t.Parallel()
	_, addr := fakeServer(t, componenttest.Options{})
	late := closedPort(t)
	begun := time.Now()
	opened := make(chan net.Listener, 1)
	time.AfterFunc(300*time.Millisecond, func() {
		defer close(opened)
		l, err := net.Listen("tcp", late)
		if err != nil {
			t.Error(err)
			return
		}
		opened <- l
		go func() {
			for err == nil {
				err = forward(l, addr)
			}
		}()
	})
	code, out, _ := iqd(t, "", "doctor", "-c", configFile(t, late))
	if took := time.Since(begun); code != iqdcmd.ExitDone || took < 300*time.Millisecond {
		t.Errorf("exit code %d after %s:\n%s", code, took, out)
	}
	if l, ok := <-opened; ok {
		_ = l.Close()
	}
}

// forward takes one connection to addr.
func forward(l net.Listener, addr string) error {
	near, err := l.Accept()
	if err != nil {
		return err
	}
	far, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	for from, to := range map[net.Conn]net.Conn{near: far, far: near} {
		go func() {
			_, _ = io.Copy(to, from)
			_ = to.Close()
		}()
	}
	return nil
}

// doctored runs doctor, which has to find something wrong, and returns what it
// prints.
func doctored(t *testing.T, file string, root fs.FS, env ...string) string {
	t.Helper()
	var out bytes.Buffer
	if err := iqdcmd.Doctor(t.Context(), &out, file, root, env...); err == nil {
		t.Errorf("nothing is wrong with\n%s", &out)
	}
	return out.String()
}

// A wrong secret is to be changed where it is.
func TestDoctorNamesTheSecretsPlace(t *testing.T) {
	t.Parallel()
	_, addr := fakeServer(t, componenttest.Options{Secret: "another"})
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "iqd.secret"), []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	kept := configFile(t, addr, `secret_file = "`+filepath.Join(dir, "iqd.secret")+`"`)
	dropSecret(t, kept)
	for name, tc := range map[string]struct {
		file string
		env  []string
		want string
	}{
		"line":       {configFile(t, addr), nil, "iqd's config.toml:4: secret, the same"},
		"file":       {kept, nil, filepath.Join(dir, "iqd.secret") + " (secret_file of iqd's config.toml:4): the secret"},
		"variable":   {kept, []string{"IQD_SECRET", "secret"}, "the environment: IQD_SECRET"},
		"credential": {kept, []string{"CREDENTIALS_DIRECTORY", dir}, "the systemd credential iqd.secret: the secret"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			contains(t, doctored(t, tc.file, fstest.MapFS{}, tc.env...), "change       "+tc.want)
		})
	}
}

// A credential wins once the unit starts iqd: doctor, which has none, says so.
func TestDoctorComparesTheCredential(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		root fs.FS
		want string
	}{
		"another":    {fstest.MapFS{"etc/credstore/iqd.secret": {Data: []byte(testSecret + "\n")}}, "! secret         /etc/credstore/iqd.secret has another secret than iqd's config.toml:4"},
		"the same":   {fstest.MapFS{"etc/credstore/iqd.secret": {Data: []byte("secret\n")}}, "All is well."},
		"of another": {fstest.MapFS{"etc/credstore/iqd.two.secret": {Data: []byte(testSecret + "\n")}}, "All is well."},
		"forbidden":  {forbidding{}, "run doctor with sudo"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, addr := fakeServer(t, componenttest.Options{})
			var out bytes.Buffer
			if err := iqdcmd.Doctor(t.Context(), &out, configFile(t, addr), tc.root); err != nil {
				t.Errorf("Doctor() error = %v", err)
			}
			contains(t, out.String(), tc.want)
			if strings.Contains(out.String(), testSecret) {
				t.Errorf("a secret is printed:\n%s", &out)
			}
		})
	}
}

// A forbidding file system lets nobody read.
type forbidding struct{}

func (forbidding) Open(string) (fs.File, error) { return nil, fs.ErrPermission }

// A port for other servers that says nothing more is known by its header.
func TestDoctorKnowsThePortForServers(t *testing.T) {
	t.Parallel()
	addr := speaker(t, `<?xml version='1.0'?><stream:stream xmlns:stream="http://etherx.jabber.org/streams" xmlns="jabber:server" version="1.0">`)
	out := doctored(t, configFile(t, addr), fstest.MapFS{})
	contains(t, out, "the port for other servers (5269)", "config.toml:3: server = \"host:5347\"")
}
