package iqdcmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/spf13/cobra"
)

var errSecondSignal = errors.New("stopped by a second signal, before everything was answered")

func (a *app) runCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Connect to the server and answer, until SIGTERM",
		Long: "run connects to the server that the configuration names, and answers. It keeps on trying\n" +
			"while the server is away. SIGTERM and SIGINT let running requests finish, a second one ends\n" +
			"it at once. SIGHUP reads the configuration again: handlers, access, limits and log.level\n" +
			"change without leaving the server, and a file with mistakes changes nothing.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.run(cmd.Context()) },
	}
	a.configFlag(cmd)
	return cmd
}

// run is the life of the daemon. What is wrong before it serves is returned for
// a person to read; from then on it is logged.
func (a *app) run(ctx context.Context) error {
	conf, err := a.load()
	if err != nil {
		return err
	}
	cfg, warnings, err := conf.Connection(a.world.Getenv)
	if err != nil {
		return mistake(err)
	}
	log := newLogSink(conf.Log, a.world.Stderr, a.world.Getenv("NO_COLOR") == "")
	defer log.writer.Close()
	if a.world.listen != nil { // the process is ours
		log.hearLibraries()
	}
	d, err := a.newDaemon(conf, cfg, log)
	if err != nil {
		return err
	}
	log.Info("starting", slog.String("version", Version()), slog.String("jid", cfg.JID),
		slog.String("server", cfg.Server), slog.Int("handlers", len(conf.Handlers)))
	d.warn(warnings)
	return d.serve(ctx)
}

// A daemon is a component with what surrounds it in a process of its own.
type daemon struct {
	app    *app
	start  *Config      // as it was at the start: what a reload cannot change
	secret string       // at the start
	drain  atomic.Int64 // a time.Duration, in force
	log    *logSink
	env    component.Env
	meter  *component.Meter
	set    *handlerSet // in force; once it serves, the reloading goroutine's
	comp   *component.Component
	sd     *notifier
	admin  *adminServer // nil: off
}

func (a *app) newDaemon(conf *Config, cfg component.Config, log *logSink) (*daemon, error) {
	d := &daemon{app: a, start: conf, secret: cfg.Secret, log: log, meter: new(component.Meter)}
	d.drain.Store(int64(conf.Limits.DrainTimeout))
	d.env = conf.environment(a.world.Getenv, log.Logger)
	var err error
	if d.set, err = conf.buildHandlers(a.reg, d.env, nil, d.chain()...); err != nil {
		return nil, mistake(err)
	}
	d.sd = newNotifier(cfg.Server, cfg.JID)
	cfg.Handler, cfg.Log, cfg.Notify = d.set.mux, log.Logger, d.sd.status
	if d.comp, err = component.New(cfg); err != nil {
		return nil, errors.Join(mistake(err), d.set.close())
	}
	if d.admin, err = d.listenAdmin(conf); err != nil {
		return nil, errors.Join(err, d.set.close())
	}
	return d, nil
}

// environment returns what the handlers get to know of the world.
func (c *Config) environment(getenv func(string) string, log *slog.Logger) component.Env {
	hosts := c.Component.Hosts
	if _, parent, ok := strings.Cut(c.Component.JID, "."); ok && hosts == nil {
		hosts = []string{parent}
	}
	return component.Env{
		JID: c.Component.JID, Hosts: hosts, StateDir: stateDir(getenv), Version: Version(), Log: log,
		Limits: component.Limits(c.Limits),
	}
}

// stateDir returns where handlers keep their files: what systemd says, or
// /var/lib/iqd, or for those who are not root their own place.
func stateDir(getenv func(string) string) string {
	if dir, _, _ := strings.Cut(getenv("STATE_DIRECTORY"), ":"); dir != "" {
		return dir
	}
	if os.Getuid() == 0 {
		return "/var/lib/iqd"
	}
	if dir := getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "iqd")
	}
	return filepath.Join(getenv("HOME"), ".local", "state", "iqd")
}

// chain is the middleware around every handler, outermost first: what panics is
// seen as a failure by the metrics and the log.
func (d *daemon) chain() []component.Middleware {
	return []component.Middleware{component.Log(d.log.Logger), component.Metrics(d.meter), component.Recover()}
}

// serve runs the component and obeys signals until it has ended.
func (d *daemon) serve(ctx context.Context) error {
	sigs := d.app.world.signals()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	d.sd.ready()
	go func() { done <- d.comp.Run(ctx) }()
	defer d.sd.close()
	go d.sd.feedWatchdog(ctx, d.comp.Alive, d.log.Logger)
	if d.admin != nil {
		go d.admin.serve(d.log.Logger)
		defer d.admin.close()
	}
	return d.obey(sigs, d.reloader(ctx), stop, done)
}

// obey does what signals ask for until the component has ended. It never waits
// for a reload: what is asked for during one is done after it, once.
func (d *daemon) obey(sigs <-chan os.Signal, reload chan<- struct{}, stop func(), done <-chan error) error {
	for stopping := false; ; {
		select {
		case err := <-done:
			d.log.Info("stopped")
			return err
		case sig := <-sigs:
			switch {
			case sig == syscall.SIGHUP:
				trySend(reload, struct{}{})
			case stopping:
				return errSecondSignal
			default:
				stopping = true
				d.log.Info("stopping", slog.String("signal", fmt.Sprint(sig)))
				d.sd.stopping(time.Duration(d.drain.Load()))
				stop()
			}
		}
	}
}

func (d *daemon) warn(warnings []string) {
	for _, w := range warnings {
		d.log.Warn("configuration", slog.String("warning", w))
	}
}
