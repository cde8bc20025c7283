package disco_test

import (
	"context"
	"encoding/xml"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/iqd-xmpp/iqd/handlers/disco"
	"mellium.im/xmpp/disco/info"
)

func extension(t testing.TB, cfg disco.Config) component.Extension {
	t.Helper()
	ext, err := disco.New(cfg, component.Env{Name: "disco", JID: "iq.example.net"})
	if err != nil {
		t.Fatal(err)
	}
	return ext
}

// full is a configuration that says something everywhere, in no order.
func full() disco.Config {
	cfg := disco.DefaultConfig()
	cfg.Category, cfg.Type, cfg.Name, cfg.Lang = "gateway", "sms", "Kurznachrichten & mehr", "de"
	cfg.Contact = disco.Contact{
		Support: []string{"https://example.net/help?a=b&c=d"},
		Abuse:   []string{"mailto:abuse@example.net", "xmpp:abuse@example.net?message"},
	}
	cfg.Items = []disco.Item{
		{JID: "rooms.example.net/Käse"},
		{Node: "music", Name: "Music"},
		{JID: "ROOMS.example.net", Node: "elsewhere"},
		{JID: "iq.example.net", Node: "docs", Name: "Documents"},
	}
	cfg.Nodes = []disco.Node{
		{Node: "music", Name: "Music", Items: []disco.Item{{Node: "music/a b"}}},
		{Node: "music/a b", Category: "pubsub", Type: "leaf", Features: []string{
			"urn:example:a", "http://jabber.org/protocol/pubsub", "urn:example:a", disco.NSInfo,
		}},
	}
	return cfg
}

// paged is a configuration of more items than a page takes.
func paged() disco.Config {
	cfg := disco.DefaultConfig()
	cfg.MaxItems = 3
	for _, name := range []string{"d", "b", "e", "a", "c"} {
		cfg.Items = append(cfg.Items, disco.Item{JID: name + ".example.net"})
	}
	return cfg
}

// Checklist 52 to 55 and 57.
func TestConversations(t *testing.T) {
	for folder, cfg := range map[string]disco.Config{"empty": disco.DefaultConfig(), "full": full(), "paged": paged()} {
		componenttest.Run(t, componenttest.Extension(extension(t, cfg)), "testdata/"+folder+"/*.iq")
	}
}

// Checklist 52: what another extension answers is told to those who may use it.
func TestFeaturesAreThoseOfTheAsker(t *testing.T) {
	secret := component.Extension{
		Name:       "secret",
		Routes:     []component.Route{{Name: xml.Name{Space: "urn:example:secret", Local: "query"}, Get: empty}},
		Identities: []info.Identity{{Category: "automation", Type: "rpc"}},
		Nodes:      shelf{"vault": {items: []component.Item{{JID: "iq.example.net", Node: "gold"}}}},
		Access:     component.LocalUsers,
	}
	handler := componenttest.Extension(secret, extension(t, disco.DefaultConfig()))
	for who, may := range map[string]bool{"juliet@example.net/balcony": true, "romeo@elsewhere.example/orchard": false} {
		got := ask(t, handler, who, disco.NSInfo, "")
		if strings.Contains(got, "urn:example:secret") != may || strings.Contains(got, "automation") != may {
			t.Errorf("%s got %s; may use it = %v", who, got, may)
		}
		got = ask(t, handler, who, disco.NSItems, " node='vault'")
		if strings.Contains(got, "gold") != may || strings.Contains(got, "item-not-found") == may {
			t.Errorf("%s got %s for the node; may use it = %v", who, got, may)
		}
	}
}

