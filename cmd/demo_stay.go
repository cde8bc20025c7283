package iqdcmd

import (
	"bufio"
	"context"
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
What is missing is put in: type get, an id, from ` + balcony + `. Ctrl-C ends it.

`

// stay sends the stanzas that are typed in and prints what the component sends,
// until ctx ends. That is no error: it is how it ends.
func (d *demo) stay(ctx context.Context, in io.Reader) error {
	fmt.Fprint(d.w, stayHelp)
	typed := make(chan string)
	go lines(ctx, in, typed)
	heard := make(chan string)
	go d.listen(ctx, heard)
	var sent sentRequest
	var text string
	for {
		select {
		case <-ctx.Done():
			return nil
		case raw := <-heard:
			d.replies++
			d.show(green, "←", raw, readable(time.Since(sent.at)))
		case line := <-typed:
			text += line + "\n"
			raw, err := d.complete(strings.TrimSpace(text))
			switch {
			case err == nil:
				text = ""
				if raw == "" {
					continue
				}
				sent.at = time.Now()
				if err := d.send(raw); err != nil {
					return fmt.Errorf("demo: send: %w", err)
				}
			case line == "" || !strings.HasPrefix(strings.TrimSpace(text), "<"):
				text = ""
				fmt.Fprintf(d.w, "  %s %s\n", d.p.paint(red, "✗"), err)
			}
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
	for sc := bufio.NewScanner(in); sc.Scan(); {
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
