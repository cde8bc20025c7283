package iqdcmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/spf13/cobra"
)

// usualWait is what an answer may take where --wait says nothing.
const usualWait = 5 * time.Second

// A doctor finds out what keeps iqd and its server apart.
type doctor struct {
	*report
	app     *app
	conf    *Config
	cfg     component.Config
	wait    time.Duration // for each answer
	connect bool          // even where iqd runs already
	root    fs.FS         // of the file system: other programs' files
	source  string        // where the secret was found
}

// doctorCommand returns the command doctor.
func (a *app) doctorCommand() *cobra.Command {
	d := &doctor{app: a, root: os.DirFS("/")}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Connect to the server, and name what is wrong and where to change it",
		Long: "doctor reads the configuration, connects as the component, and tells what it finds: for each\n" +
			"thing that is wrong what was seen, the probable cause, and the line to change in whose file.\n" +
			"It does not disturb an iqd that runs with the same file: then it asks that one.\n" +
			"Exit code: 0 all is well, 1 something is wrong, 2 the configuration has a mistake.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := a.untilSignal(cmd.Context())
			defer stop()
			d.report = &report{w: a.world.Stdout, p: newPainter(a.world.Stdout, a.world.Getenv)}
			return d.run(ctx)
		},
	}
	a.configFlag(cmd)
	cmd.Flags().BoolVar(&d.connect, "connect", false, "connect even where iqd runs with this file: a server that kicks old connections then drops that one, and it is back after two minutes")
	cmd.Flags().DurationVar(&d.wait, "wait", usualWait, "what each answer may take; to be accepted, twice that")
	return cmd
}

// run goes down the checklist: each step needs the one before.
func (d *doctor) run(ctx context.Context) error {
	fmt.Fprintf(d.w, "iqd doctor: %s\n\n", d.app.config)
	if err := d.configuration(); err != nil {
		_ = d.summary(d.again())
		return mistake(errReported)
	}
	if !d.daemon(ctx) {
		d.examine(ctx)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := d.summary(d.again()); err != nil {
		return err
	}
	_, err := fmt.Fprintf(d.w, clientHelp, d.cfg.JID)
	return err
}

// again is what the operator types after a change.
func (d *doctor) again() string {
	typed := "iqd doctor -c " + shellWord(d.app.config)
	if d.connect {
		typed += " --connect"
	}
	if d.wait != usualWait {
		typed += " --wait " + d.wait.String()
	}
	return typed
}

// examine connects, and tries what a component lives from.
func (d *doctor) examine(ctx context.Context) {
	s, err := d.reach(ctx)
	if err != nil {
		d.explain(ctx, err)
		return
	}
	defer s.close()
	d.add(finding{what: "connection", seen: "the server at " + d.conf.Component.Server + " takes us as " + d.cfg.JID})
	if d.route(ctx, s) {
		d.server(ctx, s)
		s.close() // Prosody takes one connection at a time
		d.size(ctx)
	}
}

const clientHelp = `
To see it, ask from the account of a user:
  Gajim      Accounts > your account > Discover Services..., and %[1]s as the address
  profanity  /disco info %[1]s
             /ping %[1]s
`

// configuration checks what can be seen without a connection.
func (d *doctor) configuration() error {
	err := d.read()
	if err != nil {
		d.add(finding{mark: wrong, what: "configuration", seen: err.Error()})
		return err
	}
	d.add(finding{what: "configuration", seen: fmt.Sprintf("%s, with %s", d.cfg.JID, count(len(d.conf.Handlers), "handler", "handlers"))})
	d.otherSecret()
	d.plugins()
	return nil
}

// read has the verdict of check, and prints what is doubtful.
func (d *doctor) read() error {
	var err error
	if d.conf, err = Load(d.app.config); err != nil {
		return advised(err, true)
	}
	var warnings []string
	d.cfg, warnings, err = d.conf.Connection(d.app.world.Getenv)
	_, tokenErr := d.conf.adminToken()
	set, buildErr := d.conf.buildHandlers(d.app.reg, d.conf.environment(d.app.world.Getenv, slog.New(slog.DiscardHandler)), nil)
	if err := errors.Join(advised(err, false), tokenErr, buildErr); err != nil {
		return err
	}
	warnings = append(warnings, set.check()...)
	if err := set.close(); err != nil { // none has been started
		return fmt.Errorf("close handlers: %w", err)
	}
	_, d.source, _ = d.conf.Secret(d.app.world.Getenv) // has been read just now
	for _, w := range warnings {
		d.add(finding{mark: doubt, what: "configuration", seen: w, change: d.remedy(w)})
	}
	return nil
}

// ours names a line of our own file.
func (d *doctor) ours(line string, path ...string) change {
	where := filepath.Base(d.app.config)
	if p := d.conf.doc.at(path...); p.line > 0 {
		where = fmt.Sprintf("%s:%d", where, p.line)
	}
	return change{"iqd's " + where, line}
}
