package realserver

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ejabberd is run by the Erlang machine itself. The script around it would change to another user
// and leave a port mapper behind.
func ejabberd() kind {
	return kind{
		missing: missingEjabberd,
		prepare: (*Server).prepareEjabberd,
		command: (*Server).ejabberdCommand,
		ready: func(s *Server) bool {
			_, err := os.Stat(s.path("ready"))
			return err == nil
		},
		ctl:  (*Server).ejabberdCtl,
		logs: []string{"logs/ejabberd.log"},
	}
}

func missingEjabberd() error {
	if ejabberdLibs() == "" {
		return errors.New("no code of ejabberd in /usr/lib")
	}
	_, err := exec.LookPath("erl")
	return err
}

// ejabberdMain is the configuration ahead of the listener for components.
const ejabberdMain = `loglevel: info
log_rotate_count: 0
hosts: [%[1]q]
auth_method: internal
auth_password_format: plain
acme:
  auto: false
modules:
  mod_admin_extra: {}
  mod_disco: {}
  mod_last: {}
  mod_ping: {}
  mod_private: {}
  mod_roster: {}
  mod_time: {}
  mod_vcard: {}
  mod_version: {}
%[3]slisten:
  -
    port: %[2]d
    ip: "127.0.0.1"
    module: ejabberd_c2s
    max_stanza_size: 262144
`

func (s *Server) prepareEjabberd() error {
	for _, dir := range []string{"spool", "logs", "home"} {
		if err := os.MkdirAll(s.path(dir), 0o700); err != nil {
			return err
		}
	}
	files := map[string][]byte{"ejabberd.yml": []byte(s.ejabberdConfig())}
	if ownListen(s.opts.Snippet) {
		files["snippet.yml"] = []byte(s.opts.Snippet)
	}
	return s.write(files)
}

func (s *Server) ejabberdConfig() string {
	var b strings.Builder
	fmt.Fprintf(&b, ejabberdMain, s.Domain, s.C2SPort, s.ejabberdDelegations())
	switch {
	case ownListen(s.opts.Snippet):
		fmt.Fprintf(&b, "include_config_file: %q\n", s.path("snippet.yml"))
	case s.opts.Snippet != "":
		b.WriteString(s.opts.Snippet + "\n")
	case len(s.Components) > 0:
		s.ejabberdListener(&b, s.ComponentPort)
		if s.TLSPort != 0 {
			s.ejabberdListener(&b, s.TLSPort)
			// ejabberd closes each connection without a word when the listener has no certificate of its own.
			fmt.Fprintf(&b, "    tls: true\n    certfile: %q\n", s.path("tls.pem"))
		}
	}
	b.WriteString(s.opts.Extra)
	return b.String()
}

// ejabberdDelegations is the module that delegates, and behind the modules who may be delegated to.
func (s *Server) ejabberdDelegations() string {
	if s.opts.Delegate == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString("  mod_delegation:\n    namespaces:\n")
	for _, space := range s.opts.Delegate {
		fmt.Fprintf(&b, "      %q:\n        access: delegated\n", space)
	}
	fmt.Fprintf(&b, "acl:\n  delegated:\n    server: %q\naccess_rules:\n  delegated:\n    allow: delegated\n", s.Component)
	return b.String()
}

// ownListen reports whether a snippet is a configuration of its own and no item of a list.
func ownListen(snippet string) bool {
	return strings.HasPrefix(snippet, "listen:") || strings.Contains(snippet, "\nlisten:")
}

func (s *Server) ejabberdListener(b *strings.Builder, port int) {
	// Without global_routes a connection serves the host that it names, and not all of the list.
	fmt.Fprintf(b, "  -\n    port: %d\n    ip: \"127.0.0.1\"\n    module: ejabberd_service\n    global_routes: false\n", port)
	if s.opts.StanzaLimit != 0 {
		fmt.Fprintf(b, "    max_stanza_size: %d\n", s.opts.StanzaLimit)
	}
	b.WriteString("    hosts:\n")
	for _, domain := range slices.Sorted(maps.Keys(s.Components)) {
		fmt.Fprintf(b, "      %q:\n        password: %q\n", domain, s.Components[domain])
	}
}

func (s *Server) ejabberdCommand() *exec.Cmd {
	_ = os.Remove(s.path("ready"))
	cmd := s.erl(s.ejabberdNode(),
		"+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none", // leave the processor to the tests
		"-kernel", "inet_dist_use_interface", "{127,0,0,1}",
		"-mnesia", "dir", strconv.Quote(s.path("spool")),
		"-s", "ejabberd", "-eval", s.registerUsers())
	cmd.Env = append(cmd.Env,
		"EJABBERD_CONFIG_PATH="+s.path("ejabberd.yml"),
		"EJABBERD_LOG_PATH="+s.path("logs/ejabberd.log"),
		"EJABBERD_PID_PATH="+s.path("ejabberd.pid"),
		"ERL_CRASH_DUMP="+s.path("logs/erl_crash.dump"))
	return cmd
}

// registerUsers is Erlang that runs once ejabberd has started, and then says so with a file.
func (s *Server) registerUsers() string {
	var users []string
	for _, user := range s.users {
		users = append(users, fmt.Sprintf("<<%q>>", user))
	}
	return fmt.Sprintf(`[ejabberd_auth:try_register(U, <<%q>>, <<%q>>) || U <- [%s]], ok = file:write_file(%q, <<>>).`,
		s.Domain, Password, strings.Join(users, ","), s.path("ready"))
}

func (s *Server) ejabberdCtl(args []string) *exec.Cmd {
	caller := fmt.Sprintf("ctl%d@localhost", os.Getpid())
	return s.erl(caller, slices.Concat(
		[]string{"-hidden", "-dist_listen", "false", "-s", "ejabberd_ctl", "-extra", s.ejabberdNode()}, args)...)
}

func (s *Server) ejabberdNode() string { return fmt.Sprintf("iqd%d@localhost", s.adminPort) }

// erl runs an Erlang node that others find at a fixed port, with no port mapper in between.
func (s *Server) erl(node string, args ...string) *exec.Cmd {
	cmd := exec.Command("erl", append([]string{
		"-noinput", "-sname", node, "-setcookie", fmt.Sprintf("iqd%d", s.adminPort),
		"-start_epmd", "false", "-erl_epmd_port", strconv.Itoa(s.adminPort),
	}, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+s.path("home"), "ERL_LIBS="+ejabberdLibs())
	return cmd
}

// ejabberdLibs is the folder in which Debian keeps ejabberd's code.
func ejabberdLibs() string {
	for _, pattern := range []string{"/usr/lib/*/ejabberd-*/ebin", "/usr/lib/ejabberd-*/ebin"} {
		for _, ebin := range globbed(pattern) {
			if _, err := os.Stat(filepath.Join(ebin, "ejabberd.app")); err == nil {
				return filepath.Dir(filepath.Dir(ebin))
			}
		}
	}
	return ""
}

func globbed(pattern string) []string {
	found, _ := filepath.Glob(pattern) // an error says that the pattern is bad, and these are not
	return found
}
