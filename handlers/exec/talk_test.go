package exec_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

func TestAnswers(t *testing.T) {
	r := start(t, "echo")
	r.wants(r.ask("get", "<b>1 &amp; \u00e4\n\"</b>"), "<iq type='result' id='q1' from='iq.example.net' to='alice@example.net/phone'><query xmlns='urn:example:exec'><b>1 &amp; \u00e4\n\"</b></query></iq>")
	r.wants(r.ask("set", strings.Repeat("x", 300<<10)), "type='result'", strings.Repeat("x", 300<<10))
	r.unharmed()
}

func TestAnswersInAnyOrder(t *testing.T) {
	r := start(t, "backwards")
	first, second := r.send("get", "one"), r.send("get", "two")
	r.wants(r.reply(first), ">one<")
	r.wants(r.reply(second), ">two<")
}

func TestErrorOfThePlugin(t *testing.T) {
	r := start(t, "errors")
	r.wants(r.ask("get", ""), "<error type='cancel'><item-not-found", "no such town</text>")
	if strings.Contains(r.log.String(), "level=ERROR") {
		t.Errorf("what is for the requester is in the log:\n%s", r.log)
	}
}

// Requests are given to the worker that has the least under way, and to each in
// turn where that is the same.
func TestWorkersTakeTurns(t *testing.T) {
	r := start(t, "pid", func(s *setting) { s.cfg.Workers = 4 })
	for range 4 {
		r.logged("plugin started")
	}
	seen := map[string]int{}
	for i := 0; i < 1000 && len(seen) < 4; i++ {
		seen[fmt.Sprint(number(t, r.ask("get", "")))]++
	}
	if len(seen) != 4 {
		t.Errorf("asked were %v, want 4 workers", seen)
	}
}

