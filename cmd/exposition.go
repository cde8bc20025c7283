package iqdcmd

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metricsHandler answers /metrics. The registry is our own: the global one holds
// what anybody puts into it.
func (d *daemon) metricsHandler() http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		newCollector(d),
	)
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

// A collector reads the component's own counters when it is asked.
type collector struct {
	d                 *daemon
	metrics           []metric
	descs             []*prometheus.Desc // of metrics
	build, well, call *prometheus.Desc
}

func newCollector(d *daemon) *collector {
	c := &collector{
		d: d, metrics: append(metrics(), d.daemonMetrics()...),
		build: prometheus.NewDesc(buildName, buildHelp, []string{"version"}, nil),
		well:  prometheus.NewDesc(wellName, wellHelp, []string{"handler"}, nil),
		call:  prometheus.NewDesc(callName, callHelp, []string{"handler", "outcome"}, nil),
	}
	for _, m := range c.metrics {
		c.descs = append(c.descs, prometheus.NewDesc(m.name, m.help, nil, nil))
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range append(c.descs, c.build, c.well, c.call) {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	stats := c.d.comp.Stats()
	for i, m := range c.metrics {
		kind := prometheus.CounterValue
		if m.gauge {
			kind = prometheus.GaugeValue
		}
		out <- prometheus.MustNewConstMetric(c.descs[i], kind, m.read(stats))
	}
	out <- prometheus.MustNewConstMetric(c.build, prometheus.GaugeValue, 1, Version())
	for name, err := range c.d.comp.Health() {
		well := 1.0
		if err != nil {
			well = 0
		}
		out <- prometheus.MustNewConstMetric(c.well, prometheus.GaugeValue, well, name)
	}
	for _, m := range c.d.meter.Read() {
		out <- prometheus.MustNewConstHistogram(c.call, m.Count, m.Sum.Seconds(), m.Buckets, m.Handler, m.Outcome)
	}
}
