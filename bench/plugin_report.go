//go:build linux

package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// What a plugin in Go may add to a request at p50, and how many requests a second
// its children are to answer.
const (
	goalDelay = 150 * time.Microsecond
	goalRate  = 20_000
)

// pluginDelayLine writes what a plugin costs over a handler that is built in.
func (b *bench) pluginDelayLine() string {
	var out []string
	for _, p := range plugins() {
		added := each(b.versus(stagePluginAlone, builtIn, p.name, every), func(p pair) time.Duration { return p50(p.theirs) - p50(p.ours) })
		if len(added) == 0 {
			continue
		}
		out = append(out, fmt.Sprintf("%s %s, that is %s more (%s to %s)%s", p.name, delay(median(each(b.of(stagePluginAlone, p.name), p50))),
			delay(median(added)), delay(slices.Min(added)), delay(slices.Max(added)), goal(p.name, "below "+delay(goalDelay), median(added) < goalDelay)))
	}
	own := b.of(stagePluginAlone, builtIn)
	if len(own) == 0 || len(out) == 0 {
		return ""
	}
	return fmt.Sprintf("One request at a time through a plugin, p50, unpinned, %d rounds: built-in %s; %s.", len(own), delay(median(each(own, p50))), strings.Join(out, "; "))
}

func (b *bench) pluginRateLine() string {
	var out []string
	for _, name := range answerers() {
		rounds := b.of(stagePluginFull, name)
		if len(rounds) == 0 {
			continue
		}
		rates := each(rounds, func(r round) float64 { return r.Rate })
		said := fmt.Sprintf("%s %.0f (%.0f-%.0f)%s, %s µs of CPU", name, median(rates), slices.Min(rates), slices.Max(rates),
			goal(name, fmt.Sprint(goalRate), median(rates) >= goalRate), digits(median(each(rounds, func(r round) float64 { return r.CPUPerIQ }))))
		if name != builtIn {
			said += " and " + digits(median(each(rounds, func(r round) float64 { return r.Result.ChildCPUPerIQ() }))) + " in the child"
		}
		out = append(out, said)
	}
	if len(out) == 0 {
		return ""
	}
	return fmt.Sprintf("256 at a time through %d children, requests a second, unpinned: %s.", children, strings.Join(out, "; "))
}

// answerers are all that answer a plugin's namespace.
func answerers() []string {
	return append([]string{builtIn}, each(plugins(), func(p plugin) string { return p.name })...)
}

// goal says what is asked of the plugin that has a goal, and whether that is missed.
func goal(name, want string, kept bool) string {
	switch {
	case name != goChild:
		return ""
	case kept:
		return " [goal: " + want + "]"
	}
	return " [**missed**, goal: " + want + "]"
}
