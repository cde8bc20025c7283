package iqdcmd_test

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"testing"

	iqdcmd "github.com/iqd-xmpp/iqd/cmd"
	"github.com/rogpeppe/go-internal/testscript"
)

// asIQD in the environment makes this test binary iqd, so that a test can send it
// signals.
const asIQD = "IQD_TEST_AS_IQD"

// TestMain lets the scripts, and the tests of signals, run this binary as iqd.
func TestMain(m *testing.M) {
	if os.Getenv(asIQD) != "" {
		os.Exit(iqdcmd.Main(testRegistry()))
	}
	testscript.Main(m, map[string]func(){
		"iqd": func() { os.Exit(iqdcmd.Main(testRegistry())) },
	})
}

// TestScripts runs every command as a process of its own. What a script expects
// is what a user sees.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("STATE_DIRECTORY", env.WorkDir+"/state")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": exitCode},
	})
}

// exitCode is the script command "code N command args": the command ends with
// that exit code.
func exitCode(ts *testscript.TestScript, _ bool, args []string) {
	got := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v: %v", args[1:], err)
		}
		got = strconv.Itoa(exit.ExitCode())
	}
	if got != args[0] {
		ts.Fatalf("%v: exit code %s, want %s", args[1:], got, args[0])
	}
}
