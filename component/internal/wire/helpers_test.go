package wire_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
)

const (
	nsComponent = "jabber:component:accept"
	header      = "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' " +
		"xmlns='jabber:component:accept' id='3BF96D32' from='iq.example.net'>"
	footer = "</stream:stream>"
)

// chunks is a reader that delivers its pieces one a call.
type chunks struct{ pieces []string }

func (c *chunks) Read(p []byte) (int, error) {
	if len(c.pieces) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.pieces[0])
	if c.pieces[0] = c.pieces[0][n:]; c.pieces[0] == "" {
		c.pieces = c.pieces[1:]
	}
	return n, nil
}

// singles cuts s into single bytes.
func singles(s string) *chunks {
	c := &chunks{make([]string, len(s))}
	for i := range len(s) {
		c.pieces[i] = s[i : i+1]
	}
	return c
}

// cut cuts s at i.
func cut(s string, i int) *chunks { return &chunks{[]string{s[:i], s[i:]}} }

// open returns a reader behind the stream header.
func open(t testing.TB, r io.Reader, lim wire.Limits) *wire.Reader {
	t.Helper()
	rd := wire.NewReader(r, lim)
	if _, err := rd.Header(); err != nil {
		t.Fatalf("Header() error = %v", err)
	}
	return rd
}

// stream returns a reader of the stanzas in s.
func stream(t testing.TB, s string, lim wire.Limits) *wire.Reader {
	t.Helper()
	return open(t, strings.NewReader(header+s), lim)
}

// one reads the only stanza of s.
func one(t testing.TB, s string) wire.Stanza {
	t.Helper()
	var st wire.Stanza
	if err := stream(t, s, wire.Limits{}).Next(&st); err != nil {
		t.Fatalf("Next(%.200q) error = %v", s, err)
	}
	return st
}

// condition returns the condition of a syntax error, or else the error's text.
func condition(err error) string {
	var e *wire.SyntaxError
	if errors.As(err, &e) {
		return e.Condition
	}
	if err == nil {
		return ""
	}
	return err.Error()
}

// transcript is all that a reader tells of a stream, to compare.
func transcript(rd *wire.Reader) string {
	var b strings.Builder
	h, err := rd.Header()
	fmt.Fprintf(&b, "%+v %v\n", h, err)
	for err == nil {
		var st wire.Stanza
		err = rd.Next(&st)
		fmt.Fprintf(&b, "%q %v %q %q %q %q %q %v %v %v %v %v %d %v %d skipped=%v\n", st.Raw, st.Name, st.Type, st.ID, st.From,
			st.To, st.Lang, st.HasType, st.HasID, st.HasFrom, st.HasTo, st.Payload, st.Children, st.Text, st.Size, st.Skipped)
		fmt.Fprintf(&b, "%q %q\n", st.Element().Raw(), st.First().Raw())
	}
	fmt.Fprintf(&b, "%v junk=%d\n", err, rd.Junk())
	return b.String()
}
