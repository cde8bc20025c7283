package iqdcmd

import (
	"context"
	"fmt"
	"syscall"

	"github.com/iqd-xmpp/iqd/handlers"
	"github.com/spf13/cobra"
)

// An app is one run of the program. Each command is a method of it, in a file of
// its own, that returns a *cobra.Command; what a command does is in its RunE:
// return mistake(err) for what the operator has to correct, any other error for
// what failed.
type app struct {
	world   World
	reg     handlers.Registry
	started bool   // the command line was understood
	config  string // the value of -c
}

// commands lists every command: a new one is added here.
func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		a.runCommand(),
		a.checkCommand(),
		a.demoCommand(),
		a.doctorCommand(),
		a.serverConfigCommand(),
		a.featuresCommand(),
		a.newCommand(),
		a.versionCommand(),
	}
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "iqd",
		Short: "Answer XMPP IQs as an external component (XEP-0114) of Prosody or ejabberd",
		Long: "iqd connects to an XMPP server as an external component and answers IQs with the\n" +
			"handlers that its configuration turns on. Start with: iqd demo",
		SilenceErrors:    true,
		SilenceUsage:     true,
		PersistentPreRun: func(*cobra.Command, []string) { a.started = true },
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.Version = Version()
	root.SetVersionTemplate(versionLine())
	root.AddCommand(a.commands()...)
	return root
}

// configFlag adds -c to a command. The path is in a.config when it runs, and
// a.load reads it. It comes after the arguments of the command have been said.
func (a *app) configFlag(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&a.config, "config", "c", DefaultConfigPath, "configuration `file`")
	cmd.Args = fileArgument(cmd.Args)
}

// load reads the configuration file that -c names.
func (a *app) load() (*Config, error) {
	c, err := Load(a.config)
	return c, mistake(advised(err, true))
}

// untilSignal returns a context that ends at the first SIGTERM or SIGINT, for
// commands that have nothing to reload or drain.
func (a *app) untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	sigs := a.world.signals()
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case sig := <-sigs:
				if sig != syscall.SIGHUP {
					cancel(fmt.Errorf("stopped by signal: %s", sig))
				}
			}
		}
	}()
	return ctx, func() { cancel(nil) }
}
