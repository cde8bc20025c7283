package iqdcmd

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// plugins tells what the sandbox of systemd means for the programs that iqd
// starts. The doctor itself runs outside of it, and starts none of them: what one
// does to its files when it is started twice, nobody knows.
func (d *doctor) plugins() {
	u, installed := d.unit()
	if !installed {
		return
	}
	programs, before := 0, d.doubts
	for _, name := range slices.Sorted(maps.Keys(d.conf.Handlers)) {
		if command := d.command(name); len(command) > 0 {
			programs++
			d.sandboxed(u, name, command)
		}
	}
	if programs > 0 && d.doubts == before {
		d.add(finding{what: "plugins", seen: fmt.Sprintf("%s to start, inside the sandbox of %s:\n"+
			"what a program needs beyond that, the drop-in iqd-plugins.conf names", count(programs, "program", "programs"), u.name)})
	}
}

// command returns what a section of the kind exec starts.
func (d *doctor) command(name string) (words []string) {
	if kind, _ := d.conf.doc.lookup("handlers", name, "kind"); kind != "exec" && (kind != nil || name != "exec") {
		return nil
	}
	list, _ := d.conf.doc.lookup("handlers", name, "command")
	items, _ := list.([]any) // other types have been refused
	for _, w := range items {
		words = append(words, fmt.Sprint(w))
	}
	return words
}

// sandboxed tells what of a program the unit forbids, as far as it shows.
func (d *doctor) sandboxed(u unit, name string, command []string) {
	dropIn := change{"in a shell", "sudo install -D -m 0644 /usr/local/share/iqd/iqd-plugins.conf /etc/systemd/system/" + u.name +
		".d/iqd-plugins.conf && sudo systemctl daemon-reload && sudo systemctl restart " + u.name}
	f := finding{mark: doubt, what: "plugins", change: []change{dropIn}}
	if program := compiles(append(d.interpreter(command[0]), command...)); program != "" && u.on("MemoryDenyWriteExecute") {
		f.seen = fmt.Sprintf("[handlers.%s] %s compiles while it runs, and %s forbids that", name, program, u.name)
		f.cause = "MemoryDenyWriteExecute=yes: the program dies at once"
		d.add(f)
	}
	if file := atHome(command); file != "" && u.on("ProtectHome") {
		f.seen = fmt.Sprintf("[handlers.%s] %s is not there for what %s starts", name, file, u.name)
		f.cause = "ProtectHome=" + u.settings["ProtectHome"]
		f.change = append(f.change, d.ours("command: a program in /usr/local/lib, say", "handlers", name, "command"))
		d.add(f)
	}
}

// interpreter returns what the first line of a script names.
func (d *doctor) interpreter(file string) []string {
	text, _ := fs.ReadFile(d.root, strings.TrimPrefix(path.Clean(file), "/")) // a path that is not absolute is not found
	line, _, _ := strings.Cut(string(text[:min(len(text), 200)]), "\n")
	words, script := strings.CutPrefix(line, "#!")
	if !script {
		return nil
	}
	return strings.Fields(words)
}

// compiles returns the program among the words that writes code while it runs.
func compiles(words []string) string {
	if slices.Contains(words, "--jitless") {
		return ""
	}
	names := []string{"node", "nodejs", "npm", "npx", "deno", "bun", "java", "dotnet", "mono", "pypy", "pypy3", "luajit"}
	for _, w := range words {
		if slices.Contains(names, path.Base(w)) {
			return path.Base(w)
		}
	}
	return ""
}

// atHome returns the first path of a command that ProtectHome hides
// (systemd.exec(5)).
func atHome(command []string) string {
	i := slices.IndexFunc(command, func(w string) bool {
		return strings.HasPrefix(w, "/home/") || strings.HasPrefix(w, "/root/") || strings.HasPrefix(w, "/run/user/")
	})
	if i < 0 {
		return ""
	}
	return command[i]
}
