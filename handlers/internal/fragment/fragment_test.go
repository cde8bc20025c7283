package fragment_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/handlers/internal/fragment"
)

// What is there for the eye is left out, and nothing else.
func TestParse(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"plain":          {"<a xmlns='urn:x'/>", "<a xmlns='urn:x'/>"},
		"indented":       {"\n<a xmlns='urn:x'>\n  <b/>\r\n\t<c> d </c>\n</a>\n", "<a xmlns='urn:x'><b/><c> d </c></a>"},
		"declaration":    {"<?xml version='1.0' encoding='UTF-8'?>\n<a xmlns='urn:x'/>", "<a xmlns='urn:x'/>"},
		"byte order":     {"\ufeff<a xmlns='urn:x'/>", "<a xmlns='urn:x'/>"},
		"words in a row": {"<p xmlns='urn:x'>One <b>two</b> <i>three</i></p>", "<p xmlns='urn:x'>One <b>two</b> <i>three</i></p>"},
		"lines of text":  {"<p xmlns='urn:x'>one\n  two</p>", "<p xmlns='urn:x'>one\n  two</p>"},
		"signs":          {"<p xmlns='urn:x'>a &gt;\n&lt; b</p>", "<p xmlns='urn:x'>a &gt;\n&lt; b</p>"},
	} {
		t.Run(name, func(t *testing.T) {
			el, err := fragment.Parse(tc.text)
			if got := el.XML(); err != nil || got != tc.want {
				t.Errorf("Parse() = %s, %v; want %s", got, err, tc.want)
			}
		})
	}
}

func TestReadNamesTheLine(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"wrong end":    {"<?xml version='1.0'?>\n<a xmlns='urn:x'>\n  <b></c>\n</a>", "answer.xml:3:8: "},
		"cut off":      {"<a xmlns='urn:x'>\n <b>", "answer.xml:2:5: "},
		"two roots":    {"<a xmlns='urn:x'/>\n<a xmlns='urn:x'/>", "answer.xml:1:19: "},
		"empty":        {"", "answer.xml:1:1: "},
		"only a space": {"\n ", "answer.xml:"},
		"a comment":    {"<a xmlns='urn:x'>\n<!-- b --></a>", "answer.xml:2:"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "answer.xml"), []byte(tc.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := fragment.Read(dir, "answer.xml"); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Read() error = %v, want %q", err, tc.want)
			}
		})
	}
}
