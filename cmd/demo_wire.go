package iqdcmd

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// A sentRequest is a request that waits for its reply.
type sentRequest struct {
	id string
	at time.Time
}

// title says who takes part.
func (d *demo) title() {
	fmt.Fprintf(d.w, "%s\n\n", d.p.paint(bold, "iqd demo: a server, a component and two users in one process"))
	fmt.Fprintf(d.w, "  %-11s %s\n", "server", "in memory; it speaks XEP-0114, as Prosody and ejabberd do to a component")
	fmt.Fprintf(d.w, "  %-11s %s, with the handlers of config.example.toml and a slow one\n", "component", d.conf.Component.JID)
	fmt.Fprintf(d.w, "  %-11s %s, %s, %s\n", "users", balcony, phone, orchard)
	fmt.Fprintf(d.w, "  %s what the server sends to the component   %s what comes back\n", d.p.paint(cyan, "→"), d.p.paint(green, "←"))
}

// heading begins a scene.
func (d *demo) heading(s scene) {
	fmt.Fprintf(d.w, "\n%s\n", strings.TrimRight(d.p.paint(bold, fmt.Sprintf("%-68s", s.title))+"  "+d.p.paint(faint, s.xep), " "))
}

// ask sends a request in the name of a user.
func (d *demo) ask(from, typ, payload string) (sentRequest, error) {
	sent := sentRequest{id: fmt.Sprint(d.ids + 1), at: time.Now()}
	return sent, d.send("<iq type='" + typ + "' id='" + sent.id + "' from='" + from + "' to='" + d.conf.Component.JID + "'>" + payload + "</iq>")
}

// send prints a stanza and sends it to the component.
func (d *demo) send(raw string) error {
	d.ids++
	d.show(cyan, "→", raw, "")
	return d.server.Send(raw)
}

// hear waits for the component's next stanza and prints it with how long it took
// since the request.
func (d *demo) hear(ctx context.Context, sent sentRequest) (component.Element, error) {
	raw, err := d.server.Next(ctx)
	if err != nil {
		return component.Element{}, fmt.Errorf("wait for a reply: %w", err)
	}
	took := time.Since(sent.at)
	d.replies++
	d.show(green, "←", raw, readable(took))
	return component.ParseElement(raw)
}

// readable rounds a duration to what a reader compares.
func readable(took time.Duration) string {
	if took < time.Millisecond {
		return took.Round(time.Microsecond).String()
	}
	return took.Round(100 * time.Microsecond).String()
}

// show prints a stanza, an element a line.
func (d *demo) show(c paint, arrow, raw, note string) {
	lines := layout(raw)
	for i, line := range lines {
		mark := " "
		if i == 0 {
			mark = d.p.paint(c, arrow)
		}
		fmt.Fprintf(d.w, "  %s %s", mark, d.markup(line))
		if i == len(lines)-1 && note != "" {
			fmt.Fprintf(d.w, "  %s", d.p.paint(yellow, note))
		}
		fmt.Fprintln(d.w)
	}
}

// markup makes the names of elements stand out.
func (d *demo) markup(line string) string {
	if !d.p {
		return line
	}
	var b strings.Builder
	for line != "" {
		i := strings.IndexByte(line, '<')
		if i < 0 {
			break
		}
		name := i + 1 + strings.IndexAny(line[i+1:]+" ", " />")
		if strings.HasPrefix(line[i:], "</") {
			name = i + 2 + strings.IndexAny(line[i+2:]+" ", " />")
		}
		b.WriteString(line[:i] + d.p.paint(cyan, line[i:name]))
		line = line[name:]
	}
	return b.String() + line
}

// layout breaks a stanza, as it went over the wire, into lines of an element
// each. The bytes stay as they are but for white space in front of a line; an
// element that holds nothing but text stays on its line.
func layout(raw string) []string {
	var lines []string
	depth := 0
	for _, tag := range tags(raw) {
		switch {
		case strings.HasPrefix(tag, "</"):
			depth--
			if last := len(lines) - 1; last >= 0 && opens(lines[last], tag) {
				lines[last] += tag
				continue
			}
			lines = append(lines, strings.Repeat("  ", max(depth, 0))+tag)
		default:
			lines = append(lines, strings.Repeat("  ", depth)+tag)
			if head, _, _ := strings.Cut(tag, ">"); !strings.HasSuffix(head, "/") {
				depth++
			}
		}
	}
	return lines
}

// tags cuts a stanza in front of each tag. Where '<' is no tag, it is escaped.
func tags(raw string) []string {
	var out []string
	for _, t := range strings.SplitAfter(strings.ReplaceAll(raw, "<", "\x00<"), "\x00") {
		t = strings.Trim(t, "\x00")
		if tag, text, _ := strings.Cut(t, ">"); strings.TrimSpace(text) == "" && tag != t {
			t = tag + ">"
		}
		if t != "" {
			out = append(out, t)
		}
	}
	return out
}

// opens reports whether a line is the start tag, with or without text, that the
// end tag closes.
func opens(line, end string) bool {
	line = strings.TrimLeft(line, " ")
	name := strings.TrimRight(end[len("</"):], "> \n")
	rest, ok := strings.CutPrefix(line, "<"+name)
	return ok && strings.IndexAny(rest, " >") == 0 && !strings.Contains(rest, "<") && !strings.HasSuffix(rest, "/>")
}

// attribute escapes what is written between single quotes.
func attribute(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", "'", "&apos;").Replace(s)
}
