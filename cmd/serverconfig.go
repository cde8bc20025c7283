package iqdcmd

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// secretPlaceholder stands for the secret where that is not to be shown. Both
// servers take it, and who reads it knows what to do.
const secretPlaceholder = "REPLACE-ME-with-the-secret-of-iqd"

// A serverSetup is what a server has to know of us.
type serverSetup struct {
	JID      string
	Secret   string // empty: the placeholder
	Host     string // empty: Port is the path of a Unix socket
	Port     string
	TLS      bool
	MaxReply int    // the largest stanza that we write
	File     string // our configuration, as a shell reads it

	Delegated []string // the namespaces that it is to delegate to us, quoted
	Hosts     []string // which delegate
}

// A snippet writes the configuration that a server needs for a component. What it
// writes is taken by the server as it is.
type snippet func(w io.Writer, s serverSetup) error

// serverConfigCommand returns the command server-config.
func (a *app) serverConfigCommand() *cobra.Command {
	snippets := map[string]snippet{"prosody": prosodySnippet, "ejabberd": ejabberdSnippet}
	showSecret := false
	cmd := &cobra.Command{
		Use:       "server-config prosody|ejabberd",
		Short:     "Print what the server needs in its configuration, and where it goes",
		Args:      oneServer,
		ValidArgs: []string{"prosody", "ejabberd"},
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := a.serverSetup(showSecret)
			if err != nil {
				return err
			}
			var b strings.Builder
			if err := snippets[args[0]](&b, s); err != nil {
				return mistake(fmt.Errorf("write for %s: %w", args[0], err))
			}
			_, err = io.WriteString(a.world.Stdout, b.String())
			return err
		},
	}
	a.configFlag(cmd)
	cmd.Flags().BoolVar(&showSecret, "show-secret", false, "write the secret and no placeholder")
	return cmd
}

// serverSetup reads the configuration for what the server has to know.
func (a *app) serverSetup(showSecret bool) (serverSetup, error) {
	c, err := a.load()
	if err != nil {
		return serverSetup{}, err
	}
	s := serverSetup{
		JID: c.Component.JID, TLS: c.Component.TLS.Enabled,
		MaxReply: c.Limits.MaxReplyBytes, File: shellWord(a.config),
	}
	if abs, err := filepath.Abs(a.config); err == nil {
		s.File = shellWord(abs)
	}
	if path, ok := strings.CutPrefix(c.Component.Server, "unix:"); ok {
		s.Port = path
	} else if s.Host, s.Port, err = net.SplitHostPort(c.Component.Server); err != nil {
		return serverSetup{}, mistake(fmt.Errorf("%s: server: %w", a.config, err))
	}
	if err := s.delegation(c, a.reg, a.world.Getenv); err != nil {
		return serverSetup{}, mistake(err)
	}
	if showSecret {
		if s.Secret, _, err = c.Secret(a.world.Getenv); err != nil {
			return serverSetup{}, mistake(advised(err, false))
		}
	}
	return s, nil
}

// serverFile returns the file of its own that a server's configuration of a
// component goes into: two components have two.
func serverFile(server, jid string) string {
	label, _, _ := strings.Cut(jid, ".")
	if server == nameProsody {
		return "/etc/prosody/conf.d/" + label + ".cfg.lua"
	}
	return "/etc/ejabberd/" + label + ".yml"
}

// loopback reports whether the server listens for programs of its own machine.
func (s serverSetup) loopback() bool {
	ip := net.ParseIP(s.Host)
	return s.Host == "localhost" || ip != nil && ip.IsLoopback()
}

// address returns the address that the server has to listen on: that of iqd's
// file where it is one. A name may have other addresses on the server itself.
func (s serverSetup) address(any string) string {
	switch {
	case net.ParseIP(s.Host) != nil:
		return s.Host
	case s.loopback():
		return "127.0.0.1"
	}
	return any
}

// secretText returns the secret or what stands for it, as it stands in a server's
// file.
func (s serverSetup) secretText() (string, error) {
	text, err := quote(cmp.Or(s.Secret, secretPlaceholder))
	if err != nil {
		return "", fmt.Errorf("the secret has a %w: choose another one", err)
	}
	return text, nil
}

// room returns a limit of the server's that lets our largest stanza pass: at
// least what it has without being told.
func (s serverSetup) room() int {
	const usual, step = 512 << 10, 64 << 10
	return max(usual, (s.MaxReply+step-1)/step*step)
}

var errControl = errors.New("control character in it, which no server's file can hold")

// quote returns a string as Lua and YAML both write it. They have only the
// escapes for the quote and the backslash in common, and these are enough.
func quote(s string) (string, error) {
	for _, r := range s {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' || r == '\ufeff' {
			return "", errControl
		}
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`, nil
}

// shellWord returns a path as a shell reads it back, on one line.
func shellWord(path string) string {
	if strings.Trim(path, "/._-+@:%=,0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
		return path
	}
	return "'" + strings.NewReplacer("'", `'\''`, "\n", "?").Replace(path) + "'"
}

// portNumber returns the port, or why there is none.
func (s serverSetup) portNumber() (int, error) {
	if s.Host == "" {
		return 0, errors.New("it has no component port on a Unix socket: write server = \"127.0.0.1:5347\" in iqd's file")
	}
	return strconv.Atoi(s.Port)
}
