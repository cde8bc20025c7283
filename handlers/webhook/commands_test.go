package webhook_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/handlers/internal/plugin"
)

// An instruction is what a webhook gets of a command (XEP-0050).
type instruction struct {
	ID     *int   `json:"id"`
	Method string `json:"method"`
	Params struct {
		Node, Session, Action, From string
		Fields                      map[string][]string
		State                       json.RawMessage
	} `json:"params"`
}

// forecaster asks for a town, and says what the weather will be. What it is told of
// sessions that end goes to told, and hangs until free is closed.
func forecaster(told chan<- instruction, free <-chan struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in instruction
		_ = json.NewDecoder(r.Body).Decode(&in) // what cannot be read gets no answer that fits
		switch {
		case in.ID == nil:
			told <- in
			<-free
		case in.Params.State == nil:
			answer(w, *in.ID, `"result":{"status":"executing","form":{"fields":[{"var":"town","required":true}]},"state":{"day":1}}`)
		default:
			answer(w, *in.ID, fmt.Sprintf(`"result":{"note":{"text":"%s: sunny %s"}}`, in.Params.Fields["town"][0], strings.ReplaceAll(string(in.Params.State), `"`, "")))
		}
	}
}

// do sends a step of the command and returns the answer.
func (r *rig) do(rest, form string) string {
	r.t.Helper()
	r.send("set", "c", "<command xmlns='http://jabber.org/protocol/commands' node='forecast' "+rest+">"+form+"</command>")
	return r.reply("c")
}

func sessionOf(reply string) string {
	_, rest, _ := strings.Cut(reply, "sessionid='")
	id, _, _ := strings.Cut(rest, "'")
	return "sessionid='" + id + "'"
}

// A command is run stage by stage; what the webhook wants to remember goes to and
// fro. That a session was canceled it is told, and nobody waits for what it makes
// of that.
func TestCommands(t *testing.T) {
	told, free := make(chan instruction, 1), make(chan struct{})
	cfg := config(hook(t, forecaster(told, free)).URL)
	cfg.Namespaces, cfg.Commands = nil, []plugin.Command{{Node: "forecast", Name: "Tomorrow's weather"}}
	r := begin(t, cfg, patience)
	first := r.do("action='execute'", "")
	want(t, first, "status='executing'", "var='town'")
	want(t, r.do(sessionOf(first), "<x xmlns='jabber:x:data' type='submit'><field var='town'><value>Verona</value></field></x>"),
		"status='completed'", "Verona: sunny {day:1}")

	second := r.do("action='execute'", "")
	began := time.Now()
	want(t, r.do("action='cancel' "+sessionOf(second), ""), "status='canceled'")
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("canceled after %s", took)
	}
	in := <-told
	close(free)
	if in.Method != "command/cancel" || in.Params.Node != "forecast" || in.Params.From != juliet || !strings.Contains(second, in.Params.Session) {
		t.Errorf("told %+v", in)
	}
}
