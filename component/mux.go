package component

import (
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mellium.im/xmpp/stanza"
)

// A Mux finds the handler of a request by namespace, element, type and address.
// An exact element wins over a whole namespace. A Mux may be changed while it
// serves.
type Mux struct {
	chain []Middleware
	mu    sync.Mutex // for writers
	table atomic.Pointer[table]
}

// A table is what a mux knows: it never changes.
type table struct {
	insts     []*instance
	spaces    map[string]*space
	commands  map[string]*command // by node
	unhandled *route
	wrong     *route
	noCommand *route
	infos     *infos
}

// A space is what a table knows of a namespace.
type space struct {
	routes []*route // those of one element first
	insts  []*instance
}

// An instance is an extension in service. It outlives the mux that it was added
// to when a reload keeps it.
type instance struct {
	ext  Extension
	lane lane
	life life
}

// A route is a Route that is ready to be called.
type route struct {
	Route
	inst     *instance
	get, set Handler
	timeout  time.Duration
	temper   temper
}

// route makes a route the router of everything.
func (r *route) route(*Request) *route { return r }

// handler returns what answers a request of the type.
func (r *route) handler(typ stanza.IQType) Handler {
	if typ == stanza.SetIQ {
		return r.set
	}
	return r.get
}

// NewMux returns an empty mux. The middleware wraps each handler, and what is
// answered when there is none; the first one is the outermost.
func NewMux(chain ...Middleware) *Mux {
	m := &Mux{chain: chain}
	m.table.Store(&table{
		infos:     new(infos),
		spaces:    map[string]*space{},
		commands:  map[string]*command{},
		unhandled: m.terminal(refuse(ErrUnhandled)),
		wrong:     m.terminal(refuse(&Error{Condition: stanza.FeatureNotImplemented, Text: "no such request in this namespace"})),
		noCommand: m.terminal(noCommand),
	})
	return m
}

// terminal returns the route of requests that no handler takes.
func (m *Mux) terminal(f HandlerFunc) *route {
	h := m.wrap(f)
	return &route{Route: Route{Quick: true}, inst: &instance{}, get: h, set: h}
}

func refuse(err error) HandlerFunc {
	return func(context.Context, *Request) (Payload, error) { return nil, err }
}

func (m *Mux) wrap(h Handler) Handler {
	for _, w := range slices.Backward(m.chain) {
		h = w(h)
	}
	return h
}

// HandleGet adds a handler of get requests at the component's domain. It panics
// when the element has one already.
func (m *Mux) HandleGet(space, local string, f HandlerFunc) { m.handle(space, local, Route{Get: f}) }

// HandleSet adds a handler of set requests at the component's domain. It panics
// when the element has one already.
func (m *Mux) HandleSet(space, local string, f HandlerFunc) { m.handle(space, local, Route{Set: f}) }

func (m *Mux) handle(space, local string, r Route) {
	r.Name = xml.Name{Space: space, Local: local}
	typ := "get "
	if r.Set != nil {
		typ = "set "
	}
	if err := m.Add(Extension{Name: typ + space + " " + local, Routes: []Route{r}}); err != nil {
		panic(err)
	}
}

// Add registers an extension. Two routes for the same element, type and address
// are an error that names both, and so is a second extension of the same name.
// Run and Stanza of an extension that is added to a mux in service begin with the
// next Component.Reload.
func (m *Mux) Add(ext Extension) error {
	if ext.Allow == nil && ext.Access == LocalUsers {
		ext.Allow = (*Request).Local
	}
	return m.add(&instance{ext: ext})
}

// Keep registers the extension called name of another mux, with all its state:
// what it holds in memory, what runs and what waits.
func (m *Mux) Keep(old *Mux, name string) error {
	for _, inst := range old.table.Load().insts {
		if inst.ext.Name == name {
			return m.add(inst)
		}
	}
	return fmt.Errorf("keep %q: no such extension", name)
}

