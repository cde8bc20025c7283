package webhook

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
)

// A target is where requests are posted to.
type target struct {
	url    string // as net/http takes it
	socket string // the path of a Unix socket; empty: none
	shown  string // for the log: without user, password and query
	tls    bool
	user   bool // there is a name to log in with
	far    bool // on another machine, as far as can be told
}

// parseTarget reads the key url: "http:" or "https:" and what follows, or "unix:",
// the path of a socket, and, after another colon, the path to post to.
func parseTarget(s string) (target, error) {
	if rest, ok := strings.CutPrefix(s, "unix:"); ok {
		socket, path, _ := strings.Cut(rest, ":")
		if !filepath.IsAbs(socket) {
			return target{}, fmt.Errorf("%q is no absolute path of a socket", socket)
		}
		t, err := parseTarget("http://localhost/" + strings.TrimPrefix(path, "/"))
		t.socket, t.shown = socket, "unix:"+socket
		return t, err
	}
	u, err := url.Parse(s)
	switch {
	case s == "":
		return target{}, errors.New("is missing: where to post to")
	case err != nil:
		return target{}, errors.New("cannot be parsed") // its error shows a password
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return target{}, errors.New(`is none of "http://HOST/...", "https://HOST/..." and "unix:/PATH"`)
	case u.Fragment != "":
		return target{}, errors.New("what follows # is not sent to a server")
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return target{
		url: s, shown: shown.String(),
		tls: u.Scheme == "https", user: u.User != nil, far: !loopback(u.Hostname()),
	}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
