package e2e_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers"
	"github.com/iqd-xmpp/iqd/handlers/roster"
)

// standard returns a mux with every handler that has defaults, the roster in store.
func standard(t *testing.T, srv *realserver.Server, store string) *component.Mux {
	t.Helper()
	m := component.NewMux()
	for name := range handlers.Standard() {
		if slices.Contains([]string{"exec", "static", "webhook"}, name) {
			continue // a plugin has to be told what to answer
		}
		add(t, m, standardOf(t, srv, name, store))
	}
	return m
}

// standardOf builds one handler at its defaults, the roster in store.
func standardOf(t *testing.T, srv *realserver.Server, name, store string) component.Extension {
	t.Helper()
	env := component.Env{Name: name, JID: srv.Component, Hosts: []string{srv.Domain}, StateDir: t.TempDir(), Version: "1.0", Log: quiet()}
	ext, err := handlers.Standard()[name].Build(func(v any) error {
		if cfg, ok := v.(*roster.Config); ok {
			cfg.Store = store
		}
		return nil
	}, env)
	if err != nil {
		t.Fatalf("build %s: %v", name, err)
	}
	return ext
}

// TestRosterOrder: 60 sets written in one go take effect in their order, and a
// get right behind them sees the last. Checklist 37, 64.
func TestRosterOrder(t *testing.T) {
	t.Parallel()
	bothServers(t, realserver.Options{}, func(t *testing.T, srv *realserver.Server) {
		serve(t, srv, component.Config{Handler: standard(t, srv, "sqlite:roster.db")})
		alice, other := srv.Login(t, "alice", "balcony"), srv.Login(t, "alice", "orchard")
		query := fmt.Sprintf(" to='%s'><query xmlns='jabber:iq:roster'", srv.Component)
		for _, c := range []*realserver.Client{alice, other} {
			c.IQ("<iq type='get' id='ask'" + query + "/></iq>")
		}
		var b strings.Builder
		const sets = 60
		for i := range sets {
			fmt.Fprintf(&b, "<iq type='set' id='s%d'%s><item jid='romeo@example.net' name='Name %d'/></query></iq>", i, query, i)
		}
		b.WriteString("<iq type='get' id='last'" + query + "/></iq>")
		alice.Send(b.String())
		var order []string
		for len(order) < sets+1 {
			s := realserver.Parse(alice.Expect(func(s string) bool { return strings.Contains(s, "<iq") }, 20*time.Second))
			if s.Type == "set" {
				continue // a push
			}
			if s.Type != "result" {
				t.Fatalf("%s answered with %s: %s", s.ID, s.Type, s.Inner)
			}
			if order = append(order, s.ID); s.ID == "last" && !strings.Contains(s.Inner, fmt.Sprintf("Name %d", sets-1)) {
				t.Errorf("the get behind the sets sees %s", s.Inner)
			}
		}
		want := make([]string, 0, sets+1)
		for i := range sets {
			want = append(want, fmt.Sprint("s", i))
		}
		if want = append(want, "last"); !slices.Equal(order, want) {
			t.Errorf("answered in the order %v", order)
		}
		// RFC 6121, 2.1.6: the other resource that has asked hears of each set, in order.
		for i := range sets {
			push := other.Expect(func(s string) bool { return strings.Contains(s, "jabber:iq:roster") }, 20*time.Second)
			if !strings.Contains(push, fmt.Sprintf("Name %d", i)) {
				t.Fatalf("push %d is %s", i, push)
			}
		}
	})
}

// TestSlixmpp has the plugins of a client library that is not ours ask every
// handler. Checklist 58, 64, 68.
func TestSlixmpp(t *testing.T) {
	t.Parallel()
	bothServers(t, realserver.Options{}, func(t *testing.T, srv *realserver.Server) {
		serve(t, srv, component.Config{Handler: standard(t, srv, "memory:")})
		steps := map[string]string{ // to what has to be in the answer
			"info": "urn:xmpp:ping", "items": "query", "version": "1.0", "ping": "", "time": "Z", "last": "seconds", "vcard": "FN",
			"roster-set:romeo@example.net:Romeo:Friends:Family": "", "roster": "Romeo",
		}
		order := []string{"info", "items", "version", "ping", "time", "last", "vcard",
			"roster-set:romeo@example.net:Romeo:Friends:Family", "roster", "roster-remove:romeo@example.net", "query:urn:example:nobody"}
		got := srv.Slixmpp(t, "alice", order...)
		for step, want := range steps {
			var v map[string]json.RawMessage
			failed, err := realserver.Answer(got, step, &v)
			if err != nil || failed != nil {
				t.Errorf("%s: %v %+v: %s", step, err, failed, got[step])
				continue
			}
			if !strings.Contains(string(got[step]), want) {
				t.Errorf("%s: got %s, want %s in it", step, got[step], want)
			}
		}
		failed, err := realserver.Answer(got, "query:urn:example:nobody", &struct{}{})
		if err != nil || failed == nil || failed.Condition != "feature-not-implemented" || failed.Local {
			t.Errorf("unknown namespace: %+v %v", failed, err)
		}
	})
}

// TestStranger: a handler of the store is not there for those who are not local,
// and discovery does not tell of it. Checklist 41.
func TestStranger(t *testing.T) {
	t.Parallel()
	bothServers(t, realserver.Options{}, func(t *testing.T, srv *realserver.Server) {
		serve(t, srv, component.Config{Handler: standard(t, srv, "memory:"), Hosts: []string{"elsewhere.example"}})
		alice := srv.Login(t, "alice", "balcony")
		to := fmt.Sprintf(" to='%s'>", srv.Component)
		known := alice.IQ("<iq type='get' id='r'" + to + "<query xmlns='jabber:iq:roster'/></iq>")
		unknown := alice.IQ("<iq type='get' id='r'" + to + "<query xmlns='urn:example:nobody'/></iq>")
		if known != unknown {
			t.Errorf("the roster is told apart from nothing:\n%s\n%s", known, unknown)
		}
		if info := alice.IQ("<iq type='get' id='i'" + to + "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>"); strings.Contains(info, "jabber:iq:roster") {
			t.Errorf("discovery tells of it: %s", info)
		}
	})
}
