package componenttest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// A talk is a conversation that is being held.
type talk struct {
	t       TB
	srv     *Server
	file    string
	timeout time.Duration
	mem     memory
	open    []string // "id from" of requests that have no reply yet
	fences  int
}

func (c *talk) step(s step) {
	c.t.Helper()
	switch {
	case s.dir == '>':
		c.say(s)
	case s.silence:
		c.silence(s.line)
		c.open = nil // it was said that they get no answer
	default:
		c.hear(s)
	}
}

// say sends what a user says.
func (c *talk) say(s step) {
	c.t.Helper()
	raw := c.mem.fill(s.raw)
	if list, err := parseStanzas(raw); err == nil { // it may be broken on purpose
		for _, x := range list {
			if x.node.isRequest() && x.node.get("from") != "" {
				c.open = append(c.open, x.node.get("id")+" "+x.node.get("from"))
			}
		}
	}
	if err := c.srv.Send(raw); err != nil {
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
			c.t.Fatalf("%s:%d: no answer\nwanted: %s", c.file, s.line, want[0].raw)
		}
		i := c.find(want, got, s.anyOrder)
		if i < 0 {
			w := closest(want, got, s.anyOrder)
			c.t.Fatalf("%s:%d: another answer came (- wanted, + got)\nwanted: %s\ngot:    %s\n%s",
				c.file, s.line, w.raw, got.raw, difference(w.node, got.node, c.mem))
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

// next waits for a stanza of the component and takes note of what it answers.
func (c *talk) next() (stanza, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), c.timeout)
	defer cancel()
	got, err := c.srv.next(ctx, nil)
	if err == nil && got.node.isReply() {
		if i := slices.Index(c.open, got.node.get("id")+" "+got.node.get("to")); i >= 0 {
			c.open = slices.Delete(c.open, i, i+1)
		}
	}
	return got, err
}

// silence asks something that is answered at once, in the order of arrival and
// without a handler: a request that is none (RFC 6120, 8.2.3). Whatever comes
// before that answer is not silence.
func (c *talk) silence(line int) {
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
		c.t.Fatalf("%s:%d: wanted nothing\ngot:    %s", c.file, line, got.raw)
	}
}

// end sees to it that nothing is left unsaid.
func (c *talk) end(line int) {
	c.t.Helper()
	c.silence(line)
	for len(c.open) > 0 {
		id := c.open[0]
		got, err := c.next()
		if err != nil {
			c.t.Fatalf("%s:%d: the request (id, from) %q was never answered", c.file, line, id)
		}
		c.t.Fatalf("%s:%d: after the last line came\ngot:    %s", c.file, line, got.raw)
	}
}
