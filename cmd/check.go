package iqdcmd

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"
)

func (a *app) checkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check the configuration as run does, without connecting",
		Long: "check reads the configuration as run does, builds its handlers, and names all mistakes with\n" +
			"their places. It connects to nobody and makes nothing; what it sees that will keep a handler\n" +
			"from working, such as a folder without the right to write, is a warning.\n" +
			"Exit code: 0 no mistakes, 1 it failed, 2 the configuration has a mistake.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.check() },
	}
	a.configFlag(cmd)
	return cmd
}

// check has the verdict of run, and shows all mistakes that it finds.
func (a *app) check() error {
	c, err := a.load()
	if err != nil {
		return err
	}
	_, warnings, err := c.Connection(a.world.Getenv)
	_, tokenErr := c.adminToken()
	set, buildErr := c.buildHandlers(a.reg, c.environment(a.world.Getenv, slog.New(slog.DiscardHandler)), nil)
	if err := errors.Join(advised(err, false), tokenErr, buildErr); err != nil {
		return mistake(err)
	}
	warnings = append(warnings, set.check()...)
	if err := set.close(); err != nil {
		return fmt.Errorf("close handlers: %w", err)
	}
	for _, w := range warnings {
		fmt.Fprintf(a.world.Stderr, "iqd: warning: %s\n", w)
	}
	_, err = fmt.Fprintf(a.world.Stdout, "%s: no mistakes: %s at %s, %s\n",
		a.config, c.Component.JID, c.Component.Server, count(len(c.Handlers), "handler", "handlers"))
	return err
}
