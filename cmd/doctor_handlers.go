package iqdcmd

import (
	"context"
	"net/http"
	"strings"
)

// handlersNow names the handlers of the running iqd that are not well. One that
// has no such page says nothing.
func (d *doctor) handlersNow(ctx context.Context) {
	status, body := d.ask(ctx, "/handlers")
	switch status {
	case http.StatusOK:
		d.add(finding{what: "handlers", seen: "none of them says that something is wrong with it"})
	case http.StatusServiceUnavailable:
		for line := range strings.Lines(body) {
			name, _, _ := strings.Cut(line, ":")
			d.add(finding{
				mark: wrong, what: "handlers", seen: escape(strings.TrimSpace(line)),
				cause:  "that is what the handler says of itself; the log of iqd has more of it",
				change: []change{d.ours("[handlers."+escape(name)+"], or what it names", "handlers", name)},
			})
		}
	}
}
