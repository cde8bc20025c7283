//go:build linux

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// print writes the table, and the lines below it.
func (b *bench) print(w io.Writer) {
	fmt.Fprintf(w, "%s, %d cores of %s, %s, %s", b.here.Date.Format("2006-01-02"), b.here.Cores, b.here.Processor, b.here.System, b.here.Go)
	if len(b.workloads) > 0 {
		fmt.Fprintf(w, "; %d rounds", b.rounds)
	}
	if b.cores.pinned {
		fmt.Fprint(w, "; load and component on a core each, where nothing else is said")
	}
	fmt.Fprint(w, "\n\n")
	if len(b.workloads) > 0 {
		b.printTable(w)
		fmt.Fprintf(w, "\nCPU time for a request in µs, median; in bold how many times that of %s it is, median (lowest-highest) of the rounds.\n\n", b.peers[0].name)
	}
	for _, line := range []func() string{b.aloneLine, b.fullLine, b.slowLine, b.liarLine, b.memoryLine, b.crowdLine, b.startLine, b.pluginDelayLine, b.pluginRateLine, b.noiseLine} {
		if s := line(); s != "" {
			fmt.Fprintln(w, "-", s)
		}
	}
	for _, p := range b.peers {
		if p.needs != "" {
			fmt.Fprintf(w, "- %s: %s\n", p.name, p.needs)
		}
	}
	for _, r := range b.all {
		if r.Error != "" {
			fmt.Fprintf(w, "- %s failed in round %d of %s: %.200s\n", r.Peer, r.Round+1, r.Stage, r.Error)
		}
	}
	fmt.Fprintf(w, "\nEvery round: %s\n", recordFile)
}

// printTable has the workloads down and the peers across.
func (b *bench) printTable(w io.Writer) {
	fmt.Fprint(w, "| |")
	for _, p := range b.peers {
		fmt.Fprintf(w, " %s |", p.name)
	}
	fmt.Fprintf(w, "\n|---|%s\n", strings.Repeat("---:|", len(b.peers)))
	for _, wl := range b.workloads {
		fmt.Fprintf(w, "| %s |", wl.Name)
		for i, p := range b.peers {
			fmt.Fprintf(w, " %s |", b.cell(wl.Name, p.name, i == 0))
		}
		fmt.Fprintln(w)
	}
}

func (b *bench) cell(stage, peer string, first bool) string {
	rounds := b.of(stage, peer)
	if len(rounds) == 0 {
		return "fails"
	}
	cpu := digits(median(each(rounds, func(r round) float64 { return r.CPUPerIQ })))
	ratios := each(b.pairs(stage, peer, every), func(p pair) float64 { return p.theirs.CPUPerIQ / p.ours.CPUPerIQ })
	if first || len(ratios) == 0 {
		return cpu
	}
	return fmt.Sprintf("%s **%s** (%s-%s)", cpu, times(median(ratios)), times(slices.Min(ratios)), times(slices.Max(ratios)))
}

// aloneLine compares with the next peer, the floor, and shows each round.
func (b *bench) aloneLine() string {
	if len(b.peers) < 2 || len(b.of(stageAlone, b.peers[0].name)) == 0 {
		return ""
	}
	other := b.peers[1].name
	which, pairs := "with steal below 1 %", b.pairs(stageAlone, other, quiet)
	if len(pairs) == 0 {
		which, pairs = "that all had steal", b.pairs(stageAlone, other, every)
	}
	ratios := each(pairs, func(p pair) float64 { return float64(p.ours.Result.Others.P50) / float64(p.theirs.Result.Others.P50) })
	shown := each(pairs, func(p pair) string {
		return fmt.Sprintf("%s/%s", digits(float64(p.ours.Result.Others.P50)/1e3), digits(float64(p.theirs.Result.Others.P50)/1e3))
	})
	return fmt.Sprintf("One ping at a time, p50: %s. %s is %s times %s in %d rounds %s, in µs: %s.",
		b.across(stageAlone, p50), b.peers[0].name, spread(ratios), other, len(pairs), which, strings.Join(shown, " "))
}

