package iqdcmd

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// handlersPage says what is wrong with handlers, in a line for each. A restart of
// iqd mends none: the other pages go by the connection alone.
func (d *daemon) handlersPage(w http.ResponseWriter, _ *http.Request) {
	var text strings.Builder
	health := d.comp.Health()
	for _, name := range slices.Sorted(maps.Keys(health)) {
		if err := health[name]; err != nil {
			fmt.Fprintf(&text, "%s: %s\n", name, strings.Join(strings.Fields(err.Error()), " "))
		}
	}
	if text.Len() > 0 {
		http.Error(w, strings.TrimSpace(text.String()), http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}
