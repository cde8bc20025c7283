package iqdcmd

import (
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// A plainJSON escapes what a terminal would obey in lines of JSON: slog writes C1
// controls and those of writing direction as they are, for JSON allows them.
type plainJSON struct{ w io.Writer }

// Write writes a line.
func (p plainJSON) Write(line []byte) (int, error) {
	for i, b := range line {
		if b >= 0x7f {
			return p.escaped(line, i)
		}
	}
	return p.w.Write(line)
}

// escaped writes a line of which the first bytes are plain. Beyond ASCII a line of
// JSON has no characters but those within strings (RFC 8259, 7).
func (p plainJSON) escaped(line []byte, plain int) (int, error) {
	out := append(make([]byte, 0, len(line)+64), line[:plain]...)
	for rest := line[plain:]; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		rest = rest[n:]
		switch hi, lo := utf16.EncodeRune(r); {
		case r == '\n' || unicode.IsPrint(r):
			out = utf8.AppendRune(out, r)
		case hi != utf8.RuneError:
			out = fmt.Appendf(out, `\u%04x\u%04x`, hi, lo)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	if _, err := p.w.Write(out); err != nil {
		return 0, err
	}
	return len(line), nil
}
