package component

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"mellium.im/xmpp/disco/info"
	"mellium.im/xmpp/stanza"
)

// Info returns what disco#info tells who asks at the address that is asked
// (XEP-0030, 3): identities and features sorted, each once, and nothing of an
// extension that the asker may not use. Its slices are shared: they are to be
// read only.
func (m *Mux) Info(_ context.Context, req *Request) Info {
	t := m.table.Load()
	k := infoKey{at: req.at, commands: t.anyCommand(req)}
	for i, inst := range t.insts {
		if inst.allows(req) {
			k.allowed |= 1 << (i % 64)
		}
	}
	if len(t.insts) > 64 {
		return t.collect(func(i int) bool { return t.insts[i].allows(req) }, k)
	}
	return t.infos.get(k, func() Info {
		return t.collect(func(i int) bool { return k.allowed>>i&1 == 1 }, k)
	})
}

// collect puts together what the extensions tell at an address.
func (t *table) collect(allowed func(i int) bool, k infoKey) Info {
	var out Info
	at := k.at
	if k.commands {
		out.Features = append(out.Features, nsCommands)
	}
	for i, inst := range t.insts {
		if !allowed(i) || !inst.serves(at) {
			continue
		}
		for _, r := range inst.ext.Routes {
			if max(r.At, Domain)&at != 0 {
				out.Features = append(out.Features, r.Name.Space)
			}
			if r.At&(Host|User) != 0 && at == Domain { // XEP-0355, 7.1
				out.Features = append(out.Features, nsDelegation1, nsDelegation2)
			}
		}
		out.Features = append(out.Features, inst.ext.Features...)
		out.Identities = append(out.Identities, inst.ext.Identities...)
	}
	return out.tidy()
}

// tidy returns what is told sorted, and each once.
func (inf Info) tidy() Info {
	slices.Sort(inf.Features)
	inf.Features = slices.Clip(slices.Compact(inf.Features))
	slices.SortFunc(inf.Identities, compareIdentities)
	inf.Identities = slices.Clip(slices.CompactFunc(inf.Identities, func(a, b info.Identity) bool { return compareIdentities(a, b) == 0 }))
	return inf
}

// An infoKey is all that Info depends on: where it is asked, the bits of the
// extensions that the asker may use, and whether there is a command to run.
type infoKey struct {
	at       Address
	allowed  uint64
	commands bool
}

// infos remembers what a table tells, for those who may use the same.
type infos struct{ list atomic.Pointer[[]knownInfo] }

type knownInfo struct {
	infoKey
	Info
}

const knownInfos = 16 // kinds of askers and addresses that are remembered

func (m *infos) get(k infoKey, collect func() Info) Info {
	list := m.list.Load()
	if list != nil {
		for i := range *list {
			if (*list)[i].infoKey == k {
				return (*list)[i].Info
			}
		}
	}
	out := collect()
	next := []knownInfo{{k, out}}
	if list != nil && len(*list) < knownInfos {
		next = append(next, *list...)
	}
	m.list.CompareAndSwap(list, &next) // who comes second collects again
	return out
}

func compareIdentities(a, b info.Identity) int {
	return cmp.Or(cmp.Compare(a.Category, b.Category), cmp.Compare(a.Type, b.Type),
		cmp.Compare(a.Lang, b.Lang), cmp.Compare(a.Name, b.Name))
}

// NodeInfo asks the extensions that the asker may use for a node. One that none
// of them knows is item-not-found. The nodes of delegation (XEP-0355, 7.2) it
// answers itself, to a server that is one of Config.Hosts.
func (m *Mux) NodeInfo(ctx context.Context, req *Request, node string) (Info, error) {
	if inf, ok := m.table.Load().commandInfo(req, node); ok {
		return inf, nil
	}
	if space, at := delegationNode(node); at != 0 && req.comp != nil && req.comp.isHost(req.From) {
		return m.table.Load().delegable(space, at)
	}
	for _, inst := range m.table.Load().insts {
		if inst.ext.Nodes == nil || !inst.allows(req) {
			continue
		}
		if inf, err := inst.ext.Nodes.NodeInfo(ctx, req, node); !errors.Is(err, ErrUnhandled) {
			return inf, err
		}
	}
	return Info{}, Errorf(stanza.ItemNotFound, "no such node")
}

// NodeItems returns the items of a node, those of all extensions that the asker
// may use one after the other. A node that none of them knows is item-not-found;
// the empty node is always known.
func (m *Mux) NodeItems(ctx context.Context, req *Request, node string) ([]Item, error) {
	out, known := m.table.Load().commandItems(req, node)
	known = known || node == ""
	for _, inst := range m.table.Load().insts {
		if inst.ext.Nodes == nil || !inst.allows(req) {
			continue
		}
		list, err := inst.ext.Nodes.NodeItems(ctx, req, node)
		if errors.Is(err, ErrUnhandled) {
			continue
		}
		if err != nil {
			return nil, err
		}
		known = true
		out = append(out, list...)
	}
	if !known {
		return nil, Errorf(stanza.ItemNotFound, "no such node")
	}
	return out, nil
}
