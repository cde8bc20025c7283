package plugin_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/iqd-xmpp/iqd/handlers/internal/plugin"
)

// A script is a plugin that says one thing after the other, and writes down what it
// is told.
type script struct {
	answers chan string
	told    chan string
}

func (s script) Call(ctx context.Context, call *plugin.Call) (plugin.Message, error) {
	s.told <- string(call.Append(ctx, nil, 1))
	return plugin.Decode([]byte(`{"jsonrpc":"2.0","id":1,` + <-s.answers + `}`))
}

func (s script) Notify(ctx context.Context, call *plugin.Call) {
	s.told <- string(call.Append(ctx, nil, 0))
}

// A menu is somebody who runs the command of a scripted plugin.
type menu struct {
	t       *testing.T
	srv     *componenttest.Server
	plugin  script
	session string
}

func newMenu(t *testing.T, answers ...string) *menu {
	t.Helper()
	m := &menu{t: t, plugin: script{make(chan string, 10), make(chan string, 10)}}
	for _, a := range answers {
		m.plugin.answers <- a
	}
	cfg := plugin.Config{Commands: []plugin.Command{{Node: "forecast", Name: "Tomorrow"}}}
	ext, err := cfg.Extension("weather", m.plugin)
	if err != nil {
		t.Fatal(err)
	}
	_, m.srv = componenttest.Start(t, component.Config{Handler: componenttest.Extension(ext)})
	return m
}

// do does one action and returns the answer.
func (m *menu) do(action, form string) string {
	m.t.Helper()
	attrs := "action='" + action + "'"
	if m.session != "" {
		attrs += " sessionid='" + m.session + "'"
	}
	err := m.srv.Send("<iq type='set' id='1' from='alice@example.net/phone' to='iq.example.net'>" +
		"<command xmlns='http://jabber.org/protocol/commands' node='forecast' " + attrs + ">" + form + "</command></iq>")
	if err != nil {
		m.t.Fatal(err)
	}
	got, err := m.srv.NextID(m.t.Context(), "1")
	if err != nil {
		m.t.Fatal(err)
	}
	if _, rest, ok := strings.Cut(got, "sessionid='"); ok {
		m.session, _, _ = strings.Cut(rest, "'")
	}
	return got
}

// told returns what the plugin was told, without what differs each time.
func (m *menu) told() map[string]any {
	m.t.Helper()
	line := <-m.plugin.told
	var call map[string]any
	if err := json.Unmarshal([]byte(line), &call); err != nil {
		m.t.Fatalf("%s: %v", line, err)
	}
	params := call["params"].(map[string]any)
	if params["session"] == "" || params["session"] == nil {
		m.t.Errorf("no session in %s", line)
	}
	for _, key := range []string{"session", "deadline_ms"} {
		delete(params, key)
	}
	delete(call, "jsonrpc")
	return call
}

func (m *menu) wants(got string, parts ...string) {
	m.t.Helper()
	for _, part := range parts {
		if !strings.Contains(got, part) {
			m.t.Errorf("answered %s\nwant %s", got, part)
		}
	}
}

func same(t *testing.T, got, want map[string]any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the plugin was told (- wanted, + got):\n%s", diff)
	}
}

const submitted = "<x xmlns='jabber:x:data' type='submit'><field var='town'><value>Verona</value></field></x>"

