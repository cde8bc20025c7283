package iqdcmd_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// Checklist 76, fault S10: each format, and what a peer says in it.
func TestS10LogFormats(t *testing.T) {
	for name, tc := range map[string]struct {
		format, want string
		color        bool
	}{
		"a file or a pipe": {"auto", `"msg":"starting"`, false},
		"json":             {"json", `"msg":"starting"`, false},
		"text":             {"text", `level=INFO msg=starting version=`, false},
		"tint":             {"tint", "INF starting version=", false},
		"tint in colour":   {"tint", "\x1b[", true},
	} {
		t.Run(name, func(t *testing.T) {
			r := stage(t, "[handlers.fail]\n[log]\nlevel = 'debug'\nformat = '"+tc.format+"'\n")
			if !tc.color {
				r.env["NO_COLOR"] = "1"
			}
			r.start().online()
			r.send("juliet@example.net/\u202e", "1", nsFail, "query")
			contains(t, r.reply("1"), "internal-server-error")
			r.signals <- sigTERM
			r.exit()
			text := r.log.String()
			contains(t, text, tc.want)
			if strings.Contains(text, "\x1b[31m") || strings.Contains(text, "\x1b[32m") || strings.Contains(text, "\nline,") {
				t.Errorf("a peer writes into the log as it likes:\n%q", text)
			}
			if strings.Contains(text, "\u202e") {
				t.Errorf("a peer turns the line around:\n%q", text)
			}
			if !tc.color && strings.Contains(text, "\x1b") {
				t.Errorf("there is colour:\n%q", text)
			}
			if strings.HasPrefix(tc.want, `"`) {
				checkJSON(t, text)
			}
		})
	}
}

func checkJSON(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		var v struct {
			Time, Level, Msg string
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil || v.Time == "" || v.Level == "" || v.Msg == "" {
			t.Errorf("line is no record: %v\n%s", err, line)
		}
	}
}

// Checklist 76: one line for each request, at debug.
func TestLogOfRequests(t *testing.T) {
	r := stage(t, "[handlers.ping]\n[log]\nlevel = 'debug'\nformat = 'text'\n").start().online()
	r.ping()
	r.log.wait(t, "msg=request")
	line := regexp.MustCompile(`level=DEBUG msg=request handler=ping id=1 from=juliet@example.net/balcony ns=urn:xmpp:ping dur=\S+\n`)
	if !line.MatchString(r.log.String()) {
		t.Errorf("no line matches %s:\n%s", line, r.log)
	}
}

// Fault S09.
func TestS09LogFloodsAreHeldBack(t *testing.T) {
	r := stage(t, "[handlers.fail]\nmax_in_flight = 8\n[log]\nformat = 'text'\n").start().online()
	for range 500 {
		r.send("juliet@example.net/balcony", "1", nsFail, "query")
	}
	for range 500 {
		r.reply("1")
	}
	r.log.wait(t, `msg="log lines held back" line=`)
	r.signals <- sigTERM
	r.exit()
	if n := strings.Count(r.log.String(), "bidi"); n == 0 || n > 300 {
		t.Errorf("%d lines of 500 failures, want a few:\n%.2000s", n, r.log)
	}
}

// A duration is written for who reads it, whatever the format: JSON has it in
// nanoseconds otherwise.
func TestLogOfDurations(t *testing.T) {
	for format, want := range map[string]string{
		"json": `"dur":"[\d.]+(ns|µs|ms|s)"`, "text": `dur=[\d.]+(ns|µs|ms|s)`, "tint": `dur=[\d.]+(ns|µs|ms|s)`,
	} {
		t.Run(format, func(t *testing.T) {
			r := stage(t, "[handlers.ping]\n[log]\nlevel = 'debug'\nformat = '"+format+"'\n")
			r.env["NO_COLOR"] = "1"
			r.start().online()
			r.ping()
			r.log.wait(t, "dur")
			if !regexp.MustCompile(want).MatchString(r.log.String()) {
				t.Errorf("nothing matches %s:\n%s", want, r.log)
			}
			if regexp.MustCompile(`[0-9]\.[0-9]{3}`).MatchString(regexp.MustCompile(`dur.*`).FindString(r.log.String())) {
				t.Errorf("more digits than somebody reads:\n%s", r.log)
			}
		})
	}
}

// Fault S09: handlers that are late are named, and a flood of them is held back.
func TestS09LogNamesHandlersThatAreLate(t *testing.T) {
	const flood = 300
	r := stage(t, "[handlers.stuck]\ntimeout = '1ms'\nmax_in_flight = 1000\n[log]\nformat = 'text'\n").start().online()
	for range flood {
		r.send("juliet@example.net/balcony", "1", nsStuck, "query")
	}
	for range flood {
		contains(t, r.reply("1"), "remote-server-timeout")
	}
	r.log.wait(t, `msg="log lines held back" line="handler did not answer in time"`)
	r.signals <- sigTERM
	r.signals <- sigTERM // the handlers are stuck for good
	r.exit()
	contains(t, r.log.String(), `level=WARN msg="handler did not answer in time" handler=stuck id=1 from=juliet@example.net/balcony ns=`+nsStuck)
	if n := strings.Count(r.log.String(), `msg="handler did not answer in time"`); n > flood/2 {
		t.Errorf("%d lines of %d late handlers, want a few", n, flood)
	}
}
