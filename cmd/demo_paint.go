package iqdcmd

import "io"

// A paint is a colour, as a terminal takes it.
type paint string

// The paints of demo and doctor.
const (
	plain  paint = ""
	bold   paint = "1"
	faint  paint = "2"
	red    paint = "31"
	green  paint = "32"
	yellow paint = "33"
	cyan   paint = "36"
)

// A painter puts colour on text, or leaves it as it is.
type painter bool

// newPainter returns a painter for w: one that paints where w is a terminal and
// neither NO_COLOR nor TERM=dumb says otherwise.
func newPainter(w io.Writer, getenv func(string) string) painter {
	return painter(isTerminal(w) && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb")
}

// paint returns s in a colour.
func (p painter) paint(c paint, s string) string {
	if !p || c == plain || s == "" {
		return s
	}
	return "\x1b[" + string(c) + "m" + s + "\x1b[0m"
}
