package iqdcmd

import (
	"bufio"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

const stayHelp = `
The component stays up. Type a stanza or only what is in one, and its answer is printed:
  <query xmlns='jabber:iq:last'/>
  <iq type='set'><query xmlns='jabber:iq:roster'><item jid='nurse@localhost'/></query></iq>
What is missing is put in: type get, an id, from ` + balcony + `. An empty line gives up what is half typed.
quit, the end of the input (Ctrl-D) or Ctrl-C ends it.

`

// lastWait is how long the answers may take that are missing when the input ends.
const lastWait = 5 * time.Second

// A talk is what the loop of stay remembers.
type talk struct {
	text string // typed so far, of one stanza
	sent time.Time
	open int // requests without an answer
}

// stay sends the stanzas that are typed in and prints what the component sends,
// until the input or ctx ends. That is no error: it is how it ends.
func (d *demo) stay(ctx context.Context, in io.Reader) error {
	fmt.Fprint(d.w, stayHelp)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	typed := make(chan string)
	go lines(ctx, in, typed)
	heard := make(chan string)
	go d.listen(ctx, heard)
	var t talk
	var late <-chan time.Time
	for late == nil || t.open > 0 {
		select {
		case <-ctx.Done():
			return nil
		case <-late:
			return nil
		case raw := <-heard:
			d.replies++
			t.open -= answers(raw, "result", "error")
			d.show(green, "←", raw, readable(time.Since(t.sent)))
		case line, ok := <-typed:
			if !ok || t.text == "" && strings.TrimSpace(line) == "quit" {
				typed, late = nil, time.After(lastWait)
				continue
			}
			if err := d.typed(&t, line); err != nil {
				return err
			}
		}
	}
	return nil
}

// typed takes one more line, and sends what it completes. What no further line can
// mend is dropped.
func (d *demo) typed(t *talk, line string) error {
	t.text += line + "\n"
	raw, err := d.complete(strings.TrimSpace(t.text))
	switch {
	case err != nil && strings.TrimSpace(line) != "" && unfinished(t.text):
		fmt.Fprintln(d.w, d.p.paint(faint, "  … (an empty line gives up)"))
		return nil
	case err != nil:
		fmt.Fprintf(d.w, "  %s %s\n", d.p.paint(red, "✗"), escape(err.Error()))
		raw = ""
	}
	t.text = ""
	if raw == "" {
		return nil
	}
	t.sent = time.Now()
	t.open += answers(raw, "get", "set")
	if err := d.send(raw); err != nil {
		return fmt.Errorf("demo: send: %w", err)
	}
	return nil
}

// answers returns one where a stanza is an IQ of one of two types, else zero.
func answers(raw, one, other string) int {
	el, err := component.ParseElement(raw)
	if typ := el.Get("type"); err == nil && el.Name().Local == "iq" && (typ == one || typ == other) {
		return 1
	}
	return 0
}

// unfinished reports whether more lines can make an element of a text.
func unfinished(text string) bool {
	if !strings.HasPrefix(strings.TrimSpace(text), "<") {
		return false
	}
	for dec := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := dec.Token(); err != nil {
			var se *xml.SyntaxError
			return errors.As(err, &se) && se.Msg == "unexpected EOF"
		}
	}
}

// listen hands on what the component sends.
func (d *demo) listen(ctx context.Context, heard chan<- string) {
	for {
		raw, err := d.server.Next(ctx)
		if err != nil {
			return
		}
		select {
		case heard <- raw:
		case <-ctx.Done():
			return
		}
	}
}

// lines hands on the lines of in. The goroutine of a reader that blocks outlives
// the command; the process ends then anyway.
func lines(ctx context.Context, in io.Reader, typed chan<- string) {
	defer close(typed)
	sc := bufio.NewScanner(in)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		select {
		case typed <- sc.Text():
		case <-ctx.Done():
			return
		}
	}
}

// complete makes a stanza of what was typed so far. An error says that it is none
// yet.
func (d *demo) complete(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	el, err := component.ParseElement(text)
	if err != nil {
		return "", fmt.Errorf("no XML element: %w", err)
	}
	if name := el.Name().Local; el.Name().Space != "" || name != "iq" && name != "message" && name != "presence" {
		return d.complete("<iq type='get'>" + text + "</iq>")
	}
	missing := ""
	for _, a := range [][2]string{{"id", fmt.Sprint(d.ids + 1)}, {"from", balcony}, {"to", d.conf.Component.JID}} {
		if _, ok := el.Attr(a[0]); !ok {
			missing += " " + a[0] + "='" + a[1] + "'"
		}
	}
	n := len("<" + el.Name().Local)
	return text[:n] + missing + text[n:], nil
}
