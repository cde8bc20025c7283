package webhook_test

import (
	"os"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/webhook"
)

func TestConfigErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*webhook.Config)
		err    string
	}{
		"no url":              {func(c *webhook.Config) { c.URL = "" }, "url: is missing"},
		"no scheme":           {func(c *webhook.Config) { c.URL = "localhost:8080" }, "url: is none of"},
		"another scheme":      {func(c *webhook.Config) { c.URL = "ftp://localhost/" }, "url: is none of"},
		"no host":             {func(c *webhook.Config) { c.URL = "http://:8080/" }, "url: is none of"},
		"no URL at all":       {func(c *webhook.Config) { c.URL = "http://user:hunter2@local host/" }, "url: cannot be parsed"},
		"fragment":            {func(c *webhook.Config) { c.URL = "http://localhost/#a" }, "url: what follows #"},
		"relative socket":     {func(c *webhook.Config) { c.URL = "unix:app.sock" }, "url: \"app.sock\" is no absolute path"},
		"user and token":      {func(c *webhook.Config) { c.URL = "http://u:p@localhost/"; c.TokenFile = "line" }, "token_file: url has a user"},
		"no secret":           {func(c *webhook.Config) { c.SecretFile = "absent" }, "secret_file: open "},
		"empty secret":        {func(c *webhook.Config) { c.SecretFile = "empty" }, "secret_file: empty is empty"},
		"two lines of secret": {func(c *webhook.Config) { c.SecretFile = "lines" }, "secret_file: lines holds more than a line"},
		"no token":            {func(c *webhook.Config) { c.TokenFile = "absent" }, "token_file: open "},
		"token not for HTTP":  {func(c *webhook.Config) { c.TokenFile = "control" }, "token_file: the token has a character"},
		"no CA":               {func(c *webhook.Config) { c.CAFile = "absent" }, "ca_file: open "},
		"no certificate":      {func(c *webhook.Config) { c.CAFile = "line" }, "ca_file: no certificate in line"},
		"CA of plain HTTP":    {func(c *webhook.Config) { c.URL = "http://localhost/"; c.CAFile = "line" }, "ca_file: url is not https"},
		"no key":              {func(c *webhook.Config) { c.CertFile = "line" }, "cert_file: key_file is missing"},
		"only a key":          {func(c *webhook.Config) { c.KeyFile = "line" }, "key_file: cert_file is missing"},
		"neither a key":       {func(c *webhook.Config) { c.CertFile, c.KeyFile = "line", "line" }, "cert_file and key_file: "},
		"name of a header":    {func(c *webhook.Config) { c.Headers = map[string]string{"a b": "c"} }, "headers: "},
		"value of a header":   {func(c *webhook.Config) { c.Headers = map[string]string{"a": "b\nc: d"} }, "headers: "},
		"header of ours":      {func(c *webhook.Config) { c.Headers = map[string]string{"content-type": "text/xml"} }, "headers: \"content-type\" is for iqd"},
		"signature":           {func(c *webhook.Config) { c.Headers = map[string]string{"x-iqd-signature": "a"} }, "headers: "},
		"token twice":         {func(c *webhook.Config) { c.Headers, c.TokenFile = map[string]string{"Authorization": "a"}, "line" }, "headers: "},
		"no connection":       {func(c *webhook.Config) { c.Connections = 0 }, "connections = 0"},
		"many retries":        {func(c *webhook.Config) { c.Retries = 11 }, "retries = 11"},
		"no answer":           {func(c *webhook.Config) { c.MaxAnswerBytes = 0 }, "max_answer_bytes = 0"},
		"no namespace":        {func(c *webhook.Config) { c.Namespaces = nil }, "namespaces: "},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, 0o600)
			cfg := config("https://localhost/")
			tc.change(&cfg)
			_, err := webhook.New(cfg, component.Env{StateDir: dir})
			if err == nil || !strings.HasPrefix(err.Error(), tc.err) {
				t.Fatalf("New() error = %v, want %q", err, tc.err)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("New() error = %v: it tells a secret", err)
			}
		})
	}
}

// put writes the files that the tests name.
func put(t *testing.T, dir string, mode os.FileMode) {
	t.Helper()
	for name, text := range map[string]string{"line": "a\n", "empty": "\n", "lines": "a\nb\n", "control": "a\x01b\n"} {
		if err := os.WriteFile(dir+"/"+name, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
}

// What will work, but is not as it should be, is a warning of iqd check.
func TestCheckWarns(t *testing.T) {
	for name, tc := range map[string]struct {
		url  string
		mode os.FileMode
		want []string
	}{
		"as it should be":      {"http://127.0.0.1:8080/", 0o600, nil},
		"IPv6":                 {"http://[::1]:8080/", 0o600, nil},
		"a socket":             {"unix:/run/app.sock", 0o600, nil},
		"encrypted":            {"https://example.net/", 0o600, nil},
		"over the network":     {"http://example.net/", 0o600, []string{"url: without https"}},
		"secret for everybody": {"http://localhost/", 0o644, []string{"secret_file: line can be read by every user", "token_file: "}},
		"both":                 {"http://192.0.2.1/", 0o644, []string{"url: ", "secret_file: "}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, tc.mode)
			cfg := config(tc.url)
			cfg.SecretFile, cfg.TokenFile = "line", "line"
			ext, err := webhook.New(cfg, component.Env{StateDir: dir})
			if err != nil {
				t.Fatal(err)
			}
			err = ext.Check()
			if (err == nil) != (tc.want == nil) {
				t.Fatalf("Check() = %v, want %q", err, tc.want)
			}
			for _, w := range tc.want {
				want(t, err.Error(), w)
			}
		})
	}
}
