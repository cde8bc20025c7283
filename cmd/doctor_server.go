package iqdcmd

import (
	"io/fs"
	"strings"
)

// The names of the servers, as the doctor writes them.
const (
	nameProsody  = "Prosody"
	nameEjabberd = "ejabberd"
)

// loadCommand returns what makes a server read its files again.
func loadCommand(server string) string {
	if server == nameProsody {
		return "sudo systemctl restart prosody"
	}
	return "sudo ejabberdctl reload_config"
}

// theirs names what has to stand in the server's file, as server-config prints it.
func (d *doctor) theirs(server, line string) change {
	return change{server + "'s " + serverFile(server, d.cfg.JID), line + "; then " + loadCommand(server)}
}

// unloaded makes it the first cause of a refusal that a server has not read its
// file again, where one of these has in it what we say.
func (d *doctor) unloaded(f *finding, servers ...string) {
	for _, server := range servers {
		name := serverFile(server, d.cfg.JID)
		text, err := fs.ReadFile(d.root, strings.TrimPrefix(name, "/"))
		if err != nil || !declares(string(text), d.cfg.JID, d.cfg.Secret) {
			continue // it is not there, or not for us to read
		}
		f.cause = name + " is right: the server has not read it yet. Or else: " + f.cause
		f.change = append([]change{{"in a shell", loadCommand(server)}}, f.change...)
	}
}

// declares reports whether a server's file names a component with that secret.
func declares(text, jid, secret string) bool {
	ours := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		key, value := setting(line)
		switch {
		case strings.HasPrefix(line, "--"), strings.HasPrefix(line, "#"), strings.HasPrefix(line, "VirtualHost"):
		case key == "Component" || value == "" && strings.HasSuffix(line, ":"):
			ours = unquoted(value) == jid || unquoted(key) == jid
		case ours && (key == "component_secret" || key == "password"):
			return unquoted(value) == secret
		}
	}
	return false
}

// setting splits a line of Lua or YAML into its key and its value.
func setting(line string) (key, value string) {
	if rest, ok := strings.CutPrefix(line, "Component"); ok {
		return "Component", strings.TrimSpace(rest)
	}
	if i := strings.LastIndexByte(line, ':'); i == len(line)-1 && i > 0 {
		return line[:i], ""
	}
	i := strings.IndexAny(line, ":=")
	if i < 0 {
		return line, ""
	}
	return strings.TrimSpace(line[:i]), strings.TrimSpace(line[i+1:])
}

// unquoted returns a string of Lua or YAML without its quotes, and without the
// comment behind it.
func unquoted(s string) string {
	if s == "" || s[0] != '"' && s[0] != '\'' {
		return strings.TrimSpace(s)
	}
	var b strings.Builder
	for i := 1; i < len(s) && s[i] != s[0]; i++ {
		if s[i] == '\\' && s[0] == '"' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
