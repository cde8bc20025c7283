package iqdcmd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/iqd-xmpp/iqd/cmd/internal/scaffold"
	"github.com/spf13/cobra"
)

// newCommand returns the command new, which has one for each thing that can be
// begun.
func (a *app) newCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "new",
		Short: "Write the beginning of a handler of your own",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.newHandlerCommand())
	return cmd
}

// newHandlerCommand returns the command new handler.
func (a *app) newHandlerCommand() *cobra.Command {
	var path, source string
	cmd := &cobra.Command{
		Use:   "handler NAME DIR",
		Short: "Write a Go module with a handler, its tests and a daemon that has it",
		Long: "new handler writes a Go module into DIR, which must not be there or be empty: the handler NAME,\n" +
			"a conversation that tests it, and a main that has it beside the handlers of iqd. It builds and\n" +
			"passes its tests as it is. NAME is the name of its package and of its section.",
		Example: "  iqd new handler weather ./weather",
		Args:    nameAndFolder,
		RunE: func(_ *cobra.Command, args []string) error {
			m := scaffold.Module{Name: args[0], Path: path}
			if path == "" {
				m.Path = "example.net/" + m.Name
			}
			return a.newHandler(m, args[1], source)
		},
	}
	cmd.Flags().StringVar(&path, "module", "", "`path` of the module (default example.net/NAME)")
	cmd.Flags().StringVar(&source, "source", "", "`folder` with the source of iqd, to build with that and no released version")
	return cmd
}

// nameAndFolder are the arguments of new handler.
func nameAndFolder(_ *cobra.Command, args []string) error {
	if len(args) != 2 {
		return errors.New("say a name and a folder: iqd new handler weather ./weather")
	}
	return nil
}

// newHandler writes a module, and prints what can be done with it.
func (a *app) newHandler(m scaffold.Module, dir, source string) error {
	err := errors.Join(scaffold.CheckName(m.Name, a.reg.Names()), scaffold.CheckPath(m.Path), scaffold.Vacant(dir))
	if err != nil {
		return mistake(err)
	}
	if m.Origin, err = origin(source); err != nil {
		return mistake(err)
	}
	n, err := m.Write(dir)
	if err != nil {
		return fmt.Errorf("write the module: %w", err)
	}
	return a.printNext(m, dir, n)
}

// origin finds where the module is to get iqd from.
func origin(source string) (scaffold.Origin, error) {
	if source != "" {
		return scaffold.FromSource(source)
	}
	bi, _ := debug.ReadBuildInfo()
	near := []string{scaffold.Compiled()}
	if self, err := os.Executable(); err == nil {
		near = append(near, filepath.Dir(self))
	}
	if here, err := os.Getwd(); err == nil {
		near = append(near, here)
	}
	return scaffold.FindOrigin(bi, near...)
}

// printNext prints what the user types next.
func (a *app) printNext(m scaffold.Module, dir string, files int) error {
	next := []string{"cd " + shellWord(dir)}
	if m.Origin.Dir == "" {
		next = append(next, "go mod tidy")
	}
	next = append(next, "go test ./...", "go run . run -c config.toml")
	_, err := fmt.Fprintf(a.world.Stdout, "%s in %s. Next:\n  %s\nIts README.md tells more, and how a server learns of it.\n",
		count(files, "file", "files"), dir, strings.Join(next, "\n  "))
	return err
}
