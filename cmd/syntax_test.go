package iqdcmd_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// Checklist 74, fault S10: a mistake in the line of the secret does not show the
// secret, whatever it looks like. Each line takes the place of head's.
func TestC10MistakesInTheSecretDoNotShowIt(t *testing.T) {
	for line, want := range map[string]string{
		`secret = CorrectHorseBattery`:          ":4:10: expected a value; text is written in quotes",
		`secret = trueHorse`:                    ":4:10: expected a value; text is written in quotes",
		`secret = "Correct\u12Horse"`:           `:4:`,
		`secret = "Correct\qHorse"`:             ":4:11: unknown escape",
		`secret = "\uD800CorrectHorse"`:         ":4:11: escape of a character that does not exist",
		`secret = 12345678901234567890`:         ":4:10: number out of range",
		`secret = 1e999`:                        ":4:10: number out of range",
		`secret = 0755`:                         ":4:10: not a number; text is written in quotes",
		`secret = 1234567_`:                     ":4:10: not a number",
		`secret = 1__2SECRET`:                   ":4:",
		`secret = 1__2`:                         ":4:10: not a number",
		`secret = 1_.5`:                         ":4:10: not a number",
		`secret = 0x5g`:                         ":4:",
		`secret = 0b9`:                          ":4:",
		`secret = +0x755`:                       ":4:",
		`secret = +Horse`:                       ":4:",
		`secret = .755`:                         ":4:",
		`secret = 12:99:99`:                     ":4:10: not a date; text is written in quotes",
		`secret = 2026-13-01`:                   ":4:10: not a date",
		`secret = 755Horse`:                     ":4:13: expected a top-level item to end",
		`secret = "x"Horse`:                     ":4:",
		`secret = 755`:                          ":4:1: component.secret: is an integer, not a string",
		`secret Horse`:                          ":4:8: expected '.' or '='",
		`secret = "Horse`:                       ":4:",
		`secret = """Horse`:                     ":4:",
		"secret = \"\"\"\nHorse\\u12\n\"\"\"":   ":4:",
		"secret = \"\"\"\nHorse\\qB\n\"\"\"":    ":4:",
		"secret = \"Horse\x01\"":                ":4:",
		`"secret" = CorrectHorseBattery`:        ":4:12: expected a value",
		`'secret' = 0755`:                       ":4:12: not a number",
		`secret = {a = CorrectHorseBattery}`:    ":4:15: expected a value",
		`secret = ["Horse" "Battery"]`:          ":4:19: expected a comma (',') or array terminator (']')",
		`secret = ["Horse"]`:                    ":4:1: component.secret: is a list, not a string",
		`tls = {key_file = CorrectHorseBattery`: ":4:19: expected a value",
	} {
		t.Run(line, func(t *testing.T) { hidden(t, strings.Replace(head, "secret = 'x'", line, 1), want) })
	}
	for name, text := range map[string]string{
		"dotted key":             "component.secret = CorrectHorseBattery\n",
		"dotted key, a number":   "component.secret = 0755\n",
		"inline table":           "component = {jid = 'iq.example.net', secret = CorrectHorseBattery}\n",
		"inline table, a number": "component = {jid = 'iq.example.net', secret = 12345678901234567890}\n",
		"inline table, escape":   "component = {secret = \"Correct\\u12Horse\"}\n",
	} {
		t.Run(name, func(t *testing.T) { hidden(t, text, ":1:") })
	}
}

// hidden checks that a file is refused with want, and that nothing of its secret
// is shown.
func hidden(t *testing.T, text, want string) {
	t.Helper()
	name := put(t, t.TempDir(), "iqd.toml", text, 0o600)
	_, _, errs := command(t, nil, "check", "-c", name)
	errs = strings.ReplaceAll(errs, name, "") // the folder has the name of the test
	contains(t, errs, want)
	for _, part := range []string{"Correct", "Horse", "Battery", "SECRET", "u12", `\q`, "D800", "0x01", "755", "12345", "1e999", "1_", "12:99", "2026", "5g", "0b9", " 'H'", "got"} {
		if strings.Contains(errs, part) {
			t.Errorf("%q is shown:\n%s", part, errs)
		}
	}
}

// The same in the log of a reload, and in the status that a service manager has.
func TestReloadDoesNotShowTheSecret(t *testing.T) {
	m := newManager(t)
	r := stage(t, "[handlers.ping]\n").start().online()
	put(t, filepath.Dir(r.path), filepath.Base(r.path), strings.Replace(head, "'x'", "CorrectHorseBattery", 1), 0o600)
	r.signals <- sigHUP
	r.log.wait(t, "reload failed")
	m.expect(`READY=1\nSTATUS=.*; reload failed: .*:4:10: expected a value; text is written in quotes`)
	if strings.Contains(r.log.String(), "Horse") {
		t.Errorf("the log shows the secret:\n%s", r.log)
	}
}
