package iqdcmd

import (
	"errors"

	"github.com/spf13/cobra"
)

func (a *app) serverConfigCommand() *cobra.Command {
	return &cobra.Command{Use: "server-config", RunE: func(*cobra.Command, []string) error {
		return errors.New("not built in")
	}}
}
