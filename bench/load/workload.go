//go:build linux

package load

import (
	"fmt"
	"math/rand/v2"
)

// A Workload is what is asked for, and how.
type Workload struct {
	Name   string
	Items  int // of the rosters
	Window int // requests at once
	mix    []part
}

// A part of a workload is a kind of request and its share in per cent.
type part struct {
	kind  string
	share int
}

// Workloads returns all workloads, in the order of the table.
func Workloads() []Workload {
	only := func(kind string) []part { return []part{{kind, 100}} }
	return []Workload{
		{"ping", 100, 256, only("ping")},
		{"disco-info", 100, 256, only("disco-info")},
		{"disco-items", 100, 256, only("disco-items")},
		{"roster-get", 100, 256, only("roster-get")},
		{"roster-set", 100, 256, only("roster-set")},
		{"unhandled", 100, 256, only("unhandled")},
		{"mixed", 20, 256, []part{{"ping", 40}, {"disco-info", 25}, {"disco-items", 10}, {"roster-get", 15}, {"unhandled", 10}}},
		{"huge-roster", 1000, 16, only("roster-get")},
		{"text-in", 100, 16, only("text-in")},
		{"tree-in", 100, 16, only("tree-in")},
	}
}

// Find returns the workload of that name.
func Find(name string) (Workload, error) {
	for _, w := range Workloads() {
		if w.Name == name {
			return w, nil
		}
	}
	switch name {
	case "slow", "liar":
		return Workload{Name: name, Items: 100, Window: 64, mix: []part{{name, 100}}}, nil
	case "plugin":
		return Workload{Name: name, Items: 100, Window: 256, mix: []part{{name, 100}}}, nil
	}
	return Workload{}, fmt.Errorf("no such workload: %q", name)
}

// Plan returns the plan that has the workload's own figures.
func (w Workload) Plan() Plan { return Plan{Workload: w.Name, Items: w.Items, Window: w.Window} }

// The draw of kinds is a table to look into, of a size that divides well.
const drawSize = 1 << 10

// deal fills the table from which the kind of each request is drawn, with the
// exact shares of the plan, in an order that is the same in each run.
func deal(p Plan, kinds []kind) ([]uint8, error) {
	w, err := Find(p.Workload)
	if err != nil {
		return nil, err
	}
	index := map[string]uint8{}
	for i, k := range kinds {
		index[k.name] = uint8(i)
	}
	table := make([]uint8, 0, drawSize)
	if p.Share > 0 {
		sleeper, ok := index[p.Sleepers]
		if !ok {
			return nil, fmt.Errorf("no such sleepers: %q", p.Sleepers)
		}
		for len(table) < drawSize*p.Share/100 {
			table = append(table, sleeper)
		}
	}
	awake := drawSize - len(table)
	for _, m := range w.mix {
		for range awake * m.share / 100 {
			table = append(table, index[m.kind])
		}
	}
	for len(table) < drawSize { // what rounding left over
		table = append(table, index[w.mix[0].kind])
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(table), func(i, j int) { table[i], table[j] = table[j], table[i] })
	return table, nil
}
