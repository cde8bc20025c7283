package iqdcmd

import (
	"errors"

	"github.com/spf13/cobra"
)

func (a *app) featuresCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "features",
		Short: "List the handlers and the XEPs that they implement",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return errors.New("not built in") },
	}
}
