// Package iqdcmd is the daemon iqd: its commands, its configuration file, its
// logging and its signals. A program with handlers of its own copies cmd/iqd and
// adds them to the registry.
package iqdcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/iqd-xmpp/iqd/handlers"
)

// The exit codes of every command.
const (
	ExitDone    = 0 // done
	ExitFailed  = 1 // failed: the world was not as it had to be
	ExitMistake = 2 // a mistake of the operator: a flag, an argument, the configuration
)

// A World is what a command sees of the process that it runs in, so that a test
// can be one.
type World struct {
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	Getenv  func(string) string
	Signals <-chan os.Signal // SIGTERM, SIGINT and SIGHUP; nil: none arrive

	listen func() <-chan os.Signal // of Main: in place of Signals
}

// signals returns the signals that the world sends from now on. A command that
// never asks for them ends by them, as any program does.
func (w World) signals() <-chan os.Signal {
	if w.listen != nil {
		return w.listen()
	}
	return w.Signals
}

// Main runs the command that the arguments of the process name, with the
// handlers of reg, and returns the exit code.
func Main(reg handlers.Registry) int {
	// A crash of the Go runtime ends with 2 otherwise, which for a service manager
	// is a mistake of the operator and no reason to start again.
	debug.SetTraceback("crash")
	// From the first byte on, an output that nobody reads any more is an error and
	// not the end (os/signal, "SIGPIPE"). Whoever gets the signal has nothing to do.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return Execute(context.Background(), os.Args[1:], World{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, listen: listen,
	}, reg)
}

// listen has the signals of the process sent to us.
func listen() <-chan os.Signal {
	sigs := make(chan os.Signal, 4)
	signal.Notify(sigs, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	return sigs
}

// Execute runs the command that args name and returns the exit code. It prints
// the error that the command ended with.
func Execute(ctx context.Context, args []string, w World, reg handlers.Registry) int {
	a := &app{world: w, reg: reg}
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(w.Stdin)
	root.SetOut(w.Stdout)
	root.SetErr(w.Stderr)
	err := root.ExecuteContext(ctx)
	printError(w.Stderr, err)
	return a.exitCode(err)
}

// printError prints err, each of its lines with the name of the program. Who has
// stopped reading what we print, as head does, need not be told.
func printError(w io.Writer, err error) {
	var file *fs.PathError
	if err == nil || errors.As(err, &file) && file.Op == "write" && errors.Is(err, syscall.EPIPE) {
		return
	}
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); line != "" {
			fmt.Fprintf(w, "iqd: %s\n", line)
		}
	}
}

// A mistakeError is an error that the operator made.
type mistakeError struct{ error }

func (e mistakeError) Unwrap() error { return e.error }

// mistake marks err as one that the operator made, so that the exit code is 2.
func mistake(err error) error {
	if err == nil {
		return nil
	}
	return mistakeError{err}
}

// exitCode returns the exit code of a command that ended with err. Before a
// command has started, only its arguments can be wrong.
func (a *app) exitCode(err error) int {
	var m mistakeError
	switch {
	case err == nil:
		return ExitDone
	case errors.As(err, &m) || !a.started:
		return ExitMistake
	}
	return ExitFailed
}
