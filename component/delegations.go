package component

import (
	"log/slog"
	"slices"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
)

// mostDelegated is how many namespaces of a server are remembered.
const mostDelegated = 1000

// noteDelegated notes which namespaces a server says it delegates (XEP-0355, 4.2).
// It is forgotten with the stream: the server says it again on the next one.
func (c *Component) noteDelegated(st *wire.Stanza) {
	var spaces []string
	for el := range st.First().Children() {
		if space, _ := el.Attr("namespace"); space != "" && el.Name().Local == "delegated" && len(spaces) < mostDelegated {
			spaces = append(spaces, space)
		}
	}
	for _, space := range c.addDelegated(spaces) {
		level, hint := slog.LevelInfo, ""
		if v := c.served.Load(); v.mux != nil && !v.mux.table.Load().answers(space, Host|User) {
			level, hint = slog.LevelWarn, "no handler answers it when it is delegated"
		}
		c.cfg.Log.LogAttrs(c.base, level, "namespace delegated to us",
			slog.String("ns", clip(space)), slog.String("by", clip(st.From)), hinted(hint))
	}
}

// addDelegated adds namespaces to the status, and returns those that are new.
func (c *Component) addDelegated(spaces []string) (fresh []string) {
	c.news.Lock()
	defer c.news.Unlock()
	c.mu.Lock()
	s := c.status
	all := slices.Clone(s.Delegated)
	for _, space := range spaces {
		if !slices.Contains(all, space) && len(all) < mostDelegated {
			fresh, all = append(fresh, space), append(all, space)
		}
	}
	if fresh == nil || s.State != StateOnline {
		c.mu.Unlock()
		return nil
	}
	slices.Sort(all)
	s.Delegated = all
	c.status = s
	c.mu.Unlock()
	c.notify(s)
	return fresh
}
