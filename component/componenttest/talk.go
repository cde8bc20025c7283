package componenttest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// A talk is a conversation that is being held.
type talk struct {
	t       TB
	comp    *component.Component
	srv     *Server
	file    string
	timeout time.Duration
	mem     memory
	fences  int
}

func (c *talk) step(s step) {
	c.t.Helper()
	switch {
	case s.dir == '>':
		c.say(s)
	case s.silence:
		c.silence(s.line, "here")
	default:
		c.hear(s)
	}
}

// say sends what a user says.
func (c *talk) say(s step) {
	c.t.Helper()
	if err := c.srv.Send(c.mem.fill(s.raw)); err != nil {
		c.t.Fatalf("%s:%d: %v", c.file, s.line, err)
	}
}

// hear waits for the stanzas of a block.
func (c *talk) hear(s step) {
	c.t.Helper()
	want := slices.Clone(s.want)
	for len(want) > 0 {
		got, err := c.next()
		if err != nil {
			c.t.Fatalf("%s:%d: no answer\nwanted: %s", c.file, want[0].line, want[0].raw)
		}
		i := c.find(want, got, s.anyOrder)
		if i < 0 {
			w := closest(want, got, s.anyOrder)
			c.t.Fatalf("%s:%d: another answer came (- wanted, + got)\nwanted: %s\ngot:    %s\n%s",
				c.file, w.line, w.raw, got.raw, difference(w.node, got.node, c.mem))
		}
		want = slices.Delete(want, i, i+1)
	}
}

// find returns which of the stanzas wanted is there, or -1.
func (c *talk) find(want []stanza, got stanza, anyOrder bool) int {
	for i, w := range want {
		if i > 0 && !anyOrder {
			break
		}
		mem := maps.Clone(c.mem)
		if matches(w.node, got.node, mem) {
			c.mem = mem
			return i
		}
	}
	return -1
}

// closest returns the stanza that got was probably meant to be.
func closest(want []stanza, got stanza, anyOrder bool) stanza {
	if anyOrder {
		for _, w := range want {
			if w.node.get("id") == got.node.get("id") && w.node.get("to") == got.node.get("to") {
				return w
			}
		}
	}
	return want[0]
}

func (c *talk) next() (stanza, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), c.timeout)
	defer cancel()
	return c.srv.next(ctx, nil)
}

// silence fails if anything more comes: what is between the lines of the file
// says when that would be. First all that was sent has been read, then all that
// was asked has been answered, then all those answers have arrived.
func (c *talk) silence(line int, when string) {
	c.t.Helper()
	c.fence(line, when)
	if !c.settled() {
		c.t.Fatalf("%s:%d: after %s a request has got no answer", c.file, line, c.timeout)
	}
	c.fence(line, when)
}

// fence asks something that is answered at once, in the order of arrival and
// without a handler: a request that is none (RFC 6120, 8.2.3). Nothing else may
// come before that answer.
func (c *talk) fence(line int, when string) {
	c.t.Helper()
	c.fences++
	id := fmt.Sprintf("fence-%d", c.fences)
	fence := "<iq type='get' id='" + id + "' from='fence.invalid/" + id + "' to='" + escape(c.srv.opts.Domain) + "'/>"
	if err := c.srv.Send(fence); err != nil {
		c.t.Fatalf("%s:%d: %v", c.file, line, err)
	}
	got, err := c.next()
	if err != nil {
		c.t.Fatalf("%s:%d: component is stuck: not even what is no request was answered", c.file, line)
	}
	if got.node.get("id") != id || got.node.get("to") != "fence.invalid/"+id {
		c.t.Fatalf("%s:%d: %s nothing was to come\ngot:    %s", c.file, line, when, got.raw)
	}
}

// settled waits until each request has been answered.
func (c *talk) settled() bool {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(c.timeout); c.comp.Stats().Open > 0; <-tick.C {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}
