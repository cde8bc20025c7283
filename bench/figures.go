//go:build linux

package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// A pair is the same round of two peers: the first peer's, and another's.
type pair struct{ ours, theirs round }

// of returns a peer's rounds of a stage, without those that failed.
func (b *bench) of(stage, peer string) []round {
	var out []round
	for _, r := range b.all {
		if r.Stage == stage && r.Peer == peer && r.Error == "" && r.Result.IQs > 0 {
			out = append(out, r)
		}
	}
	return out
}

// pairs returns the rounds that both peers got through and that are wanted.
func (b *bench) pairs(stage, peer string, want func(round) bool) []pair {
	return b.versus(stage, b.peers[0].name, peer, want)
}

// versus is likewise, with another than the first peer as ours.
func (b *bench) versus(stage, first, second string, want func(round) bool) []pair {
	var out []pair
	for _, ours := range b.of(stage, first) {
		for _, theirs := range b.of(stage, second) {
			if ours.Round == theirs.Round && want(ours) && want(theirs) {
				out = append(out, pair{ours, theirs})
			}
		}
	}
	return out
}

func every(round) bool { return true }

func quiet(r round) bool { return r.Result.Steal < quietSteal }

// each maps what has been measured to one figure a round.
func each[T, N any](rounds []T, figure func(T) N) []N {
	out := make([]N, len(rounds))
	for i, r := range rounds {
		out[i] = figure(r)
	}
	return out
}

// median returns the middle one, or zero of nothing.
func median[N cmp.Ordered](v []N) N {
	if len(v) == 0 {
		var none N
		return none
	}
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// spread writes a median and what it lies between.
func spread(v []float64) string {
	if len(v) == 0 {
		return "-"
	}
	return fmt.Sprintf("%s (%s-%s)", times(median(v)), times(slices.Min(v)), times(slices.Max(v)))
}

// times writes a ratio, with no more digits than the noise leaves.
func times(v float64) string {
	switch {
	case v >= 10:
		return fmt.Sprintf("%.0f", v)
	case v >= 1:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// digits writes three digits that count.
func digits(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// delay writes a duration as a person does.
func delay(d time.Duration) string {
	if d >= time.Millisecond {
		return digits(float64(d)/1e6) + " ms"
	}
	return digits(float64(d)/1e3) + " µs"
}
