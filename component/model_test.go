package component_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// TestModel: whatever happens to the connection, to handlers and to the component
// itself, and in whatever order, each request that was read is answered exactly
// once by its deadline or accounted for, nothing else is answered, what is ordered
// stays so, the books balance, and nothing is left behind. Each run draws a plan,
// and the time of its bubble costs nothing; -rapid.checks=20000 runs more.
func TestModel(t *testing.T) {
	for _, flavour := range []string{"connections", "reloads", "shutdowns"} {
		t.Run(flavour, func(t *testing.T) { checkModel(t, flavour) })
	}
}

// TestModelCalls: whatever happens meanwhile, each request of our own ends exactly
// once: with what the peer said, who was asked and nobody else, or at its deadline,
// or because the component stops.
func TestModelCalls(t *testing.T) { checkModel(t, "calls") }

func checkModel(t *testing.T, flavour string) {
	limit := modelLimit(t)
	failed, left := false, 0
	rapid.Check(t, func(rt *rapid.T) {
		if !failed && !limit.IsZero() && time.Now().After(limit) {
			left++
			return
		}
		plan := drawPlan(rt, flavour)
		if wrong := runModel(t, plan); len(wrong) > 0 {
			failed = true // it is made smaller now, and that wants more runs
			rt.Fatalf("%s\nplan:\n%s", strings.Join(wrong, "\n"), plan)
		}
	})
	if left > 0 {
		t.Logf("%d plans were left out: the rest of -timeout is for other tests", left)
	}
}

// modelLimit returns when to stop: rapid would go on until go test -timeout is
// nearly over, and there are other tests behind this one. Each takes a quarter of
// what is left.
func modelLimit(t *testing.T) time.Time {
	end, ok := t.Deadline()
	if !ok {
		return time.Time{}
	}
	return time.Now().Add(time.Until(end) / 4)
}

func runModel(t *testing.T, plan modelPlan) (wrong []string) {
	defer func() {
		if v := recover(); v != nil { // a goroutine is left, for ever
			wrong = append(wrong, fmt.Sprintf("%v\n%s", v, stacks()))
		}
	}()
	synctest.Test(t, func(*testing.T) {
		w := newModelWorld(plan)
		w.start()
		for _, s := range plan.steps {
			w.step(s)
		}
		w.calm()
		w.stop()
		wrong = w.judge()
	})
	return wrong
}

// stacks returns what the goroutines of bubbles do.
func stacks() string {
	buf := make([]byte, 1<<20)
	var list []string
	for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(g, "synctest bubble") {
			list = append(list, g)
		}
	}
	return strings.Join(list, "\n\n")
}
