package iqdcmd

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// A mark says how a finding is to be taken.
type mark int

// The marks of findings.
const (
	fine  mark = iota
	open       // it was not tried
	doubt      // it works, but should be looked at
	wrong
)

// A finding is one line of the doctor's checklist.
type finding struct {
	mark   mark
	what   string   // what was looked at, in a word
	seen   string   // what was seen
	cause  string   // the probable cause; empty: nothing is wrong
	change []change // one of these puts it right
}

// A change is a line to write, and in whose file.
type change struct{ file, line string }

// errReported ends a command that has already said what is wrong.
var errReported = errors.New("")

// A report is what the doctor prints, a finding at a time as they come.
type report struct {
	w       io.Writer
	p       painter
	wrongs  int
	doubts  int
	untried bool // there was no connection, on purpose
}

// add prints a finding.
func (r *report) add(f finding) {
	symbol, colour := "✓", green
	switch f.mark {
	case wrong:
		symbol, colour = "✗", red
		r.wrongs++
	case doubt:
		symbol, colour = "!", yellow
		r.doubts++
	case open:
		symbol, colour = "–", faint
	}
	fmt.Fprintf(r.w, "  %s %-14s %s\n", r.p.paint(colour, symbol), f.what, indented(f.seen))
	r.line("cause", f.cause)
	for i, c := range f.change {
		label := "change"
		if i > 0 {
			label = "or"
		}
		r.line(label, c.file+": "+r.p.paint(bold, c.line))
	}
}

// line prints what belongs to the finding above.
func (r *report) line(label, text string) {
	if text != "" {
		fmt.Fprintf(r.w, "    %s %s\n", r.p.paint(faint, fmt.Sprintf("%-14s", "  "+label)), indented(text))
	}
}

// indented keeps the lines of a text in their column.
func indented(text string) string {
	return strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", 19))
}

// summary prints the last lines and returns how the command ends.
func (r *report) summary(again string) error {
	switch {
	case r.wrongs > 0:
		fmt.Fprintf(r.w, "\n%s After the change: %s\n", r.p.paint(red, count(r.wrongs, "thing is", "things are")+" wrong."), again)
		return errReported
	case r.doubts > 0:
		lead := "It works."
		if r.untried {
			lead = "Nothing wrong was found."
		}
		fmt.Fprintf(r.w, "\n%s %s to be looked at.\n", r.p.paint(green, lead), count(r.doubts, "thing has", "things have"))
	case r.untried:
		fmt.Fprintf(r.w, "\n%s The connection was not tried.\n", r.p.paint(green, "Nothing wrong was found."))
	default:
		fmt.Fprintf(r.w, "\n%s\n", r.p.paint(green, "All is well."))
	}
	return nil
}

// count writes a number of things.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
