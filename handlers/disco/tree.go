package disco

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/internal/check"
	"mellium.im/xmpp/disco/info"
	"mellium.im/xmpp/jid"
)

// A tree is the nodes of the configuration by name; the empty name is the
// component itself. It does not change.
type tree map[string]place

// A place is what is told of a node.
type place struct {
	info  component.Info
	items []component.Item
}

// NodeInfo tells of a node of the configuration.
func (t tree) NodeInfo(_ context.Context, _ *component.Request, node string) (component.Info, error) {
	if p, ok := t[node]; ok && node != "" {
		return p.info, nil
	}
	return component.Info{}, component.ErrUnhandled
}

// NodeItems tells of a node of the configuration, or of the component.
func (t tree) NodeItems(_ context.Context, _ *component.Request, node string) ([]component.Item, error) {
	if p, ok := t[node]; ok {
		return p.items, nil
	}
	return nil, component.ErrUnhandled
}

// newTree checks nodes and items. Self is the component's address.
func newTree(cfg Config, self string) (tree, error) {
	root, err := newItems(cfg.Items, self)
	if err != nil {
		return nil, err
	}
	t := tree{"": {items: root}}
	for i, n := range cfg.Nodes {
		where := fmt.Sprintf("nodes[%d]", i)
		if _, twice := t[n.Node]; twice && n.Node != "" {
			return nil, fmt.Errorf("%s: node %q is there already", where, n.Node)
		}
		if t[n.Node], err = newPlace(n, self); err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
	}
	t.addLeaves(self)
	return t, nil
}

func newPlace(n Node, self string) (place, error) {
	err := check.All([2]string{"node", n.Node}, [2]string{"name", n.Name},
		[2]string{"category", n.Category}, [2]string{"type", n.Type})
	switch {
	case err != nil:
		return place{}, err
	case n.Node == "":
		return place{}, errors.New("node is empty")
	case (n.Category == "") != (n.Type == ""):
		return place{}, errors.New("category and type go together")
	}
	items, err := newItems(n.Items, self)
	if err != nil {
		return place{}, err
	}
	for _, f := range n.Features {
		if err := check.Text(f); err != nil || f == "" {
			return place{}, fmt.Errorf("features: %q is no feature", f)
		}
	}
	return place{describe(n), items}, nil
}

// describe returns the info of a node. XEP-0030, 4.3: without an identity of its
// own it is a branch or a leaf.
func describe(n Node) component.Info {
	id := info.Identity{Category: n.Category, Type: n.Type, Name: n.Name}
	if id.Category == "" {
		id.Category, id.Type = "hierarchy", "leaf"
		if len(n.Items) > 0 {
			id.Type = "branch"
		}
	}
	features := append([]string{NSInfo, NSItems}, n.Features...)
	slices.Sort(features)
	return component.Info{Identities: []info.Identity{id}, Features: slices.Compact(features)}
}

func newItems(cfg []Item, self string) ([]component.Item, error) {
	var out []component.Item
	for i, c := range cfg {
		it, err := newItem(c, self)
		if err == nil && slices.ContainsFunc(out, func(o component.Item) bool { return byAddress(o, it) == 0 }) {
			err = errors.New("is there already")
		}
		if err != nil {
			return nil, fmt.Errorf("items[%d]: %w", i, err)
		}
		out = append(out, it)
	}
	slices.SortFunc(out, byAddress)
	return out, nil
}

func newItem(c Item, self string) (component.Item, error) {
	j, err := jid.Parse(cmp.Or(c.JID, self))
	if err != nil {
		return component.Item{}, fmt.Errorf("jid %q: %w", c.JID, err)
	}
	it := component.Item{JID: j.String(), Node: c.Node, Name: c.Name}
	if it.JID == self && it.Node == "" { // a client that walks the tree would walk in a circle
		return component.Item{}, errors.New("the component is no item of itself: name a jid or a node")
	}
	return it, check.All([2]string{"node", c.Node}, [2]string{"name", c.Name})
}

// addLeaves adds the nodes at our own address that items announce and nothing
// describes, so that what is listed can be asked for.
func (t tree) addLeaves(self string) {
	for _, name := range slices.Collect(maps.Keys(t)) {
		for _, it := range t[name].items {
			if _, known := t[it.Node]; !known && it.JID == self {
				t[it.Node] = place{info: describe(Node{Name: it.Name})}
			}
		}
	}
}
