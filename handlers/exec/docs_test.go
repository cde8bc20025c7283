package exec_test

import (
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The plugin of docs/plugins.md answers as the document says.
func TestDocumentedPlugin(t *testing.T) {
	python, err := osexec.LookPath("python3")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	doc, err := os.ReadFile("../../docs/plugins.md")
	if err != nil {
		t.Fatal(err)
	}
	_, program, _ := strings.Cut(string(doc), "```python\n")
	program, _, _ = strings.Cut(program, "```")
	r := start(t, "", func(s *setting) {
		s.cfg.Command = []string{python, "weather.py"}
		if err := os.WriteFile(filepath.Join(s.env.StateDir, "weather.py"), []byte(program), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	r.wants(r.ask("get", ""), "<query xmlns='urn:example:weather'>21 degrees</query>")
	r.logged("plugin says", `text="asked by alice@example.net/phone"`)
}
