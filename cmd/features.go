package iqdcmd

import (
	"cmp"
	"fmt"
	"text/tabwriter"

	"github.com/iqd-xmpp/iqd/handlers"
	"github.com/spf13/cobra"
)

func (a *app) featuresCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "features",
		Short: "List the handlers and the XEPs that they implement",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return a.features() },
	}
}

// features prints a line for each XEP, and one for each handler of the program
// that implements none.
func (a *app) features() error {
	w := tabwriter.NewWriter(a.world.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "HANDLER\tXEP\tVERSION\tNAME")
	listed := map[string]bool{}
	for _, x := range handlers.XEPs() {
		if _, ok := a.reg[x.Handler]; !ok && x.Handler != "" {
			continue
		}
		listed[x.Handler] = true
		fmt.Fprintf(w, "%s\tXEP-%04d\t%s\t%s\n", cmp.Or(x.Handler, "-"), x.Number, x.Version, x.Name)
	}
	for _, name := range a.reg.Names() {
		if !listed[name] {
			fmt.Fprintf(w, "%s\t-\t-\t-\n", name)
		}
	}
	return w.Flush()
}
