package iqdcmd

import (
	"fmt"
	"io"
	"strconv"
)

// ejabberdSnippet writes the listener for ejabberd. ejabberd joins the lists
// "listen" of all its files and of all places in them, so that the text stands for
// itself, in a file of its own or at the end of another.
func ejabberdSnippet(w io.Writer, s serverSetup) error {
	secret, err := s.secretText()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, ejabberdHead, s.JID, s.File, shellWord(serverFile(nameEjabberd, s.JID)))
	io.WriteString(w, ejabberdDelegation(s))
	fmt.Fprintf(w, "listen:\n  -\n%s    module: ejabberd_service\n", ejabberdAddress(s))
	if s.TLS {
		io.WriteString(w, ejabberdTLS)
	}
	fmt.Fprintf(w, ejabberdRest, s.room(), s.MaxReply, s.JID, secret)
	return nil
}

const ejabberdHead = `# ejabberd: %[1]s is an external component (XEP-0114), which iqd serves.
#
# Where: a file of its own, %[3]s. To put it there, secret and all:
#   sudo install -m 0640 -g ejabberd /dev/null %[3]s
#   sudo iqd server-config ejabberd --show-secret -c %[2]s | sudo tee %[3]s >/dev/null
#   and once, at the end of /etc/ejabberd/ejabberd.yml, with no space before it:
#   include_config_file: %[3]s
#   Or append the whole text to ejabberd.yml, or put what is below "listen:" into the list of that name there.
#   Where a component of iqd listens at this port already: put only the last two lines, with their
#   spaces, under "hosts:" of its listener. Two listeners cannot have one port.
# Load:  sudo ejabberdctl reload_config
# Leave domain_balancing out for this domain: with it, IQs vanish whenever a connection is missing.
`

const ejabberdTLS = `    tls: true
    # Without a certificate of its own the listener closes each connection and says nothing.
    certfile: "/etc/ejabberd/ejabberd.pem"
`

const ejabberdRest = `    # This stream gets what is for its own domain, and nothing of the other listeners'.
    global_routes: false
    # Bytes of one stanza; max_reply_bytes of [limits] is %[2]d.
    max_stanza_size: %[1]d
    hosts:
      %[3]q:
        password: %[4]s
`

// ejabberdAddress returns the lines about where the listener listens.
func ejabberdAddress(s serverSetup) string {
	if s.Host == "" {
		return fmt.Sprintf("    port: %q\n", "unix:"+s.Port)
	}
	return fmt.Sprintf("    port: %s\n    ip: %s\n", s.Port, strconv.Quote(s.address("::")))
}
