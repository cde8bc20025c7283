// Command iqd is the benchmark's component: it answers what the load generator
// asks, on the public API and with the middleware that the daemon has.
package main

import (
	"context"
	"encoding/xml"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/disco/info"
)

const (
	nsInfo   = "http://jabber.org/protocol/disco#info"
	nsItems  = "http://jabber.org/protocol/disco#items"
	nsRoster = "jabber:iq:roster"
	nsSlow   = "urn:bench:slow"
	nsLiar   = "urn:bench:liar" // slow, and says that it is quick
	nsSink   = "urn:bench:sink"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	items, err := strconv.Atoi(os.Getenv("BENCH_ROSTER_ITEMS"))
	if err != nil {
		return fmt.Errorf("BENCH_ROSTER_ITEMS: %w", err)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	var meter component.Meter
	mux := component.NewMux(component.Log(log), component.Metrics(&meter), component.Recover())
	if err := addAll(mux, items, log); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	online := false
	return component.Run(ctx, component.Config{
		JID: os.Getenv("BENCH_JID"), Server: "127.0.0.1:" + os.Getenv("BENCH_PORT"), Secret: os.Getenv("BENCH_SECRET"),
		Handler: mux, Log: log, Hosts: []string{"example.net"},
		Liveness: component.LivenessOff, // the load generator routes nothing back to us
		Notify: func(s component.Status) { // the benchmark is over when its stream is
			if online && s.State == component.StateWaiting {
				stop()
			}
			online = online || s.State == component.StateOnline
		},
	})
}

// addAll adds our own extension and, if there is to be one, a plugin; without it we
// answer the same namespace ourselves.
func addAll(mux *component.Mux, items int, log *slog.Logger) error {
	ours := extension(items)
	command := os.Getenv("BENCH_PLUGIN")
	if command == "" {
		ours.Routes = append(ours.Routes, component.Route{
			Name: xml.Name{Space: nsPlugin, Local: "query"}, Get: component.HandlerFunc(answerItself), Quick: true,
		})
		return mux.Add(ours)
	}
	theirs, err := newPlugin(command, os.Getenv("BENCH_PLUGIN_WORKERS"), component.Env{Log: log, JID: os.Getenv("BENCH_JID")})
	if err != nil {
		return err
	}
	if err := mux.Add(ours); err != nil {
		return err
	}
	return mux.Add(theirs)
}

func extension(items int) component.Extension {
	get := func(space, local string, quick bool, f component.HandlerFunc) component.Route {
		return component.Route{Name: xml.Name{Space: space, Local: local}, Get: f, Quick: quick}
	}
	r := &roster{}
	for i := range items {
		r.items = append(r.items, item{jid: fmt.Sprintf("contact%d@example.net", i), name: fmt.Sprintf("Contact %d", i), group: "Friends"})
	}
	rosterRoute := get(nsRoster, "query", true, r.get)
	rosterRoute.Set = component.HandlerFunc(r.set)
	return component.Extension{
		Name:       "bench",
		Identities: []info.Identity{{Category: "component", Type: "generic", Name: "Bench component"}},
		Features:   []string{"urn:bench:1", "urn:bench:2"}, // ten with the namespaces
		Routes: []component.Route{
			get("urn:xmpp:ping", "ping", true, func(context.Context, *component.Request) (component.Payload, error) { return nil, nil }),
			get(nsInfo, "query", true, discoInfo),
			get(nsItems, "query", true, newNodes().get),
			get(nsSlow, "query", false, slow),
			get(nsLiar, "query", true, slow),
			get(nsSink, "query", true, sink),
			rosterRoute,
		},
	}
}

// The elements that lists are made of.
var (
	identity  = component.MustTag("identity", "category", "type", "name")
	feature   = component.MustTag("feature", "var")
	discoItem = component.MustTag("item", "jid", "name")
	contact   = component.MustTag("item", "jid", "name", "subscription")
)

func discoInfo(ctx context.Context, req *component.Request) (component.Payload, error) {
	inf := req.Mux().Info(ctx, req)
	return component.PayloadFunc(func(e *component.Encoder) {
		e.Start(nsInfo, "query")
		for _, id := range inf.Identities {
			e.EmptyTag(identity, id.Category, id.Type, id.Name)
		}
		for _, f := range inf.Features {
			e.EmptyTag(feature, f)
		}
		e.End()
	}), nil
}

// nodes are what disco#items tells of.
type nodes []component.Item

func newNodes() nodes {
	var list nodes
	for i := range 20 {
		list = append(list, component.Item{JID: fmt.Sprintf("node%d.bench.localhost", i), Name: fmt.Sprint("Node ", i)})
	}
	return list
}

func (n nodes) get(context.Context, *component.Request) (component.Payload, error) {
	return component.PayloadFunc(func(e *component.Encoder) {
		e.Start(nsItems, "query")
		for i := range n {
			e.EmptyTag(discoItem, n[i].JID, n[i].Name)
		}
		e.End()
	}), nil
}

func slow(context.Context, *component.Request) (component.Payload, error) {
	time.Sleep(50 * time.Millisecond)
	return nil, nil
}

func sink(_ context.Context, req *component.Request) (component.Payload, error) {
	el := req.Payload()
	n := 0
	for range el.Children() {
		n++
	}
	text := len(el.Text())
	return component.PayloadFunc(func(e *component.Encoder) {
		e.Start(nsSink, "query")
		e.Attr("items", strconv.Itoa(n))
		e.Attr("len", strconv.Itoa(text))
		e.End()
	}), nil
}

type item struct{ jid, name, group string }

// A roster holds the items that every requester gets, and what has been set.
type roster struct {
	items  []item
	mu     sync.Mutex
	stored map[string]item
}

func (r *roster) get(context.Context, *component.Request) (component.Payload, error) {
	return component.PayloadFunc(func(e *component.Encoder) {
		e.Start(nsRoster, "query")
		for i := range r.items {
			it := &r.items[i]
			e.StartTag(contact, it.jid, it.name, "both")
			e.Start("", "group")
			e.Text(it.group)
			e.End()
			e.End()
		}
		e.End()
	}), nil
}

func (r *roster) set(_ context.Context, req *component.Request) (component.Payload, error) {
	el := req.Payload().Child("", "item")
	it := item{jid: el.Get("jid"), name: el.Get("name"), group: el.Child("", "group").Text()}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stored == nil {
		r.stored = map[string]item{}
	}
	r.stored[it.jid] = it
	return nil, nil
}
