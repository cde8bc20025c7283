package realserver

import (
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
)

func prosody() kind {
	return kind{
		missing: func() error { _, err := exec.LookPath("prosody"); return err },
		prepare: (*Server).prepareProsody,
		command: func(s *Server) *exec.Cmd {
			return exec.Command("prosody", "--config", s.path("prosody.cfg.lua"), "-F")
		},
		ready: func(*Server) bool { return true },
		ctl: func(s *Server, args []string) *exec.Cmd {
			return exec.Command("prosodyctl", append([]string{"--config", s.path("prosody.cfg.lua")}, args...)...)
		},
		logs: []string{"prosody.log"},
	}
}

// prosodyMain is the configuration ahead of the hosts. run_as_root: without it, started by root, it
// would change to a user who cannot read these files, or refuse.
const prosodyMain = `run_as_root = true
daemonize = false
pidfile = %[1]q
data_path = %[2]q
certificates = %[2]q
admin_socket = %[3]q
interfaces = { "127.0.0.1" }
component_interfaces = { "127.0.0.1" }
c2s_ports = { %[4]d }
component_ports = { %[5]d }
authentication = "internal_plain"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
modules_disabled = { "s2s", "bosh", "websocket", "http" }
modules_enabled = { "posix", "saslauth", "roster", "disco", "ping", "version", "time", "vcard", "private", "admin_shell"%[6]s }
log = { { levels = { min = "info" }, to = "file", filename = %[7]q } }
`

func (s *Server) prepareProsody() error {
	files := map[string][]byte{"prosody.cfg.lua": []byte(s.prosodyConfig())}
	for _, user := range s.users {
		files["data/localhost/accounts/"+user+".dat"] = fmt.Appendf(nil, "return { password = %q };\n", Password)
	}
	return s.write(files)
}

func (s *Server) prosodyConfig() string {
	var b strings.Builder
	modules := ""
	if s.TLSPort != 0 {
		modules = `, "net_multiplex"` // component_ports of Prosody knows no TLS
	}
	if s.opts.Delegate != nil {
		modules += `, "delegation"` // of the package prosody-modules
	}
	fmt.Fprintf(&b, prosodyMain, s.path("prosody.pid"), s.path("data"), s.socket,
		s.C2SPort, s.ComponentPort, modules, s.path("prosody.log"))
	if s.TLSPort != 0 {
		fmt.Fprintf(&b, "ssl_ports = { %d }\n", s.TLSPort)
		fmt.Fprintf(&b, "ssl = { certificate = %q, key = %q }\n", s.path("cert.pem"), s.path("key.pem"))
	}
	if s.opts.StanzaLimit != 0 {
		fmt.Fprintf(&b, "component_stanza_size_limit = %d\n", s.opts.StanzaLimit)
	}
	fmt.Fprintf(&b, "%s\nVirtualHost %q\n", s.opts.Extra, s.Domain)
	s.prosodyDelegations(&b)
	if s.opts.Snippet != "" {
		return b.String() + s.opts.Snippet
	}
	for _, domain := range slices.Sorted(maps.Keys(s.Components)) {
		fmt.Fprintf(&b, "Component %q\n\tcomponent_secret = %q\n", domain, s.Components[domain])
		if s.opts.KickOld {
			b.WriteString("\tcomponent_conflict_resolve = \"kick_old\"\n")
		}
		if s.opts.Delegate != nil {
			b.WriteString("\tmodules_enabled = { \"delegation\" }\n")
		}
	}
	return b.String()
}

func (s *Server) prosodyDelegations(b *strings.Builder) {
	if s.opts.Delegate == nil {
		return
	}
	b.WriteString("\tdelegations = {\n")
	for _, space := range s.opts.Delegate {
		fmt.Fprintf(b, "\t\t[%q] = { jid = %q };\n", space, s.Component)
	}
	b.WriteString("\t}\n")
}
