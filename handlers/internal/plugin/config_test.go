package plugin_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/iqd-xmpp/iqd/handlers/internal/plugin"
)

// An echo is a plugin that says what it was asked.
type echo struct{ answer string }

func (e echo) Call(ctx context.Context, call *plugin.Call) (plugin.Message, error) {
	return plugin.Decode([]byte(e.answer))
}

func (e echo) Notify(context.Context, *plugin.Call) {}

const weather = "urn:example:weather"

func TestConfigIsChecked(t *testing.T) {
	for name, tc := range map[string]struct {
		cfg plugin.Config
		err string
	}{
		"nothing to answer":   {plugin.Config{}, "namespaces: at least one, or a command"},
		"elements of nothing": {plugin.Config{Elements: []string{"a"}, Commands: []plugin.Command{{Node: "n"}}}, "elements: of no namespace"},
		"empty namespace":     {plugin.Config{Namespaces: []string{""}}, "namespaces: "},
		"stanza namespace":    {plugin.Config{Namespaces: []string{"jabber:client"}}, `namespaces: "jabber:client" is no namespace`},
		"twice":               {plugin.Config{Namespaces: []string{"a", "a"}}, `namespaces: "a" is there twice`},
		"control character":   {plugin.Config{Namespaces: []string{"a\x01"}}, "namespaces: "},
		"no name":             {plugin.Config{Namespaces: []string{"a"}, Elements: []string{"b c"}}, `elements: "b c" is no name`},
		"markup":              {plugin.Config{Namespaces: []string{"a"}, Elements: []string{"b/><c"}}, "elements: "},
		"prefix":              {plugin.Config{Namespaces: []string{"a"}, Elements: []string{"b:c"}}, "elements: "},
		"type":                {plugin.Config{Namespaces: []string{"a"}, Types: []string{"result"}}, `types: "result" is none of ["get" "set"]`},
		"address":             {plugin.Config{Namespaces: []string{"a"}, At: []string{"host"}}, "at: "},
		"feature":             {plugin.Config{Namespaces: []string{"a"}, Features: []string{""}}, "features: an empty string"},
		"identity":            {plugin.Config{Namespaces: []string{"a"}, Identities: []plugin.Identity{{Category: "x"}}}, "identities: category or type"},
		"identity's name":     {plugin.Config{Namespaces: []string{"a"}, Identities: []plugin.Identity{{"x", "y", "\x00"}}}, "identities: name"},
		"node":                {plugin.Config{Commands: []plugin.Command{{Name: "x"}}}, "commands: node: an empty string"},
		"node twice":          {plugin.Config{Commands: []plugin.Command{{Node: "x"}, {Node: "x"}}}, `commands: node: "x" is there twice`},
		"name of a command":   {plugin.Config{Commands: []plugin.Command{{Node: "x", Name: "\ufffe"}}}, "commands: name"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := tc.cfg.Extension("test", echo{}); err == nil || !strings.HasPrefix(err.Error(), tc.err) {
				t.Errorf("Extension() error = %v, want %q", err, tc.err)
			}
		})
	}
}

// Who answers by itself has no commands, for nobody would run them.
func TestServeRefusesCommands(t *testing.T) {
	cfg := plugin.Config{Namespaces: []string{weather}, Commands: []plugin.Command{{Node: "n"}}}
	if _, err := cfg.Serve("test", component.HandlerFunc(nil)); err == nil || !strings.HasPrefix(err.Error(), "commands: ") {
		t.Errorf("Serve() error = %v", err)
	}
}

func TestRoutes(t *testing.T) {
	cfg := plugin.Config{
		Namespaces: []string{weather, "urn:example:wind"}, Elements: []string{"now", "later"}, Types: []string{"get"},
		At: []string{"domain", "account"}, Features: []string{"urn:example:x"},
		Identities: []plugin.Identity{{"component", "generic", "Weather"}},
	}
	ext, err := cfg.Extension("test", echo{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range ext.Routes {
		names = append(names, r.Name.Space+" "+r.Name.Local)
		if r.Get == nil || r.Set != nil || r.At != component.Domain|component.Account {
			t.Errorf("route %+v", r)
		}
	}
	want := []string{weather + " now", weather + " later", "urn:example:wind now", "urn:example:wind later"}
	if !slices.Equal(names, want) {
		t.Errorf("routes %q, want %q", names, want)
	}
	if ext.Access != component.LocalUsers || ext.Name != "test" || len(ext.Identities) != 1 || ext.Identities[0].Name != "Weather" || ext.Features[0] != "urn:example:x" {
		t.Errorf("extension %+v", ext)
	}
}

// What a user sees of a section: its namespace and nothing else, of one type.
func TestConfigDecidesWhatIsAnswered(t *testing.T) {
	cfg := plugin.Config{Namespaces: []string{weather}, Elements: []string{"now"}, Types: []string{"get"}}
	ext, err := cfg.Extension("weather", echo{`{"jsonrpc":"2.0","id":1,"result":{"payload":"<now xmlns='urn:example:weather'>21</now>"}}`})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ typ, from, payload, want string }{
		"get":              {"get", "alice@example.net/a", "<now xmlns='urn:example:weather'/>", "<now xmlns='urn:example:weather'>21</now>"},
		"set":              {"set", "alice@example.net/a", "<now xmlns='urn:example:weather'/>", "<feature-not-implemented"},
		"other element":    {"get", "alice@example.net/a", "<then xmlns='urn:example:weather'/>", "<feature-not-implemented"},
		"somebody foreign": {"get", "mallory@example.org/a", "<now xmlns='urn:example:weather'/>", "<feature-not-implemented"},
	} {
		t.Run(name, func(t *testing.T) {
			got := componenttest.Ask(t, componenttest.Extension(ext),
				"<iq type='"+tc.typ+"' id='1' from='"+tc.from+"' to='iq.example.net'>"+tc.payload+"</iq>")
			if !strings.Contains(got, tc.want) {
				t.Errorf("answered %s, want %s", got, tc.want)
			}
		})
	}
}
