package iqdcmd

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Version returns the version of the program: the module's, and for a build of a
// checkout the commit.
func Version() string {
	bi, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version := bi.Main.Version
	for _, s := range bi.Settings {
		if s.Key == "vcs.revision" && (version == "" || version == "(devel)") {
			version = "devel-" + s.Value[:min(len(s.Value), 12)]
		}
	}
	if version == "" || version == "(devel)" {
		return "devel"
	}
	return version
}

// versionLine is what version and --version print.
func versionLine() string {
	return fmt.Sprintf("iqd %s %s %s/%s\n", Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(a.world.Stdout, versionLine())
			return err
		},
	}
}
