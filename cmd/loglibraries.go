package iqdcmd

import (
	stdlog "log"
	"log/slog"
	"strings"
)

// mostOfLibrary is how many bytes of a line of a library the log holds.
const mostOfLibrary = 512

// A libraryLog takes what libraries write by the package log: net/http tells there
// what a web server did wrong, in that server's own words and as often as it likes.
type libraryLog struct{ log *slog.Logger }

// Write logs one line.
func (l libraryLog) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line[:min(len(line), mostOfLibrary)]))
	l.log.Warn("a library says", slog.String("text", text))
	return len(line), nil
}

// hearLibraries has what libraries log in this process go where our own lines go.
func (s *logSink) hearLibraries() {
	stdlog.SetFlags(0)
	stdlog.SetOutput(libraryLog{s.Logger})
}
