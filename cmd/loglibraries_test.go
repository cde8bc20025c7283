package iqdcmd_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
)

// babbler is a web server that answers, and says a lot more than it was asked.
func babbler(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				fmt.Fprintf(conn, "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 \x1b[31m%s", strings.Repeat("babble\n", 500))
			}
			conn.Close()
		}
	}()
	return l.Addr().String()
}

// What net/http has to tell of a web server that says more than it was asked is in
// the log, in its format and a line of bounded length.
func TestLogHearsLibraries(t *testing.T) {
	r := stage(t, "[handlers.weather]\nkind = 'webhook'\nnamespaces = ['urn:example:weather']\nurl = 'http://"+babbler(t)+"/'\n")
	cmd := r.startProcess()
	r.online()
	if got := r.ask("juliet@example.net/balcony", "urn:example:weather", "query"); !isResult(got) {
		t.Errorf("answered with %s", got)
	}
	r.log.wait(t, "Unsolicited response")
	signal(t, cmd, sigTERM)
	if code := exitOf(t, cmd); code != 0 {
		t.Errorf("exit code %d", code)
	}
	for line := range strings.Lines(r.log.String()) {
		if !json.Valid([]byte(line)) || len(line) > 2000 {
			t.Errorf("a line of %d bytes that is not of the log: %.200q", len(line), line)
		}
	}
}
