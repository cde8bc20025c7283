package iqdcmd

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net/http"
	"runtime"
	"slices"

	"github.com/iqd-xmpp/iqd/component"
)

// metricsHandler answers /metrics in the Prometheus text format, version 0.0.4.
func (d *daemon) metricsHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		b := bufio.NewWriter(w)
		d.expose(b)
		_ = b.Flush() // nobody reads any more
	})
}

func (d *daemon) expose(w io.Writer) {
	goroutines := metric{"go_goroutines", "Goroutines.", true, func(component.Stats) float64 { return float64(runtime.NumGoroutine()) }}
	stats := d.comp.Stats()
	for _, m := range append(append(metrics(), d.daemonMetrics()...), goroutines) {
		kind := "counter"
		if m.gauge {
			kind = "gauge"
		}
		head(w, m.name, m.help, kind)
		fmt.Fprintf(w, "%s %v\n", m.name, m.read(stats))
	}
	head(w, buildName, buildHelp, "gauge")
	fmt.Fprintf(w, "%s{version=%q} 1\n", buildName, Version())
	if lines := d.meter.Read(); len(lines) > 0 {
		head(w, callName, callHelp, "histogram")
		for _, m := range lines {
			exposeCalls(w, m)
		}
	}
}

func head(w io.Writer, name, help, kind string) {
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

func exposeCalls(w io.Writer, m component.Measurement) {
	labels := fmt.Sprintf("handler=%q,outcome=%q", m.Handler, m.Outcome)
	for _, bound := range slices.Sorted(maps.Keys(m.Buckets)) {
		fmt.Fprintf(w, "%s_bucket{%s,le=\"%v\"} %d\n", callName, labels, bound, m.Buckets[bound])
	}
	fmt.Fprintf(w, "%s_bucket{%s,le=\"+Inf\"} %d\n", callName, labels, m.Count)
	fmt.Fprintf(w, "%s_sum{%s} %v\n%s_count{%s} %d\n", callName, labels, m.Sum.Seconds(), callName, labels, m.Count)
}