func p50(r round) time.Duration { return r.Result.Others.P50 }
func p99(r round) time.Duration { return r.Result.Others.P99 }

// across writes the median of a figure for each peer that went through a stage.
func (b *bench) across(stage string, figure func(round) time.Duration) string {
	var out []string
	for _, p := range b.peers {
		if rounds := b.of(stage, p.name); len(rounds) > 0 {
			out = append(out, p.name+" "+delay(median(each(rounds, figure))))
		}
	}
	return strings.Join(out, ", ")
}

func (b *bench) fullLine() string {
	var out []string
	for _, p := range b.peers {
		rounds := b.of("ping", p.name)
		if len(rounds) == 0 {
			continue
		}
		ratios := each(rounds, func(r round) float64 { return float64(p99(r)) / float64(p50(r)) })
		out = append(out, fmt.Sprintf("%s %s, p99 %s times that", p.name, delay(median(each(rounds, p50))), spread(ratios)))
	}
	if len(out) == 0 {
		return ""
	}
	return "256 pings at a time, p50: " + strings.Join(out, "; ") + "."
}

func (b *bench) slowLine() string {
	if len(b.of(stageSlow, b.peers[0].name)) == 0 {
		return ""
	}
	return "64 at a time, a tenth to a handler that sleeps 50 ms, p99 of the others: " + b.across(stageSlow, p99) + "." + b.undisturbed(stageSlow)
}

func (b *bench) liarLine() string {
	if len(b.of(stageLiar, b.peers[0].name)) == 0 {
		return ""
	}
	return "The same with a handler that says it is quick: " + b.across(stageLiar, p99) + "." + b.undisturbed(stageLiar)
}

// undisturbed writes p99 in each of our rounds that had no steal: a host that takes
// the processor away delays everybody.
func (b *bench) undisturbed(stage string) string {
	var shown []string
	for _, r := range b.of(stage, b.peers[0].name) {
		if quiet(r) {
			shown = append(shown, delay(p99(r)))
		}
	}
	if len(shown) == 0 {
		return " No round of it had steal below 1 %."
	}
	return fmt.Sprintf(" Its rounds with steal below 1 %%: %s.", strings.Join(shown, ", "))
}

func (b *bench) memoryLine() string {
	var out []string
	for _, p := range b.peers {
		peak := 0
		for _, r := range b.all {
			if r.Peer == p.name && r.Stage != stageCrowd {
				peak = max(peak, r.Result.PeakRSS)
			}
		}
		if peak > 0 {
			out = append(out, fmt.Sprintf("%s %d", p.name, peak>>10))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return "Peak memory of all that, in MiB: " + strings.Join(out, ", ") + "."
}

func (b *bench) crowdLine() string {
	rounds := b.of(stageCrowd, b.peers[0].name)
	if len(rounds) == 0 {
		return ""
	}
	peak := median(each(rounds, func(r round) int { return r.Result.PeakRSS }))
	return fmt.Sprintf("%s with %d requests waiting for a handler that sleeps: %d MiB at its peak.", b.peers[0].name, crowd, peak>>10)
}

func (b *bench) startLine() string {
	var out []string
	for _, p := range b.peers {
		var starts []time.Duration
		for _, r := range b.all {
			if r.Peer == p.name && r.First > 0 {
				starts = append(starts, r.First)
			}
		}
		if len(starts) > 0 {
			out = append(out, p.name+" "+delay(median(starts)))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return "From the start to the first answer: " + strings.Join(out, ", ") + "."
}

func (b *bench) noiseLine() string {
	noisy := 0
	for _, r := range b.all {
		if r.Noisy {
			noisy++
		}
	}
	return fmt.Sprintf("%d of %d rounds were noisy: the host took more than %d %% of a core, or other programs more than %d %%.",
		noisy, len(b.all), int(muchSteal*100), int(muchForeign*100))
}
