package iqdcmd

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/spf13/cobra"
)

//go:embed demo/demo.toml
var demoConfig []byte

// demoTimeout is what the whole conversation may take.
const demoTimeout = 15 * time.Second

// A demo is a server, a component and their users in one process.
type demo struct {
	w       *sureWriter
	p       painter
	conf    *Config
	mux     *component.Mux
	server  *componenttest.Server
	ids     int
	replies int
}

// A sureWriter remembers the first write that failed, so that not each caller has
// to look.
type sureWriter struct {
	w   io.Writer
	err error
}

func (s *sureWriter) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.w.Write(p)
	if err != nil {
		s.err = fmt.Errorf("print: %w", err)
	}
	return n, err
}

// demoCommand returns the command demo.
func (a *app) demoCommand() *cobra.Command {
	stay := false
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show a conversation with a server in the same process: nothing to install",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := a.untilSignal(cmd.Context())
			defer stop()
			d := &demo{w: &sureWriter{w: a.world.Stdout}, p: newPainter(a.world.Stdout, a.world.Getenv)}
			if err := d.build(a); err != nil {
				return fmt.Errorf("demo: %w", err)
			}
			return d.run(ctx, stay, a.world.Stdin)
		},
	}
	cmd.Flags().BoolVar(&stay, "stay", false, "keep it up afterwards, and answer the stanzas typed in, until quit or Ctrl-C")
	return cmd
}

// build makes the component's handlers of the configuration of the demo.
func (d *demo) build(a *app) error {
	var err error
	if d.conf, err = Parse("demo.toml", demoConfig); err != nil {
		return err
	}
	set, err := d.conf.buildHandlers(a.reg, component.Env{
		JID: d.conf.Component.JID, Hosts: d.conf.Component.Hosts, Version: Version(), Log: slog.New(slog.DiscardHandler),
	}, nil)
	if err != nil {
		return err
	}
	d.mux = set.mux // the component closes what is in it
	return d.mux.Add(slowExtension())
}

// run connects the component to the server, has the conversation, and ends both.
func (d *demo) run(ctx context.Context, stay bool, in io.Reader) error {
	c := d.conf.Component
	d.server = componenttest.NewServer(componenttest.Options{Domain: c.JID, Secret: c.Secret, Hosts: c.Hosts})
	defer d.server.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- component.Run(ctx, component.Config{
			JID: c.JID, Secret: c.Secret, Hosts: c.Hosts, Handler: d.mux,
			Dial: d.server.Dial, Log: slog.New(slog.DiscardHandler),
		})
	}()
	err := cmp.Or(d.talk(ctx), d.w.err)
	if err == nil && stay {
		err = d.stay(ctx, in)
	}
	cancel()
	return cmp.Or(err, <-done, d.w.err)
}

// talk has the conversation.
func (d *demo) talk(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, demoTimeout)
	defer cancel()
	if err := d.server.WaitOnline(ctx); err != nil {
		return fmt.Errorf("demo: wait for the component: %w", err)
	}
	start := time.Now()
	d.title()
	for _, scene := range d.scenes() {
		d.heading(scene)
		if err := scene.play(ctx); err != nil {
			fmt.Fprintf(d.w, "  %s %s\n", d.p.paint(red, "✗"), err)
			return fmt.Errorf("demo: %s: %w", scene.title, err)
		}
	}
	fmt.Fprintf(d.w, "\n%s\n", d.p.paint(green, fmt.Sprintf("%d stanzas, %d answers, each as it had to be, in %s.",
		d.ids, d.replies, time.Since(start).Round(time.Millisecond))))
	fmt.Fprintf(d.w, "Next: write a config.toml (see config.example.toml), then run %s or %s with -c config.toml\n",
		d.p.paint(bold, "iqd server-config prosody"), d.p.paint(bold, "iqd server-config ejabberd"))
	return nil
}
