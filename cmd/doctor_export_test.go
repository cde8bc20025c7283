package iqdcmd

import (
	"context"
	"io"
	"io/fs"
	"time"

	"github.com/iqd-xmpp/iqd/handlers"
)

// Doctor runs the command doctor where the kernel lists its processes in proc.
func Doctor(ctx context.Context, w io.Writer, config string, proc fs.FS) error {
	a := &app{config: config, reg: handlers.Standard(), world: World{Stdout: w, Getenv: func(string) string { return "" }}}
	d := &doctor{report: &report{w: w}, app: a, proc: proc, wait: time.Second}
	return d.run(ctx)
}

// Checklist prints one finding of each mark as on a terminal, or not.
func Checklist(w io.Writer, colour bool) {
	r := &report{w: w, p: painter(colour)}
	r.add(finding{what: "good", seen: "it is"})
	r.add(finding{mark: doubt, what: "odd", seen: "one\ntwo", cause: "that"})
	r.add(finding{mark: wrong, what: "bad", seen: "it is not", change: []change{{"f", "x"}, {"g", "y"}}})
}
