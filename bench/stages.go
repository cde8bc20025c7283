//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/iqd-xmpp/iqd/bench/load"
)

// Above these a round is noisy: parts of a core that the host or other programs took.
const (
	muchSteal   = 0.05
	muchForeign = 0.10
	quietSteal  = 0.01 // for a round of one request at a time
)

// The names of what is measured besides the workloads.
const (
	stageWorkloads   = "workloads" // those of the table
	stageAlone       = "alone"
	stageSlow        = "slow"
	stageLiar        = "liar"
	stageCrowd       = "crowd"
	stagePlugin      = "plugin" // the two that follow
	stagePluginAlone = "plugin-one"
	stagePluginFull  = "plugin-256"
)

// crowd is how many requests wait at once for a handler that sleeps.
const crowd = 10_000

// bench is one run of the program.
type bench struct {
	settings
	cores cores
	here  machine
	began time.Time
	peers []peer
	all   []round
}

// A round is one peer's turn at one stage.
type round struct {
	Stage string        `json:"stage"` // a workload, or a stage
	Round int           `json:"round"`
	Peer  string        `json:"peer"`
	First time.Duration `json:"start_to_first_answer_ns"`
	Noisy bool          `json:"noisy"`
	Error string        `json:"error,omitempty"`

	Rate      float64     `json:"iqs_per_second"`
	CPUPerIQ  float64     `json:"cpu_us_per_iq"`
	LoadShare float64     `json:"load_share"` // of a core
	Result    load.Result `json:"measured"`
}

// measureAll goes through the stages, the peers always in turn, each round begun by
// another.
func (b *bench) measureAll(ctx context.Context) error {
	for _, stage := range []struct {
		name    string
		measure func(context.Context) error
	}{
		{stageWorkloads, b.workloadRounds}, {stageAlone, b.aloneRounds}, {stageSlow, b.sleeperRounds}, {stagePlugin, b.pluginRounds},
	} {
		if !slices.Contains(b.stages, stage.name) {
			continue
		}
		if err := stage.measure(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) workloadRounds(ctx context.Context) error {
	for r := range b.rounds {
		for _, w := range b.workloads {
			if err := b.turn(ctx, w.Name, r, b.peers, b.timed(w.Plan())); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) sleeperRounds(ctx context.Context) error {
	for r := range b.sleepers {
		asleep := b.timed(load.Plan{Workload: "ping", Items: 100, Window: 64, Sleepers: "slow", Share: 10})
		if err := b.turn(ctx, stageSlow, r, b.peers, asleep); err != nil {
			return err
		}
		asleep.Sleepers = "liar"
		if err := b.turn(ctx, stageLiar, r, b.peers[:1], asleep); err != nil {
			return err
		}
		full := b.timed(load.Plan{Workload: "slow", Items: 100, Window: crowd, Patience: time.Minute})
		if err := b.turn(ctx, stageCrowd, r, b.peers[:1], full); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) timed(p load.Plan) load.Plan {
	p.Warmup, p.Duration = b.warmup, b.duration
	return p
}

// aloneRounds measures one request at a time, twice as often as is asked for if
// that is what it takes for so many rounds without steal. Of the slower peers, whom
// nobody compares with the floor, some rounds are enough.
func (b *bench) aloneRounds(ctx context.Context) error {
	for r := range 2 * b.alone {
		if r >= b.alone && b.quietAlone() >= b.alone {
			return nil
		}
		who := b.peers
		if r >= b.sleepers {
			who = who[:min(2, len(who))]
		}
		plan := b.timed(load.Plan{Workload: "ping", Items: 100, Window: 1})
		if err := b.turn(ctx, stageAlone, r, who, plan); err != nil {
			return err
		}
	}
	return nil
}

// quietAlone counts the rounds in which neither of the first two peers had steal.
func (b *bench) quietAlone() int {
	return len(b.pairs(stageAlone, b.peers[min(1, len(b.peers)-1)].name, quiet))
}

// turn measures each peer once.
func (b *bench) turn(ctx context.Context, stage string, r int, who []peer, plan load.Plan) error {
	for i := range who {
		p := who[(i+r)%len(who)]
		res, first, err := b.measure(ctx, p, plan)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		done := round{Stage: stage, Round: r, Peer: p.name, First: first, Result: res,
			Rate: res.Rate(), CPUPerIQ: res.CPUPerIQ(), LoadShare: res.LoadShare(),
			Noisy: res.Steal > muchSteal || res.Foreign > muchForeign}
		said := fmt.Sprintf("%.2f us of CPU, p50 %v, p99 %v", res.CPUPerIQ(), res.Others.P50, res.Others.P99)
		if err != nil {
			done.Error = err.Error()
			said = done.Error
		}
		if done.Noisy {
			said += ", noisy"
		}
		b.all = append(b.all, done)
		fmt.Fprintf(os.Stderr, "%4.0fs %-11s %2d %-11s %s\n", time.Since(b.began).Seconds(), stage, r+1, p.name, said)
	}
	return nil
}
