package iqdcmd

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) checkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check the configuration as run does, without connecting",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			c, err := a.load()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.world.Stdout, "%s: %d handlers for %s: no mistake found\n", a.config, len(c.Handlers), c.Component.JID)
			return err
		},
	}
	a.configFlag(cmd)
	return cmd
}
