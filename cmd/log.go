package iqdcmd

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/lmittmann/tint"
)

// A logSink is where the daemon's log goes: a handler that limits floods, over a
// writer that never blocks.
type logSink struct {
	level  slog.LevelVar
	writer *lineWriter
	*slog.Logger
}

// newLogSink starts a log in the format that the configuration asks for. Close it
// to write what waits.
func newLogSink(cfg LogConfig, w io.Writer, color bool) *logSink {
	s := &logSink{writer: newLineWriter(w)}
	s.setLevel(cfg.Level)
	format := cfg.Format
	if format == "auto" {
		format = "json"
		if isTerminal(w) {
			format = "tint"
		}
	}
	opts := &slog.HandlerOptions{Level: &s.level, ReplaceAttr: legible}
	var h slog.Handler
	switch format {
	case "json":
		h = slog.NewJSONHandler(plainJSON{s.writer}, opts)
	case "text":
		h = slog.NewTextHandler(s.writer, opts)
	default:
		h = tint.NewTextHandler(s.writer, &tint.Options{
			Level: &s.level, TimeFormat: time.TimeOnly, NoColor: !color, ReplaceAttr: printable,
		})
	}
	s.Logger = slog.New(limitFloods(h, s.writer.takeDropped))
	return s
}

func (s *logSink) setLevel(name string) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(name)); err == nil { // has been checked
		s.level.Set(l)
	}
}

// isTerminal reports whether w is a character device.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	fi, err := f.Stat()
	return err == nil && fi.Mode()&os.ModeCharDevice != 0
}

// legible writes a duration as a person does, in JSON too: "151ms", and no more
// digits than somebody reads.
func legible(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() != slog.KindDuration {
		return a
	}
	d, unit := a.Value.Duration(), time.Nanosecond
	for unit < time.Second && d.Abs() >= 1000*unit {
		unit *= 1000
	}
	return slog.String(a.Key, d.Round(unit/100).String())
}

// printable escapes what a peer could do to a terminal: tint lets colours through,
// and any other sequence with them.
func printable(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
		return a
	}
	a = legible(groups, a)
	a.Value = a.Value.Resolve()
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(escape(a.Value.String()))
	case slog.KindAny:
		a.Value = slog.StringValue(escape(fmt.Sprint(a.Value.Any())))
	}
	return a
}

// escape returns s with what cannot be printed as Go writes it. A line end stays,
// for the log handler quotes it. ESC is never written \x1b: tint takes that for
// its own colour and turns it back, even where a peer wrote those four letters.
func escape(s string) string {
	for _, r := range s {
		if r != '\n' && r != '\t' && (r == unicode.ReplacementChar || !unicode.IsPrint(r)) {
			q := strconv.Quote(s)
			s = q[1 : len(q)-1]
			break
		}
	}
	return strings.ReplaceAll(s, `\x1b`, `\u001b`)
}