// A child gets what the section names, and nothing else: no variable, no file, no
// directory of iqd's own.
func TestChildInheritsNothing(t *testing.T) {
	t.Setenv("SECRET_OF_IQD", "s3cret")
	t.Setenv("LANG_OF_IQD", "fr")
	file, err := os.Open(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	leak(t, file) // as one that iqd itself was started with
	var dir string
	r := start(t, "world", func(s *setting) {
		s.cfg.PassEnv = []string{"LANG_OF_IQD", "NOT_THERE"}
		dir = filepath.Join(s.env.StateDir, "made", "for", "it")
		s.env.StateDir = dir
	})
	got := r.ask("get", "")
	r.wants(got, "'>EXEC_TEST_MOOD=world\nLANG_OF_IQD=fr\nPATH=/usr/local/bin:/usr/bin:/bin\nfds 0=pipe 1=pipe 2=pipe", "\ndir "+dir+"</a>")
	_, fds, _ := strings.Cut(got, "fds ")
	fds, _, _ = strings.Cut(fds, "\n")
	for _, fd := range strings.Fields(fds)[3:] { // its own are those that tell Go how many processors it has
		if !strings.Contains(fd, "=/sys/") && !strings.Contains(fd, "=/proc") {
			t.Errorf("open in the child: %s", fd)
		}
	}
}

// What is written to standard error together stays together.
func TestStandardErrorIsLogged(t *testing.T) {
	r := start(t, "traceback")
	r.logged("level=INFO", `msg="plugin says"`, "worker=1", `text="Traceback\n  File x\nValueError: \x1b[31m"`)
}

// A request that is over is called off, and the answer that comes late is dropped.
func TestCancel(t *testing.T) {
	r := start(t, "tells of cancels", timeout(time.Second))
	r.wants(r.ask("get", ""), late)
	r.logged("called off 1")
	r.logged("level=DEBUG", "late answer")
	r.wants(r.ask("get", ""), "on time")
	if strings.Contains(r.log.String(), "no message") {
		t.Errorf("a late answer is taken for garbage:\n%s", r.log)
	}
}

func TestOwnIQ(t *testing.T) {
	for name, tc := range map[string]struct {
		payload, ms string
		reply       string // of the one who is asked; empty: none
		want        string
	}{
		"result": {"hi", "0", "<iq type='result' id='%s' from='alice@example.net/phone' to='iq.example.net'><b xmlns='urn:x'/></iq>",
			`"id":"mine","result":{"from":"alice@example.net/phone","payload":"\u003cb xmlns='urn:x'/\u003e"}`},
		"error": {"hi", "0", "<iq type='error' id='%s' from='alice@example.net/phone' to='iq.example.net'><error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
			`"error":{"code":2,"message":"\"alice@example.net/phone\" answered forbidden","data":{"condition":"forbidden","type":"auth"}}`},
		"silence": {"hi", "300", "", `"error":{"code":2,"message":"component: no reply in time","data":{"condition":"remote-server-timeout","type":"wait"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, "asks", environment("OWN_MS", tc.ms))
			id := r.send("get", tc.payload)
			asked, err := r.srv.NextMatch(t.Context(), "<iq type='get' id='*' from='iq.example.net' to='alice@example.net/phone'><query xmlns='urn:example:exec'>hi</query></iq>")
			if err != nil {
				t.Fatalf("%v\n%s", err, r.log)
			}
			_, own, _ := strings.Cut(asked, "id='")
			own, _, _ = strings.Cut(own, "'")
			if tc.reply != "" {
				if err := r.srv.Send(fmt.Sprintf(tc.reply, own)); err != nil {
					t.Fatal(err)
				}
			}
			r.wants(r.reply(id), strings.ReplaceAll(tc.want, "<", "("))
		})
	}
}

// What a child asks of iqd, and what it must not ask.
func TestOwnRequests(t *testing.T) {
	iq := func(params string) string { return `{"jsonrpc":"2.0","id":"b","method":"iq","params":` + params + `}` }
	for name, tc := range map[string]struct{ raw, want string }{
		"info": {`{"jsonrpc":"2.0","id":"b","method":"iqd/info"}`,
			`"id":"b","result":{"jid":"iq.example.net","hosts":["example.net"],"name":"tested","version":"iqd 1.2.3","protocol":1,` +
				`"limits":{"max_reply_bytes":500000,"max_answer_bytes":1048576,"max_in_flight":64,"own_iqs":0,"timeout_ms":3000}}`},
		"unknown method":  {`{"jsonrpc":"2.0","id":7,"method":"shutdown"}`, `"id":7,"error":{"code":-32601,"message":"no method \"shutdown\""}`},
		"too many":        {iq(`{"to":"a@example.net","payload":"(a xmlns='urn:x'/>"}`), `"error":{"code":3,"message":"own_iqs = 0 are under way"}`},
		"nobody to ask":   {iq(`{"payload":"(a xmlns='urn:x'/>"}`), `"error":{"code":-32602,"message":"params: to is empty"}`},
		"no payload":      {iq(`{"to":"a@example.net"}`), `"error":{"code":-32602`},
		"stanza":          {iq(`{"to":"a@example.net","payload":"(iq xmlns='jabber:client'/>"}`), `"error":{"code":-32602`},
		"params are text": {iq(`"x"`), `"error":{"code":-32602`},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, "raw", environment("RAW", strings.ReplaceAll(tc.raw, "(", "<")), func(s *setting) {
				s.cfg.OwnIQs = 0
				s.env.MaxInFlight = 64
				s.env.Limits = component.Limits{MaxReplyBytes: 500000, HandlerTimeout: 3 * time.Second}
			})
			r.wants(r.ask("get", ""), tc.want)
		})
	}
}

// The address of somebody else is refused, and so is what is no kind of IQ.
func TestOwnIQIsOurs(t *testing.T) {
	for _, params := range []string{`"from":"alice@example.net"`, `"type":"result"`} {
		t.Run(params, func(t *testing.T) {
			r := start(t, "raw", environment("RAW", `{"jsonrpc":"2.0","id":"b","method":"iq","params":{"to":"a@example.net","payload":"<a xmlns='urn:x'/>",`+params+`}}`))
			r.wants(r.ask("get", ""), `"id":"b","error":{"code":-32602`)
		})
	}
}