// Two stages: the plugin is given back what it asked to be kept.
func TestCommand(t *testing.T) {
	m := newMenu(t,
		`"result":{"status":"executing","actions":["next"],"form":{"title":"Where?","instructions":"One town","fields":[`+
			`{"var":"town","label":"Town","required":true,"value":"Rome","options":[{"label":"In Veneto","value":"Verona"},{"value":"Rome"}]},`+
			`{"var":"days","type":"text-single","value":3},{"var":"rain","type":"boolean","value":true},{"type":"fixed","value":["a","b"]}]},`+
			`"note":{"type":"warn","text":"It may rain"},"state":{"seen":[1,"\u003c"]}}`,
		`"result":{"status":"completed","form":{"columns":[{"var":"day"}],"rows":[{"day":"Monday"},{"day":["Tuesday"]}]},"notes":[{"text":"21 degrees"}]}`)
	m.wants(m.do("execute", ""), "status='executing'", "<actions execute='next'><next/></actions>", "<note type='warn'>It may rain</note>",
		"<title>Where?</title><instructions>One town</instructions>",
		"<field var='town' type='list-single' label='Town'><required/><value>Rome</value><option label='In Veneto'><value>Verona</value></option><option><value>Rome</value></option></field>",
		"<field var='days' type='text-single'><value>3</value></field><field var='rain' type='boolean'><value>true</value></field><field type='fixed'><value>a</value><value>b</value></field>")
	who := func(more map[string]any) map[string]any {
		params := map[string]any{"node": "forecast", "from": "alice@example.net/phone", "owner": "alice@example.net", "to": "iq.example.net"}
		for k, v := range more {
			params[k] = v
		}
		return params
	}
	same(t, m.told(), map[string]any{"id": 1.0, "method": "command", "params": who(map[string]any{"action": "execute"})})
	m.wants(m.do("next", submitted), "status='completed'", "<note type='info'>21 degrees</note>", "<reported><field var='day' type='text-single'/></reported>",
		"<item><field var='day'><value>Monday</value></field></item><item><field var='day'><value>Tuesday</value></field></item>")
	same(t, m.told(), map[string]any{"id": 1.0, "method": "command", "params": who(map[string]any{
		"action": "next", "fields": map[string]any{"town": []any{"Verona"}}, "state": map[string]any{"seen": []any{1.0, "<"}}})})
}

// Who cancels is out at once, and the plugin is told.
func TestCommandIsCanceled(t *testing.T) {
	m := newMenu(t, `"result":{"status":"executing","form":{},"state":7}`)
	m.do("execute", "")
	m.told()
	m.wants(m.do("cancel", ""), "status='canceled'")
	same(t, m.told(), map[string]any{"method": "command/cancel", "params": map[string]any{
		"node": "forecast", "action": "execute", "from": "alice@example.net/phone", "owner": "alice@example.net", "to": "iq.example.net", "state": 7.0}})
}

func TestCommandErrors(t *testing.T) {
	for name, tc := range map[string]struct{ answer, want string }{
		"told":              {`"error":{"code":1,"data":{"condition":"forbidden"}}`, "<forbidden"},
		"not told":          {`"error":{"code":1,"message":"out of paper"}`, "<internal-server-error"},
		"status":            {`"result":{"status":"tired"}`, "<internal-server-error"},
		"action":            {`"result":{"status":"executing","form":{},"actions":["prev"]}`, "<internal-server-error"},
		"note":              {`"result":{"note":{"type":"bad","text":"x"}}`, "<internal-server-error"},
		"nothing to fill":   {`"result":{"status":"executing"}`, "<internal-server-error"},
		"field of no type":  {`"result":{"form":{"fields":[{"var":"a","type":"int"}]}}`, "<internal-server-error"},
		"field of no name":  {`"result":{"form":{"fields":[{"label":"a"}]}}`, "<internal-server-error"},
		"value of an array": {`"result":{"form":{"fields":[{"var":"a","value":[[]]}]}}`, "<internal-server-error"},
		"control character": {`"result":{"note":{"text":"\u0000"}}`, "<internal-server-error"},
		"large state":       {`"result":{"status":"executing","form":{},"state":"` + strings.Repeat("x", 65<<10) + `"}`, "<internal-server-error"},
		"no object":         {`"result":"done"`, "<internal-server-error"},
		"nothing to tell":   {`"result":null`, "status='completed'"},
		"at once":           {`"result":{"note":{"text":"done"}}`, "status='completed'"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMenu(t, tc.answer)
			m.wants(m.do("execute", ""), tc.want)
		})
	}
}
