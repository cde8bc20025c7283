package component_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
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

// TestSessionForgetsLargeStages: how far back an asker can go depends on how large
// the stages are, so that what a session holds is bounded; it is one at the least.
func TestSessionForgetsLargeStages(t *testing.T) {
	for size, want := range map[int]int{10: 16, 30 << 10: 7, 400 << 10: 1} {
		var next component.StepFunc
		next = func(context.Context, *component.Step) (*component.Stage, error) {
			return &component.Stage{Form: &component.Form{Title: strings.Repeat("x", size)}, Next: next}, nil
		}
		r := begin(t, quiet(muxOf(t, component.Extension{Name: "x", Commands: []component.Command{{Node: "x", Run: next}}})))
		at := r.run(juliet, "node='x'", "").executing(t)
		for range 30 {
			r.run(juliet, at, "").executing(t)
		}
		back := 0
		for r.run(juliet, at+"action='prev'", "").typ == "result" {
			back++
		}
		if back != want {
			t.Errorf("stages of %d bytes: went back %d times, want %d", size, back, want)
		}
	}
}
