package iqdcmd

import "github.com/iqd-xmpp/iqd/component"

// A metric is a number of the component under a name that does not change. The
// names are documented by their help texts. No metric has a label that a peer can
// choose.
type metric struct {
	name, help string
	gauge      bool // else a counter
	read       func(component.Stats) float64
}

func counter(name, help string, read func(component.Stats) uint64) metric {
	return metric{name, help, false, func(s component.Stats) float64 { return float64(read(s)) }}
}

func gauge(name, help string, read func(component.Stats) int) metric {
	return metric{name, help, true, func(s component.Stats) float64 { return float64(read(s)) }}
}

// metrics lists what is read from component.Stats.
func metrics() []metric {
	type S = component.Stats
	return []metric{
		counter("iqd_requests_total", "IQ requests read, malformed ones included.", func(s S) uint64 { return s.Requests }),
		counter("iqd_results_total", "Requests answered with a result.", func(s S) uint64 { return s.Results }),
		counter("iqd_errors_total", "Requests answered with an error.", func(s S) uint64 { return s.Errors }),
		counter("iqd_unanswered_total", "Requests that no reply can be made for: nobody to address it to, or an id over max_reply_bytes.", func(s S) uint64 { return s.Unanswered }),
		counter("iqd_malformed_total", "Requests answered with bad-request or jid-malformed.", func(s S) uint64 { return s.Malformed }),
		counter("iqd_too_big_total", "Stanzas over a limit, skipped.", func(s S) uint64 { return s.TooBig }),
		counter("iqd_overloads_total", "Requests answered with resource-constraint.", func(s S) uint64 { return s.Overloads }),
		counter("iqd_timeouts_total", "Requests answered at their deadline.", func(s S) uint64 { return s.Timeouts }),
		counter("iqd_late_total", "Handlers that returned after the deadline.", func(s S) uint64 { return s.Late }),
		counter("iqd_panics_total", "Handlers that panicked.", func(s S) uint64 { return s.Panics }),
		counter("iqd_handed_off_total", "Quick handlers that were not quick.", func(s S) uint64 { return s.HandedOff }),
		counter("iqd_expired_total", "Replies dropped: no stream before their deadline.", func(s S) uint64 { return s.Expired }),
		counter("iqd_unconfirmed_total", "Replies written to a stream that ended unasked, after the last sign that the server reads it: at most so many are lost.", func(s S) uint64 { return s.Unconfirmed }),
		counter("iqd_ignored_total", "Presence, messages and unknown elements that nobody takes.", func(s S) uint64 { return s.Ignored }),
		counter("iqd_unsolicited_total", "Results and errors that nobody waits for.", func(s S) uint64 { return s.Unsolicited }),
		counter("iqd_spoofed_total", "Replies to our requests from somebody else.", func(s S) uint64 { return s.Spoofed }),
		counter("iqd_junk_bytes_total", "Bytes of text between stanzas.", func(s S) uint64 { return s.JunkBytes }),
		counter("iqd_streams_total", "Handshakes that the server accepted.", func(s S) uint64 { return s.Streams }),
		counter("iqd_streams_lost_total", "Streams that ended without our asking.", func(s S) uint64 { return s.Lost }),
		counter("iqd_streams_deaf_total", "Streams that were up and carried nothing.", func(s S) uint64 { return s.Deaf }),
		counter("iqd_calls_total", "Requests of our own.", func(s S) uint64 { return s.Calls }),
		counter("iqd_call_timeouts_total", "Requests of our own that got no reply in time.", func(s S) uint64 { return s.CallTimeouts }),
		gauge("iqd_open_requests", "Requests whose reply is not on its way yet.", func(s S) int { return s.Open }),
		gauge("iqd_buffered_bytes", "Bytes of requests and unsent replies.", func(s S) int { return s.Buffered }),
		gauge("iqd_pending_calls", "Requests of our own that wait for a reply.", func(s S) int { return s.Pending }),
	}
}

// daemonMetrics lists what the daemon counts itself.
func (d *daemon) daemonMetrics() []metric {
	return []metric{
		{"iqd_ready", "1 when the server routes to us.", true, func(component.Stats) float64 {
			if ready(d.comp.Status()) {
				return 1
			}
			return 0
		}},
		{"iqd_log_lines_lost_total", "Log lines that could not be written.", false,
			func(component.Stats) float64 { return float64(d.log.writer.lost.Load()) }},
	}
}

// The metrics that have labels.
const (
	buildName = "iqd_build_info"
	buildHelp = "1, with the version."
	wellName  = "iqd_handler_healthy"
	wellHelp  = "0 when the handler says that something is wrong with it; /handlers says what."
	callName  = "iqd_handler_duration_seconds"
	callHelp  = "How long handlers took, by handler (empty: none) and outcome."
)
