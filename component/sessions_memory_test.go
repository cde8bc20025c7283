package component_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
)

// TestSessionsDoNotKeepStanzas: what a session remembers is bounded, however large
// the stanzas are that it was begun with and goes on with.
func TestSessionsDoNotKeepStanzas(t *testing.T) {
	var canceled atomic.Int64
	r := begin(t, quiet(muxOf(t, asking("x", &canceled))))
	ballast := "<ballast xmlns='urn:x'>" + strings.Repeat("x", 1<<20) + "</ballast>"
	step := func(i int, attrs string) string {
		return r.run(fmt.Sprintf("u%d@example.net/x", i), attrs+" xml:lang='de'", ballast+submit("text", "short")).executing(t)
	}
	step(0, "node='x'")
	before := heapInUse()
	for i := range 100 {
		step(i, step(i, "node='x'"))
	}
	if grown := heapInUse() - before; grown > 16<<20 {
		t.Errorf("100 sessions hold %d KiB", grown>>10)
	}
	runtime.KeepAlive(r.comp)
}