func (m *Mux) add(inst *instance) error {
	if inst.ext.Name == "" {
		return errors.New("extension without a name")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.table.Load().clone()
	for _, other := range t.insts {
		if other.ext.Name == inst.ext.Name {
			return fmt.Errorf("extension %q is there already", inst.ext.Name)
		}
	}
	t.insts = append(t.insts, inst)
	for _, r := range inst.ext.Routes {
		rt, err := m.newRoute(inst, r)
		if err != nil {
			return err
		}
		if err := t.add(rt); err != nil {
			return err
		}
	}
	if err := m.addCommands(t, inst); err != nil {
		return err
	}
	inst.lane.init(inst.ext.MaxInFlight, inst.ext.Ordered)
	m.table.Store(t)
	return nil
}

func (m *Mux) newRoute(inst *instance, r Route) (*route, error) {
	if r.Name.Space == "" {
		return nil, fmt.Errorf("extension %q: a route without a namespace", inst.ext.Name)
	}
	if r.Get == nil && r.Set == nil {
		return nil, fmt.Errorf("extension %q: the route of %s %s has no handler", inst.ext.Name, r.Name.Space, r.Name.Local)
	}
	if r.At == 0 {
		r.At = Domain
	}
	rt := &route{Route: r, inst: inst, timeout: r.Timeout}
	if rt.timeout == 0 {
		rt.timeout = inst.ext.Timeout
	}
	guard := func(h Handler) Handler {
		if h == nil {
			return nil
		}
		if inst.ext.Allow != nil {
			h = Allow(inst.ext.Allow)(h)
		}
		return m.wrap(h)
	}
	rt.get, rt.set = guard(r.Get), guard(r.Set)
	return rt, nil
}

func (t *table) clone() *table {
	c := *t
	c.infos = new(infos)
	c.commands = maps.Clone(t.commands)
	c.insts = slices.Clone(t.insts)
	c.spaces = make(map[string]*space, len(t.spaces))
	for name, sp := range t.spaces {
		c.spaces[name] = &space{slices.Clone(sp.routes), slices.Clone(sp.insts)}
	}
	return &c
}

func (t *table) add(rt *route) error {
	sp := t.spaces[rt.Name.Space]
	if sp == nil {
		sp = new(space)
		t.spaces[rt.Name.Space] = sp
	}
	for _, o := range sp.routes {
		if o.Name == rt.Name && o.At&rt.At != 0 && (o.get != nil && rt.get != nil || o.set != nil && rt.set != nil) {
			return fmt.Errorf("extensions %q and %q both answer %s %s",
				o.inst.ext.Name, rt.inst.ext.Name, rt.Name.Space, rt.Name.Local)
		}
	}
	sp.routes = append(sp.routes, rt)
	slices.SortStableFunc(sp.routes, func(a, b *route) int { return cmp.Compare(b.exact(), a.exact()) })
	if !slices.Contains(sp.insts, rt.inst) {
		sp.insts = append(sp.insts, rt.inst)
	}
	return nil
}

// exact is 1 when the route is of one element, and 0 when it is of a namespace.
func (r *route) exact() int { return min(len(r.Name.Local), 1) }

// route finds what answers req: never nil.
func (m *Mux) route(req *Request) *route {
	req.mux = m
	t := m.table.Load()
	sp := t.spaces[req.Name.Space]
	if sp == nil {
		if req.Name.Space == nsCommands {
			return t.routeCommand(req)
		}
		return t.unhandled
	}
	for _, rt := range sp.routes {
		if rt.Name.Local != req.Name.Local && rt.Name.Local != "" || rt.At&req.at == 0 {
			continue
		}
		if rt.handler(req.Type) != nil {
			return rt
		}
	}
	for _, inst := range sp.insts {
		if inst.serves(req.at) && inst.allows(req) {
			return t.wrong
		}
	}
	return t.unhandled
}

func (i *instance) serves(at Address) bool {
	if len(i.ext.Routes) == 0 {
		return at == Domain // it has only something to tell
	}
	return slices.ContainsFunc(i.ext.Routes, func(r Route) bool { return max(r.At, Domain)&at != 0 })
}

// allows reports whether req's asker may use the extension.
func (i *instance) allows(req *Request) bool {
	return i.ext.Allow == nil || i.asks(i.ext.Allow, req)
}

// asks calls a function of the extension that says who may do something. It is
// called where the stream is read, so a panic may not pass.
func (i *instance) asks(allow func(*Request) bool, req *Request) (ok bool) {
	defer func() {
		if v := recover(); v != nil {
			ok = false
			if req.comp != nil {
				logFailure(req.comp, i, "access check failed", &panicError{value: v, stack: debug.Stack()})
			}
		}
	}()
	return allow(req)
}

// inhabited reports whether anything answers req's asker at this kind of address.
func (m *Mux) inhabited(req *Request) bool {
	return slices.ContainsFunc(m.table.Load().insts, func(i *instance) bool { return i.serves(req.at) && i.allows(req) })
}

// ServeIQ makes a Mux a Handler, so that one can be put behind a middleware or
// another route. The promises of Extension (Quick, MaxInFlight, Ordered) hold
// where the Mux itself is Config.Handler.
func (m *Mux) ServeIQ(ctx context.Context, req *Request) (Payload, error) {
	rt := m.route(req)
	req.uncommon().called.Store(rt) // not rt: the place that the component has given to the request stays the same
	return rt.handler(req.Type).ServeIQ(ctx, req)
}
