package iqdcmd_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

// What is wrong with a plugin is found by check, with the place of the key.
func TestPluginMistakes(t *testing.T) {
	const (
		hook  = "[handlers.weather]\nkind = 'webhook'\nnamespaces = ['urn:example:weather']\n"
		fixed = "[handlers.terms]\nkind = 'static'\n"
		child = "[handlers.weather]\nkind = 'exec'\nnamespaces = ['urn:example:weather']\n"
	)
	for name, tc := range map[string]struct{ conf, want string }{
		"no url":             {hook, ":5:1: [handlers.weather] url: is missing"},
		"url of no web":      {hook + "url = 'mailto:me'\n", ":8:1: [handlers.weather] url: is none of"},
		"secret not there":   {hook + "url = 'http://localhost/'\nsecret_file = 'none'\n", ":9:1: [handlers.weather] secret_file: open "},
		"CA that is none":    {hook + "url = 'https://localhost/'\nca_file = 'empty.pem'\n", ":9:1: [handlers.weather] ca_file: no certificate in empty.pem"},
		"header of ours":     {hook + "url = 'http://localhost/'\nheaders = {Host = 'a'}\n", ":9:1: [handlers.weather] headers: "},
		"header of a number": {hook + "url = 'http://localhost/'\nheaders = {A = 1}\n", ":9:12: handlers.weather.headers.A: is an integer, not a string"},
		"type of an IQ":      {hook + "types = ['result']\nurl = 'http://localhost/'\n", ":8:1: [handlers.weather] types: "},
		"typo":               {hook + "ulr = 'http://localhost/'\n", `:8:1: unknown key "handlers.weather.ulr"; did you mean "url"?`},
		"namespace of ours":  {"[handlers.ping]\n" + strings.Replace(hook, "urn:example:weather", "urn:xmpp:ping", 1) + "elements = ['ping']\nurl = 'http://localhost/'\n", ":6:1: [handlers.weather] extensions \"ping\" and \"weather\" both answer urn:xmpp:ping ping"},
		"no answer":          {fixed, ":5:1: [handlers.terms] payload: is missing"},
		"answer cut off":     {fixed + "payload = \"<terms xmlns='urn:x'>\"\n", ":7:1: [handlers.terms] payload: not-well-formed at byte "},
		"file cut off":       {fixed + "file = 'cut.xml'\n", ":7:1: [handlers.terms] file "},
		"line of the file":   {fixed + "file = 'cut.xml'\n", "cut.xml:2:4: not-well-formed"},
		"commands":           {fixed + "payload = \"<a xmlns='urn:x'/>\"\ncommands = [{node = 'x'}]\n", ":8:1: [handlers.terms] commands: "},
		"no command":         {child, ":5:1: [handlers.weather] command: name the program"},
		"H12 missing":        {child + "command = ['/nonexistent/weather']\n", ":8:1: [handlers.weather] command: stat /nonexistent/weather: no such file"},
		"H12 not executable": {child + "command = ['./cut.xml']\n", "cut.xml is not executable (mode 0600)"},
		"command of a shell": {child + "command = 'python3 weather.py'\n", ":8:1: handlers.weather.command: is a string, not a list"},
		"env of a number":    {child + "command = ['cat']\nenv = {A = 1}\n", ":9:8: handlers.weather.env.A: is an integer, not a string"},
		"child as it should": {child + "command = ['cat']\n", ""},
		"as it should be":    {hook + "url = 'http://localhost/'\n" + fixed + "payload = \"<a xmlns='urn:x'/>\"\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, "empty.pem", "", 0o600)
			put(t, dir, "cut.xml", "<a xmlns='urn:x'>\n<b>", 0o600)
			code, out, errs := command(t, map[string]string{"STATE_DIRECTORY": dir}, "check", "-c", put(t, dir, "iqd.toml", head+tc.conf, 0o600))
			if want := map[bool]int{true: 0, false: 2}[tc.want == ""]; code != want {
				t.Errorf("exit code %d, want %d: %s%s", code, want, out, errs)
			}
			contains(t, errs, tc.want)
		})
	}
}

