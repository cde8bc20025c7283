package iqdcmd

import (
	"context"
	"io"
	"io/fs"
	"time"

	"github.com/iqd-xmpp/iqd/handlers"
)

// Doctor runs the command doctor in a file system of its own; env are names and
// values.
func Doctor(ctx context.Context, w io.Writer, config string, root fs.FS, env ...string) error {
	getenv := func(key string) string {
		for i := 0; i+1 < len(env); i += 2 {
			if env[i] == key {
				return env[i+1]
			}
		}
		return ""
	}
	a := &app{config: config, reg: handlers.Standard(), world: World{Stdout: w, Getenv: getenv}}
	d := &doctor{report: &report{w: w}, app: a, root: root, wait: 10 * time.Second}
	return d.run(ctx)
}

// Checklist prints one finding of each mark as on a terminal, or not.
func Checklist(w io.Writer, colour bool) {
	r := &report{w: w, p: painter(colour)}
	r.add(finding{what: "good", seen: "it is"})
	r.add(finding{mark: doubt, what: "odd", seen: "one\ntwo", cause: "that"})
	r.add(finding{mark: wrong, what: "bad", seen: "it is not", change: []change{{"f", "x"}, {"g", "y"}}})
}

// Route prints what doctor says of a server whose answers to the probes end with
// these errors.
func Route(w io.Writer, config string, errs ...error) error {
	d := &doctor{report: &report{w: w}, app: &app{config: config}}
	var err error
	if d.conf, err = Load(config); err != nil {
		return err
	}
	d.cfg.JID = d.conf.Component.JID
	var t tally
	for _, err := range errs {
		t.count(time.Millisecond, err, false)
	}
	d.judge(t, &session{})
	return nil
}

// Advised returns the error that a command ends with for one of a file.
var Advised = advised
