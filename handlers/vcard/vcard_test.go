package vcard_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/iqd-xmpp/iqd/handlers/vcard"
)

var made = vcard.Config{Name: "Questions", URL: "https://example.net/iq", Description: "Answers & more."}

// Checklist 59.
func TestConversations(t *testing.T) {
	whole, err := filepath.Abs("testdata/card.xml")
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		cfg  vcard.Config
		file string
	}{
		"file below the state directory": {vcard.Config{File: "card.xml"}, "testdata/file.iq"},
		"file anywhere":                  {vcard.Config{File: whole}, "testdata/file.iq"},
		"keys":                           {made, "testdata/made.iq"},
		"empty section":                  {vcard.DefaultConfig(), "testdata/empty.iq"},
	} {
		t.Run(name, func(t *testing.T) {
			ext, err := vcard.New(tc.cfg, component.Env{JID: "iq.example.net", StateDir: "testdata"})
			if err != nil {
				t.Fatal(err)
			}
			componenttest.Run(t, componenttest.Extension(ext), tc.file)
		})
	}
}

func TestConfigErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		cfg vcard.Config
		err string
	}{
		"file and name":        {vcard.Config{File: "card.xml", Name: "Questions"}, "exclude one another"},
		"file and url":         {vcard.Config{File: "card.xml", URL: "https://example.net/"}, "exclude one another"},
		"file and description": {vcard.Config{File: "card.xml", Description: "Answers"}, "exclude one another"},
		"no such file":         {vcard.Config{File: "absent.xml"}, "absent.xml: no such file"},
		"half a URL":           {vcard.Config{URL: "example.net/iq"}, "url: "},
		"name not for XML":     {vcard.Config{Name: "a\x00b"}, "name: "},
		"description likewise": {vcard.Config{Description: "a\x00b"}, "description: "},
	} {
		t.Run(name, func(t *testing.T) { refused(t, tc.cfg, t.TempDir(), tc.err) })
	}
}

// What is in the file is checked before anybody asks for it.
func TestFileErrors(t *testing.T) {
	for name, tc := range map[string]struct{ content, err string }{
		"empty":             {"", "card.xml:1:"},
		"not XML":           {"BEGIN:VCARD", "card.xml:1:"},
		"cut off":           {"<vCard xmlns='vcard-temp'><FN>Q", "card.xml:1:"},
		"two roots":         {"<vCard xmlns='vcard-temp'/><vCard xmlns='vcard-temp'/>", "card.xml:1:"},
		"comment":           {"<vCard xmlns='vcard-temp'><!-- hello --></vCard>", "card.xml:1:"},
		"entity":            {"<vCard xmlns='vcard-temp'><FN>&uuml;</FN></vCard>", "card.xml:1:"},
		"another element":   {"<card xmlns='vcard-temp'/>", `the root is card in "vcard-temp", not vCard`},
		"another namespace": {"<vCard xmlns='urn:ietf:params:xml:ns:vcard-4.0'/>", `not vCard in "vcard-temp"`},
		"no namespace":      {"<vCard/>", `the root is vCard in "", not vCard in "vcard-temp"`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "card.xml"), []byte(tc.content), 0o600); err != nil {
				t.Fatal(err)
			}
			refused(t, vcard.Config{File: "card.xml"}, dir, tc.err)
		})
	}
}

func refused(t *testing.T, cfg vcard.Config, dir, want string) {
	t.Helper()
	_, err := vcard.New(cfg, component.Env{JID: "iq.example.net", StateDir: dir})
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("New() error = %v, want %q", err, want)
	}
}
