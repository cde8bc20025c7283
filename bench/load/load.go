//go:build linux

// Package load plays the server's side of XEP-0114 for one component and measures
// how fast that answers requests, and whether it answers each of them rightly.
//
// A [Server] accepts the component; the [Stream] it returns runs one [Plan] after
// another. One goroutine writes requests from templates and scans the replies
// without parsing them, so that the component is the limit and not the load.
package load

import (
	"errors"
	"time"
)

// Domain is the address of the component.
const Domain = "bench.localhost"

// What can be wrong with an answer. The errors of [Stream.Run] wrap one of them
// and show the stanza.
var (
	ErrTwice      = errors.New("a request was answered twice")
	ErrUnknownID  = errors.New("a reply has an id that was never asked with")
	ErrType       = errors.New("a reply has the wrong type")
	ErrTo         = errors.New("a reply goes to somebody else")
	ErrFrom       = errors.New("a reply comes from somebody else")
	ErrPayload    = errors.New("a reply has the wrong payload")
	ErrMissing    = errors.New("requests were not answered")
	ErrUnexpected = errors.New("the component sent something else than replies")
	ErrEnded      = errors.New("the component ended the stream")
)

// A Plan is a load: what is asked for, by how many at once, for how long.
type Plan struct {
	Workload string
	Items    int           // of the rosters that the component has
	Window   int           // requests without an answer at any time
	Warmup   time.Duration // before anything is measured
	Duration time.Duration
	IQs      int           // ends the plan before Duration does; no bound when zero
	Sleepers string        // "slow" or "liar": who gets a share of the requests
	Share    int           // of the sleepers, in per cent
	Cut      int           // writes are cut into pieces of 1 to Cut bytes; whole when zero
	Emoji    bool          // requesters whose addresses want escaping and four bytes a character
	PID      int           // of the component; its CPU time is not measured when zero
	Patience time.Duration // how long nothing may come while answers are due; 10 s when zero
}

// A Result is what has been measured while a plan ran.
type Result struct {
	IQs      int           `json:"iqs"`
	Elapsed  time.Duration `json:"elapsed_ns"`
	CPU      time.Duration `json:"cpu_ns"`       // of the component
	ChildCPU time.Duration `json:"child_cpu_ns"` // of the processes it has started
	LoadCPU  time.Duration `json:"load_cpu_ns"`  // of this process
	Steal    float64       `json:"steal"`        // cores that the host took away
	Foreign  float64       `json:"foreign"`      // cores that other programs used
	RSS      int           `json:"rss_kib"`
	PeakRSS  int           `json:"peak_rss_kib"`
	Others   Latency       `json:"others"` // of all that did not go to the sleepers
	Asleep   Latency       `json:"asleep"` // of the sleepers' share
}

// A Latency sums up the time from the request to its answer.
type Latency struct {
	N   int           `json:"n"`
	P50 time.Duration `json:"p50_ns"`
	P99 time.Duration `json:"p99_ns"`
	Max time.Duration `json:"max_ns"`
}

// Rate is the requests answered in a second.
func (r Result) Rate() float64 { return ratio(float64(r.IQs), r.Elapsed.Seconds()) }

// CPUPerIQ is the component's CPU time for one request, in microseconds.
func (r Result) CPUPerIQ() float64 { return ratio(r.CPU.Seconds()*1e6, float64(r.IQs)) }

// ChildCPUPerIQ is likewise, of the processes that the component has started.
func (r Result) ChildCPUPerIQ() float64 { return ratio(r.ChildCPU.Seconds()*1e6, float64(r.IQs)) }

// LoadShare is the part of a core that this process used. Near 1 the load is the
// limit, and the rate says nothing about the component.
func (r Result) LoadShare() float64 { return ratio(r.LoadCPU.Seconds(), r.Elapsed.Seconds()) }

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
