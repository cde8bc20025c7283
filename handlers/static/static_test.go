package static_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/iqd-xmpp/iqd/handlers/internal/plugin"
	"github.com/iqd-xmpp/iqd/handlers/static"
)

func TestConversations(t *testing.T) {
	text, err := os.ReadFile("testdata/terms.xml")
	if err != nil {
		t.Fatal(err)
	}
	for name, cfg := range map[string]static.Config{
		"file":                     {File: "terms.xml"},
		"in the section":           {Payload: string(text)},
		"a namespace of one's own": {File: "terms.xml", Config: plugin.Config{Namespaces: []string{"urn:example:terms"}}},
	} {
		t.Run(name, func(t *testing.T) {
			ext, err := static.New(cfg, component.Env{StateDir: "testdata"})
			if err != nil {
				t.Fatal(err)
			}
			componenttest.Run(t, componenttest.Extension(ext), "testdata/*.iq")
		})
	}
}

// A set is answered when the section says so, and a request in another namespace.
func TestSetInAnotherNamespace(t *testing.T) {
	cfg := static.Config{Payload: "<no xmlns='urn:example:no'/>"}
	cfg.Namespaces, cfg.Types = []string{"urn:example:ask"}, []string{"set"}
	ext, err := static.New(cfg, component.Env{})
	if err != nil {
		t.Fatal(err)
	}
	got := componenttest.Ask(t, componenttest.Extension(ext),
		"<iq type='set' id='1' from='juliet@example.net' to='iq.example.net'><ask xmlns='urn:example:ask'/></iq>")
	want := "<iq type='result' id='1' from='iq.example.net' to='juliet@example.net'><no xmlns='urn:example:no'/></iq>"
	if got != want {
		t.Errorf("answered %s, want %s", got, want)
	}
}

func TestConfigErrors(t *testing.T) {
	commands := plugin.Config{Commands: []plugin.Command{{Node: "x"}}}
	for name, tc := range map[string]struct {
		cfg     static.Config
		content string // of the file answer.xml
		err     string
	}{
		"nothing":           {static.Config{}, "", "payload: is missing"},
		"both":              {static.Config{Payload: "<a xmlns='urn:x'/>", File: "answer.xml"}, "", "file and payload exclude"},
		"no such file":      {static.Config{File: "absent.xml"}, "", "file: open "},
		"not XML":           {static.Config{Payload: "hello"}, "", "payload: not-well-formed at byte 0"},
		"two roots":         {static.Config{Payload: "<a xmlns='urn:x'/><a xmlns='urn:x'/>"}, "", "payload: not-well-formed at byte 18"},
		"a stanza":          {static.Config{Payload: "<iq xmlns='jabber:client'/>"}, "", `payload: "iq" is in the namespace "jabber:client"`},
		"no namespace":      {static.Config{Payload: "<a/>"}, "", `payload: "a" is in the namespace ""`},
		"file cut off":      {static.Config{File: "answer.xml"}, "<a xmlns='urn:x'>\n<b>", "answer.xml:2:4: "},
		"file of a stanza":  {static.Config{File: "answer.xml"}, "<iq xmlns='jabber:client'/>", "file answer.xml: "},
		"type out of place": {static.Config{Payload: "<a xmlns='urn:x'/>", Config: plugin.Config{Types: []string{"result"}}}, "", "types: "},
		"commands":          {static.Config{Payload: "<a xmlns='urn:x'/>", Config: commands}, "", "commands: "},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "answer.xml"), []byte(tc.content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := static.New(tc.cfg, component.Env{StateDir: dir})
			if err == nil || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("New() error = %v, want %q", err, tc.err)
			}
		})
	}
}
