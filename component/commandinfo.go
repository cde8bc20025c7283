package component

import (
	"cmp"
	"slices"

	"mellium.im/xmpp/disco/info"
)

// anyCommand reports whether the asker may run a command at the address that is
// asked.
func (t *table) anyCommand(req *Request) bool {
	if len(t.commands) == 0 || req.at != Domain {
		return false
	}
	for _, cmd := range t.commands {
		if cmd.visible(req) {
			return true
		}
	}
	return false
}

// visible returns the commands that the asker may run, by node.
func (t *table) visible(req *Request) (list []*command) {
	for _, cmd := range t.commands {
		if cmd.visible(req) {
			list = append(list, cmd)
		}
	}
	slices.SortFunc(list, func(a, b *command) int { return cmp.Compare(a.Node, b.Node) })
	return list
}

// shown returns the command of a node, if there is one that the asker may run.
func (t *table) shown(req *Request, node string) *command {
	if cmd := t.commands[node]; cmd != nil && req.at == Domain && cmd.visible(req) {
		return cmd
	}
	return nil
}

// commandInfo tells of the list of commands, or of one (XEP-0050, 2.2).
func (t *table) commandInfo(req *Request, node string) (Info, bool) {
	if node == nsCommands && t.anyCommand(req) {
		return Info{
			Identities: []info.Identity{{Category: "automation", Type: "command-list", Name: "Commands"}},
			Features:   []string{nsCommands},
		}, true
	}
	cmd := t.shown(req, node)
	if cmd == nil {
		return Info{}, false
	}
	return Info{
		Identities: []info.Identity{{Category: "automation", Type: "command-node", Name: cmd.title()}},
		Features:   []string{nsCommands, nsForm},
	}, true
}

// commandItems lists the commands (XEP-0050, 2.2). A command itself has no items.
func (t *table) commandItems(req *Request, node string) (list []Item, known bool) {
	if node != nsCommands {
		return nil, t.shown(req, node) != nil
	}
	if len(t.commands) == 0 || req.at != Domain {
		return nil, false
	}
	for _, cmd := range t.visible(req) {
		list = append(list, Item{JID: req.comp.cfg.JID, Node: cmd.Node, Name: cmd.title()})
	}
	return list, len(list) > 0
}

func (cmd *command) title() string { return cmp.Or(cmd.Name, cmd.Node) }
