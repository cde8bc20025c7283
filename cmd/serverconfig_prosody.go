package iqdcmd

import (
	"fmt"
	"io"
	"strings"
)

// prosodyPort is the component port that Prosody opens without being told.
const prosodyPort = 5347

// prosodySnippet writes the Component section for Prosody 0.12 and later, and
// what the server as a whole needs beside it.
func prosodySnippet(w io.Writer, s serverSetup) error {
	port, err := s.portNumber()
	if err != nil {
		return err
	}
	secret, err := s.secretText()
	if err != nil {
		return err
	}
	global := prosodyGlobal(s, port)
	fmt.Fprintf(w, prosodyHead, s.JID, s.File, shellWord(serverFile(nameProsody, s.JID)))
	io.WriteString(w, prosodyLoad(s, global))
	io.WriteString(w, prosodyDelegation(s))
	if s.TLS {
		fmt.Fprintf(w, prosodyTLS, s.Host, port, prosodyPort)
	}
	if global != "" {
		// In this form it is global in any place, and no second setting for Prosody to stumble over.
		fmt.Fprintf(w, "\nVirtualHost \"*\" { -- the whole server, wherever this text stands\n%s}\n", global)
	}
	fmt.Fprintf(w, prosodyComponent, s.JID, secret)
	if len(s.Delegated) > 0 {
		io.WriteString(w, prosodyDelegated)
	}
	return nil
}

const prosodyHead = `-- Prosody: %[1]s is an external component (XEP-0114), which iqd serves.
--
-- Where: a file of its own, %[3]s. To put it there, secret and all:
--   sudo install -m 0640 -g prosody /dev/null %[3]s
--   sudo iqd server-config prosody --show-secret -c %[2]s | sudo tee %[3]s >/dev/null
--   Where prosody.cfg.lua has no line Include "conf.d/*.cfg.lua": at the end of prosody.cfg.lua.
-- Check: sudo prosodyctl check config
`

// prosodyLoad says how Prosody comes to know. What is set for the whole server it
// reads at its start alone.
func prosodyLoad(s serverSetup, global string) string {
	const restart = "-- Load:  sudo systemctl restart prosody\n"
	if global != "" || len(s.Delegated) > 0 {
		return restart
	}
	return restart + "--   or, with no user disconnected:\n" +
		"--   sudo prosodyctl shell config reload && sudo prosodyctl shell host activate " + s.JID + "\n"
}

const prosodyTLS = `-- TLS:   Prosody's component port has none, and [component.tls] is enabled. Put stunnel in front of it
--   (/etc/stunnel/iqd.conf), with a certificate for the server_name of [component.tls]:
--     [iqd]
--     accept = %[1]s:%[2]d
--     connect = 127.0.0.1:%[3]d
--     cert = /etc/prosody/certs/localhost.crt
--     key = /etc/prosody/certs/localhost.key
--   Prosody can do it itself too: "net_multiplex" in modules_enabled, and ssl_ports = { %[2]d }.
`

// prosodyGlobal returns the options of the whole server that differ from what
// Prosody does without being told.
func prosodyGlobal(s serverSetup, port int) string {
	var b strings.Builder
	if !s.TLS && port != prosodyPort {
		fmt.Fprintf(&b, "\tcomponent_ports = { %d }; -- of all external components; Prosody's own choice is %d\n", port, prosodyPort)
	}
	if !s.TLS && !s.loopback() {
		fmt.Fprintf(&b, "\tcomponent_interfaces = { %q }; -- the secret is safe there, what follows it is not: see [component.tls]\n", s.address("*"))
	}
	if room := s.room(); room > 512<<10 {
		fmt.Fprintf(&b, "\tcomponent_stanza_size_limit = %d; -- bytes; max_reply_bytes of [limits] is %d\n", room, s.MaxReply)
	}
	return b.String()
}

const prosodyComponent = `
Component %[1]q
	component_secret = %[2]s -- the secret of [component]
	-- After a broken network the old connection looks alive for a while: let the new one replace it.
	component_conflict_resolve = "kick_old"
`
