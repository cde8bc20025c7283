package component_test

import (
	"strings"
	"time"
)

// fault does something to the connection: at once, or to what comes later.
func (w *modelWorld) fault(s modelStep) {
	switch s.what {
	case "cut", "half and cut", "stop and cut", "reset", "half and reset", "stop and reset":
		w.breakStream(s)
	case "close stream":
		w.srv.CloseStream()
	case "stream error":
		w.srv.StreamError([]string{"system-shutdown", "connection-timeout", "conflict", "internal-server-error"}[s.n%4], "")
	case "restart":
		w.srv.Refuse(s.n)
		w.srv.Cut()
	case "refuse":
		w.srv.Refuse(s.n)
		w.srv.Reset()
	case "reject":
		w.srv.Reject([]string{"", "not-authorized", "host-unknown"}[s.n%3], "")
	case "stop reading":
		w.srv.StopReading()
	case "resume reading":
		w.srv.ResumeReading()
	case "fragment":
		w.srv.Fragment(s.n)
	case "deafen":
		w.srv.Deafen()
	case "blackhole":
		w.srv.Blackhole(s.n%2 == 0, s.n%3 == 0)
	}
}

// breakStream ends the connections, in the middle of what the server or the
// component has to say if the step wants that.
func (w *modelWorld) breakStream(s modelStep) {
	if strings.HasPrefix(s.what, "half") {
		half := iq("get", "half", juliet, domain, "<echo xmlns='urn:model:free' n='0'/>")
		_ = w.srv.Send(half[:s.n*len(half)/50])
	}
	if strings.HasPrefix(s.what, "stop") {
		w.srv.StopReading()
		time.Sleep(s.pause)
	}
	if strings.HasSuffix(s.what, "cut") {
		w.srv.Cut()
	} else {
		w.srv.Reset()
	}
}
