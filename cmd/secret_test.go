package iqdcmd_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	iqdcmd "github.com/iqd-xmpp/iqd/cmd"
)

// put writes a file and returns its name.
func put(t *testing.T, dir, name, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// Checklist 74, faults C04 and C10: where the secret is looked for, and in which
// order.
func TestC10SecretPlaces(t *testing.T) {
	const file, key = "secret_file = 'file'\n", "secret = 'from key'\n"
	for name, tc := range map[string]struct {
		key        string
		files      map[string]string
		env        string
		want, from string
	}{
		"key":                  {key, nil, "", "from key", "secret"},
		"file, line end":       {file, map[string]string{"file": "from file\n"}, "", "from file", "secret_file"},
		"file, Windows":        {file, map[string]string{"file": "from file\r\n"}, "", "from file", "secret_file"},
		"file, space kept":     {file, map[string]string{"file": " a b "}, "", " a b ", "secret_file"},
		"credential over file": {file, map[string]string{"file": "x", "iqd.secret": "from systemd\n"}, "", "from systemd", "credential iqd.secret"},
		"credential over key":  {key, map[string]string{"iqd.secret": "from systemd"}, "", "from systemd", "credential iqd.secret"},
		"variable over all":    {key, map[string]string{"iqd.secret": "x"}, "from env", "from env", "$IQD_SECRET"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for f, text := range tc.files {
				put(t, dir, f, text, 0o600)
			}
			env := map[string]string{"IQD_SECRET": tc.env, "CREDENTIALS_DIRECTORY": dir}
			c := load(t, dir, strings.Replace(head, "secret = 'x'\n", tc.key, 1))
			got, from, err := c.Secret(func(k string) string { return env[k] })
			if got != tc.want || from != tc.from || err != nil {
				t.Errorf("Secret() = %q, %q, %v, want %q, %q", got, from, err, tc.want, tc.from)
			}
		})
	}
}

func load(t *testing.T, dir, text string) *iqdcmd.Config {
	t.Helper()
	c, err := iqdcmd.Load(put(t, dir, "iqd.toml", text, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestC04SecretFilesRefused(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"empty":     {"\n", "file is empty"},
		"two lines": {"a\nb\n", "holds more than a line of text"},
		"a CR":      {"a\rb", "holds more than a line of text"},
		"binary":    {"a\x00b", "holds more than a line of text"},
		"big":       {strings.Repeat("x", 5000), "holds more than a line of text"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, "file", tc.text, 0o600)
			c := load(t, dir, strings.Replace(head, "secret = 'x'", "secret_file = 'file'", 1))
			_, _, err := c.Secret(func(string) string { return "" })
			if err == nil || !strings.Contains(err.Error(), "iqd.toml:4:1: component.secret_file: read secret: ") || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Secret() error = %v, want %q", err, tc.want)
			}
		})
	}
}

// An empty credential is a mistake, and no reason to use another secret.
func TestSecretCredentialEmpty(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "iqd.secret", "\n", 0o600)
	env := map[string]string{"CREDENTIALS_DIRECTORY": dir}
	got, _, err := load(t, dir, head).Secret(func(k string) string { return env[k] })
	if err == nil || !strings.Contains(err.Error(), "iqd.secret is empty") {
		t.Errorf("Secret() = %q, %v, want an error", got, err)
	}
}

func TestSecretVariableRefused(t *testing.T) {
	_, _, err := load(t, t.TempDir(), head).Secret(func(string) string { return "a\nb" })
	if err == nil || err.Error() != "read secret: $IQD_SECRET holds more than a line of text" {
		t.Errorf("Secret() error = %v", err)
	}
}

// Checklist 74: who can read the secret.
func TestC04SecretWarnings(t *testing.T) {
	far := strings.Replace(head, "127.0.0.1", "xmpp.example.net", 1)
	withFile := strings.Replace(head, "secret = 'x'", "secret_file = 'file'", 1)
	for name, tc := range map[string]struct {
		conf       string
		conf0, mod os.FileMode
		want       string
	}{
		"kept well":            {head, 0o640, 0o600, ""},
		"configuration open":   {head, 0o644, 0o600, "component.secret: "},
		"the example's secret": {strings.Replace(head, "'x'", "'secret'", 1), 0o644, 0o600, ""},
		"file open":            {withFile, 0o644, 0o604, "component.secret_file: "},
		"file closed":          {withFile, 0o644, 0o640, ""},
		"unencrypted":          {far, 0o600, 0o600, "component.server: xmpp.example.net:5347 is another machine"},
		"encrypted":            {far + "[component.tls]\nenabled = true\n", 0o600, 0o600, ""},
		"socket":               {strings.Replace(head, "127.0.0.1:5347", "unix:/run/x", 1), 0o600, 0o600, ""},
		"IPv6 loopback":        {strings.Replace(head, "127.0.0.1", "[::1]", 1), 0o600, 0o600, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, "file", "y\n", tc.mod)
			code, _, errs := command(t, nil, "check", "-c", put(t, dir, "iqd.toml", tc.conf, tc.conf0))
			if code != 0 {
				t.Fatalf("exit code %d: %s", code, errs)
			}
			if tc.want == "" && errs != "" || !strings.Contains(errs, tc.want) {
				t.Errorf("warnings: %q, want %q", errs, tc.want)
			}
		})
	}
}

// Checklist 74, fault S10: no output of any command has the secret in it, whatever
// level the log has.
func TestC10SecretIsNeverShown(t *testing.T) {
	for _, format := range []string{"json", "text", "tint"} {
		t.Run(format, func(t *testing.T) {
			r := stage(t, "[handlers.ping]\n[handlers.fail]\n[log]\nlevel = 'debug'\nformat = '"+format+"'\n").start().online()
			r.ping()
			r.ask("juliet@example.net/balcony", nsFail, "query")
			r.write("hosts = 5\n")
			r.signals <- sigHUP
			r.log.wait(t, "reload failed")
			r.signals <- sigTERM
			r.exit()
			for _, cmd := range []string{"check", "run"} {
				_, out, errs := command(t, nil, cmd, "-c", r.path)
				if strings.Contains(out+errs, testSecret) {
					t.Errorf("%s shows the secret:\n%s%s", cmd, out, errs)
				}
			}
			if strings.Contains(r.log.String(), testSecret) {
				t.Errorf("the log shows the secret:\n%s", r.log)
			}
		})
	}
}