// H12: a reload that names a plugin that is not there changes nothing, and that it
// is not there is in the log.
func TestH12_ReloadKeepsTheOldPlugin(t *testing.T) {
	const plugin = "[handlers.ping]\n[handlers.weather]\nkind = 'exec'\nnamespaces = ['urn:example:weather']\ncommand = ['%s']\n"
	const answers = `while read -r line; do id="${line#*:}"; id="${id#*:}"; echo "{\"jsonrpc\":\"2.0\",\"id\":${id%%,*},\"result\":{}}"; done`
	dir := t.TempDir()
	program := put(t, dir, "weather", "#!/bin/sh\n"+answers+"\n", 0o700)
	r := stage(t, fmt.Sprintf(plugin, program)).start().online()
	ask := func() {
		t.Helper()
		if got := r.ask("juliet@example.net/balcony", "urn:example:weather", "query"); !isResult(got) {
			t.Fatalf("answered with %s\n%s", got, r.log)
		}
	}
	ask()
	r.write(fmt.Sprintf(plugin, "/nonexistent/weather"))
	r.signals <- sigHUP
	r.log.wait(t, "reload failed, the old configuration stays in force")
	contains(t, r.log.String(), "[handlers.weather] command: stat /nonexistent/weather: no such file")
	ask()
}

// A reload takes over a script that has changed, though the configuration is the
// same, and leaves the other plugin alone.
func TestReloadStartsAChangedScript(t *testing.T) {
	const script = `while read -r line; do id="${line#*:}"; id="${id#*:}"; echo "{\"jsonrpc\":\"2.0\",\"id\":${id%%,*},\"result\":{\"payload\":\"<a xmlns='urn:x'>DAY</a>\"}}"; done`
	dir := t.TempDir()
	put(t, dir, "weather.sh", strings.Replace(script, "DAY", "sunny", 1), 0o600)
	r := stage(t, fmt.Sprintf("[handlers.weather]\nkind = 'exec'\nnamespaces = ['urn:example:weather']\ncommand = ['sh', 'weather.sh']\ndir = '%s'\n"+
		"[handlers.terms]\nkind = 'static'\npayload = \"<terms xmlns='urn:example:terms'/>\"\n", dir)).start().online()
	contains(t, r.ask("juliet@example.net/balcony", "urn:example:weather", "query"), "sunny")
	put(t, dir, "weather.sh", strings.Replace(script, "DAY", "cloudy", 1), 0o600)
	r.signals <- sigHUP
	r.log.wait(t, `"handlers":2,"kept":1`)
	contains(t, r.ask("juliet@example.net/balcony", "urn:example:weather", "query"), "cloudy")
}

// A webhook whose secrets others can read, or that is asked without encryption, is
// a warning of check.
func TestCheckWarnsOfAWebhook(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "token", "magic\n", 0o644)
	conf := head + "[handlers.weather]\nkind = 'webhook'\nnamespaces = ['urn:example:weather']\nurl = 'http://hooks.example.net/'\ntoken_file = 'token'\n"
	code, _, errs := command(t, map[string]string{"STATE_DIRECTORY": dir}, "check", "-c", put(t, dir, "iqd.toml", conf, 0o600))
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	contains(t, errs, "iqd: warning: [handlers.weather] token_file: token can be read by every user", "url: without https")
}

// A reload takes over a token whose file has changed, though the configuration is
// the same, and leaves the other plugin alone.
func TestReloadReadsATokenAgain(t *testing.T) {
	tokens := make(chan string, 1)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tokens <- r.Header.Get("Authorization")
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(hook.Close)
	file := filepath.Join(t.TempDir(), "token")
	put(t, filepath.Dir(file), "token", "first\n", 0o600)
	r := stage(t, fmt.Sprintf("[handlers.weather]\nkind = 'webhook'\nnamespaces = ['urn:example:weather']\nurl = '%s'\ntoken_file = '%s'\n"+
		"[handlers.terms]\nkind = 'static'\npayload = \"<terms xmlns='urn:example:terms'/>\"\n", hook.URL, file)).start().online()
	ask := func(token string) {
		t.Helper()
		if got := r.ask("juliet@example.net/balcony", "urn:example:weather", "query"); !isResult(got) {
			t.Fatalf("answered with %s\n%s", got, r.log)
		}
		if got := <-tokens; got != "Bearer "+token {
			t.Errorf("token %q, want %s", got, token)
		}
	}
	ask("first")
	put(t, filepath.Dir(file), "token", "the second one\n", 0o600)
	r.signals <- sigHUP
	r.log.wait(t, `"handlers":2,"kept":1`)
	ask("the second one")
	contains(t, r.ask("mallory@example.com/x", "urn:example:terms", "terms"), "<terms xmlns='urn:example:terms'/>")
	contains(t, r.ask("mallory@example.com/x", "urn:example:weather", "query"), "<feature-not-implemented") // it is for local users
}