// Checklist 53: the nodes of other extensions, told in the order of our own.
func TestNodesOfOtherExtensions(t *testing.T) {
	books := shelf{
		"": {items: []component.Item{{JID: "iq.example.net", Node: "z"}, {JID: "a.example.net"}, {JID: "iq.example.net", Node: "z", Name: "again"}}},
		"z": {info: component.Info{
			Identities: []info.Identity{{Category: "store", Type: "file"}, {Category: "hierarchy", Type: "leaf"}},
			Features:   []string{"urn:example:b", "urn:example:a"},
			Forms:      []component.Payload{component.Text("jabber:x:data", "x", "form")},
		}},
		"broken": {err: errors.New("disk on fire")},
	}
	handler := componenttest.Extension(extension(t, disco.DefaultConfig()), component.Extension{Name: "books", Nodes: books})
	for name, tc := range map[string]struct{ space, attr, want string }{
		"root": {disco.NSItems, "", "<item jid='a.example.net'/><item jid='iq.example.net' node='z'/></query>"},
		"node": {disco.NSInfo, " node='z'", "<query xmlns='" + disco.NSInfo + "' node='z'>" +
			"<identity category='hierarchy' type='leaf'/><identity category='store' type='file'/>" +
			"<feature var='urn:example:a'/><feature var='urn:example:b'/><x xmlns='jabber:x:data'>form</x></query>"},
		"failure": {disco.NSInfo, " node='broken'", "<internal-server-error"},
		"items":   {disco.NSItems, " node='broken'", "<internal-server-error"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ask(t, handler, "juliet@example.net/balcony", tc.space, tc.attr); !strings.Contains(got, tc.want) {
				t.Errorf("answer = %s, want %s in it", got, tc.want)
			}
		})
	}
	if books["z"].info.Features[0] != "urn:example:b" {
		t.Error("what the extension keeps was sorted in place")
	}
}

// The empty node is the component: what it is, all extensions say together.
func TestInfoOfTheComponentIsNotOurs(t *testing.T) {
	_, err := extension(t, full()).Nodes.NodeInfo(t.Context(), nil, "")
	if !errors.Is(err, component.ErrUnhandled) {
		t.Errorf("NodeInfo() of the empty node: error = %v, want ErrUnhandled", err)
	}
}

// XEP-0059, 2.2: each item has a key of its own, whatever is in its address and
// node, and the key leads on.
func TestKeysTellItemsApart(t *testing.T) {
	list := []component.Item{
		{JID: "a.example.net", Node: "x?y"}, {JID: "a.example.net", Node: "x%3Fy"}, {JID: "a.example.net/x", Node: "y"},
		{JID: "a.example.net/x?y"}, {JID: "a.example.net/x", Node: " y\n"}, {JID: "a.example.net/x", Node: "<&>'\""},
		{JID: "a.example.net/x"}, {JID: "a.example.net", Node: "x/y"}, {JID: "a.example.net/x ", Node: "y"},
		{JID: "b.example.net"},
	}
	handler := componenttest.Extension(extension(t, disco.DefaultConfig()),
		component.Extension{Name: "many", Nodes: shelf{"": {items: list}}})
	seen, set := map[string]bool{}, "<max>1</max>"
	for range list {
		got := askWith(t, handler, disco.NSItems, "", "<set xmlns='http://jabber.org/protocol/rsm'>"+set+"</set>")
		m := regexp.MustCompile("<item [^>]*>.*<last>(.*)</last>").FindStringSubmatch(got)
		if m == nil || seen[m[1]] {
			t.Fatalf("after %d items: answer = %s", len(seen), got)
		}
		seen[m[1]] = true
		set = "<max>1</max><after>" + m[1] + "</after>"
	}
}

var empty = component.HandlerFunc(func(context.Context, *component.Request) (component.Payload, error) { return nil, nil })

// A shelf is the nodes of an extension.
type shelf map[string]struct {
	info  component.Info
	items []component.Item
	err   error
}

func (s shelf) NodeInfo(_ context.Context, _ *component.Request, node string) (component.Info, error) {
	if n, ok := s[node]; ok {
		return n.info, n.err
	}
	return component.Info{}, component.ErrUnhandled
}

func (s shelf) NodeItems(_ context.Context, _ *component.Request, node string) ([]component.Item, error) {
	if n, ok := s[node]; ok {
		return n.items, n.err
	}
	return nil, component.ErrUnhandled
}

func ask(t *testing.T, h component.Handler, from, space, attr string) string {
	t.Helper()
	return componenttest.Ask(t, h, "<iq type='get' id='1' from='"+from+"' to='iq.example.net'><query xmlns='"+space+"'"+attr+"/></iq>")
}

func askWith(t *testing.T, h component.Handler, space, attr, inner string) string {
	t.Helper()
	return componenttest.Ask(t, h, "<iq type='get' id='1' from='juliet@example.net/balcony' to='iq.example.net'><query xmlns='"+
		space+"'"+attr+">"+inner+"</query></iq>")
}
