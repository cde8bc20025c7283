package iqdcmd

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"
)

// fileArgument makes a command that has -c say so where the file is given without
// it.
func fileArgument(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		err := check(cmd, args)
		if err != nil && len(args) > 0 {
			if last := args[len(args)-1]; strings.ContainsAny(last, "./") {
				return fmt.Errorf("unexpected argument %q: use -c %s", last, shellWord(last))
			}
		}
		return err
	}
}

// oneServer is the argument of server-config.
func oneServer(cmd *cobra.Command, args []string) error {
	const say = "say which server: prosody or ejabberd"
	switch {
	case len(args) == 0:
		return errors.New(say)
	case len(args) > 1:
		return fmt.Errorf("one server at a time: %s", say)
	case args[0] == cmd.ValidArgs[0] || args[0] == cmd.ValidArgs[1]:
		return nil
	}
	if name := nearest(strings.ToLower(args[0]), append([]string(nil), cmd.ValidArgs...)); name != "" {
		return fmt.Errorf("unknown server %q: did you mean %s?", args[0], name)
	}
	return fmt.Errorf("unknown server %q: %s", args[0], say)
}

// advised returns err with what the operator can do about a file that is not there
// or not to be read.
func advised(err error, isConfig bool) error {
	switch {
	case isConfig && errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: make one from config.example.toml, or name another with -c", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: run it with sudo", err)
	}
	return err
}
