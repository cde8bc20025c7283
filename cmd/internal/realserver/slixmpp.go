package realserver

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

//go:embed slixmpp.py
var slixmppScript string

// Debian's own Python, for another one does not see Debian's packages.
const python = "/usr/bin/python3"

// SlixmppError is what a step of Slixmpp gives when it is answered with an error. Local is set when
// there was none: no answer came (remote-server-timeout), or the plugin could not read it (undefined-condition).
type SlixmppError struct {
	Condition string `json:"condition"`
	Type      string `json:"type"`
	Text      string `json:"text"`
	Local     bool   `json:"local"`
}

// Slixmpp logs a user in with slixmpp, a client library for Python, and lets its plugins ask the
// component, one step after the other. The result has the steps' texts as keys.
//
// The steps, with arguments behind colons: "info:NODE" and "items:NODE" (xep_0030), "version"
// (xep_0092), "ping" (xep_0199), "time" (xep_0202), "last" (xep_0012), "vcard" (xep_0054),
// "roster", "roster-set:JID:NAME:GROUP...", "roster-remove:JID", "commands" and
// "command:NODE:ACTION,VAR=VALUE...:..." (xep_0050), which runs a command and then does each action with
// the form filled in, "query:NAMESPACE", which sends an empty query, and "get:PAYLOAD" and "set:PAYLOAD",
// which send an element as it is. NODE may be left out, with its colon. A step gives an object; "error" in
// it is a SlixmppError, "xml" the answer as slixmpp holds it, and the rest is what the plugin read:
// slixmpp.py has the names.
func (s *Server) Slixmpp(t testing.TB, user string, steps ...string) map[string]json.RawMessage {
	t.Helper()
	return s.SlixmppTo(t, user, s.Component, steps...)
}

// SlixmppTo is Slixmpp with another address to ask.
func (s *Server) SlixmppTo(t testing.TB, user, to string, steps ...string) map[string]json.RawMessage {
	t.Helper()
	need(t, "python3-slixmpp", importSlixmpp)
	// -I: the current folder is no place to import from.
	args := append([]string{"-I", "-c", slixmppScript, "127.0.0.1", strconv.Itoa(s.C2SPort),
		user + "@" + s.Domain, Password, to}, steps...)
	cmd := exec.CommandContext(t.Context(), python, args...)
	cmd.SysProcAttr, cmd.WaitDelay = diesWithParent(), time.Second
	var messages strings.Builder
	cmd.Stderr = &messages
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("slixmpp %q: %v\n%s", steps, err, messages.String())
	}
	answers := map[string]json.RawMessage{}
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatalf("slixmpp %q: %v\n%s%s", steps, err, out, messages.String())
	}
	return answers
}

func importSlixmpp() error {
	out, err := exec.Command(python, "-I", "-c", "import slixmpp").CombinedOutput()
	if err != nil {
		return fmt.Errorf("import slixmpp: %w: %s", err, out)
	}
	return nil
}

// Answer reads one answer of Slixmpp into v, and returns the error that the component gave, or nil.
func Answer(answers map[string]json.RawMessage, step string, v any) (*SlixmppError, error) {
	raw, ok := answers[step]
	if !ok {
		return nil, fmt.Errorf("step %q was not asked for", step)
	}
	var failed struct {
		Error *SlixmppError `json:"error"`
	}
	if err := json.Unmarshal(raw, &failed); err != nil || failed.Error != nil || v == nil {
		return failed.Error, err
	}
	return nil, json.Unmarshal(raw, v)
}
