package webhook_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const (
	ours = "internal-server-error"
	late = "remote-server-timeout"
)

// Whatever a webhook answers, or does not, the requester gets a clear error in
// time, the log says why, and neither another plugin nor the stream notices.
func TestBadWebhooks(t *testing.T) {
	for name, tc := range map[string]struct {
		hook http.HandlerFunc
		cond string
		log  string
	}{
		"hangs":                      {hang, late, "deadline"},
		"drips a byte a tick":        {drip, late, "deadline"},
		"drips its header":           {dripHeader, late, "deadline"},
		"sends a gigabyte":           {flood(""), ours, "an answer of more than 1048576 bytes"},
		"says that it is a gigabyte": {flood("1073741824"), ours, "an answer of more than 1048576 bytes"},
		"a gigabyte of a 500":        {failFlood, ours, "status 500 Internal Server Error"},
		"a header without an end":    {floodHeader, ours, "post: "},
		"redirects":                  {http.RedirectHandler("/elsewhere", http.StatusFound).ServeHTTP, ours, "status 302 Found: redirects are not followed"},
		"redirects the body":         {http.RedirectHandler("/elsewhere", http.StatusPermanentRedirect).ServeHTTP, ours, "status 308 Permanent Redirect: redirects are not followed"},
		"HTML":                       {typed("text/html; charset=utf-8", "<html>hello</html>"), ours, "text/html"},
		"no type":                    {typed("", "{}"), ours, "Content-Type is"},
		"compressed":                 {compressed, ours, "Content-Encoding is"},
		"closes at once":             {cut(""), ours, "EOF"},
		"closes halfway":             {cut("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"jsonrpc\""), ours, "unexpected EOF"},
		"speaks no HTTP":             {cut("SSH-2.0-OpenSSH_9.2\r\n"), ours, "malformed HTTP"},
		"no JSON":                    {typed("application/json", "hello"), ours, "no JSON object"},
		"half an object":             {typed("application/json", `{"jsonrpc":"2.0","id":1,`), ours, "unexpected end of JSON input"},
		"nothing":                    {typed("application/json", ""), ours, "no JSON object"},
		"a list":                     {says(`[%s]`), ours, "no JSON object"},
		"two answers":                {says(`%[1]s%[1]s`), ours, "after top-level value"},
		"no version":                 {typed("application/json", `{"id":1,"result":null}`), ours, "jsonrpc"},
		"not UTF-8":                  {typed("application/json", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"payload\":\"\xff\"}}"), ours, "not UTF-8"},
		"answers another id":         {typed("application/json", `{"jsonrpc":"2.0","id":4711,"result":null}`), ours, "4711"},
		"answers no id":              {typed("application/json", `{"jsonrpc":"2.0","id":null,"result":null}`), ours, "an answer to "},
		"asks back":                  {typed("application/json", `{"jsonrpc":"2.0","id":1,"method":"iq"}`), ours, "a request where the answer was expected"},
		"two roots":                  {payload("<a xmlns='urn:x'/><b xmlns='urn:x'/>"), ours, "something behind the element"},
		"text in place of XML":       {payload("sunny"), ours, "not-well-formed"},
		"a stanza":                   {payload("<iq xmlns='jabber:client' type='result'/>"), ours, "jabber:client"},
		"no namespace":               {payload("<query/>"), ours, "namespace"},
		"an entity":                  {payload("<a xmlns='urn:x'>&lol;</a>"), ours, "not-well-formed"},
		"500":                        {status(500), ours, "status 500 Internal Server Error"},
		"a status of its own":        {status(799), ours, "status 799"},
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); bad(t, tc.hook, tc.cond, tc.log) })
	}
}

func bad(t *testing.T, f http.HandlerFunc, cond, why string) {
	url := hook(t, f).URL
	cfg := config(strings.Replace(url, "http://", "http://user:hunter2@", 1) + "/hook?key=hunter3")
	r := begin(t, cfg, deadline)
	began := time.Now()
	r.send("get", "1", "<query xmlns='"+weather+"'/>")
	r.send("get", "2", "<ping xmlns='urn:xmpp:ping'/>")
	want(t, r.reply("2"), "type='result'") // not held up
	want(t, r.reply("1"), "type='error'", "<"+cond)
	if took := time.Since(began); took > deadline+5*time.Second {
		t.Errorf("answered after %s", took)
	}
	r.send("get", "3", "<ping xmlns='urn:xmpp:ping'/>")
	want(t, r.reply("3"), "type='result'")
	if n := r.srv.Streams(); n != 1 {
		t.Errorf("%d streams", n)
	}
	text := r.logged(why)
	want(t, text, "handler=weather", url+"/hook")
	if strings.Contains(text, "hunter") {
		t.Errorf("the log tells a secret:\n%s", text)
	}
}

func hang(_ http.ResponseWriter, r *http.Request) {
	read(r) // or the end of the connection is not noticed
	<-r.Context().Done()
}

// ticks calls f until it fails, or ten seconds have gone.
func ticks(f func() error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 500 {
		if f() != nil {
			return
		}
		<-tick.C
	}
}

func drip(w http.ResponseWriter, r *http.Request) {
	read(r)
	w.Header().Set("Content-Type", "application/json")
	ticks(func() error {
		fmt.Fprint(w, " ")
		return http.NewResponseController(w).Flush()
	})
}

func dripHeader(w http.ResponseWriter, r *http.Request) {
	read(r)
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	fmt.Fprint(buf, "HTTP/1.1 200 OK\r\nX-Drip: ")
	ticks(func() error {
		fmt.Fprint(buf, "a")
		return buf.Flush()
	})
}

// flood sends up to a gigabyte.
func flood(length string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		read(r)
		w.Header().Set("Content-Type", "application/json")
		if length != "" {
			w.Header().Set("Content-Length", length)
		}
		gigabyte(w)
	}
}

// gigabyte writes one, unless the other side has had enough.
func gigabyte(w http.ResponseWriter) {
	chunk := []byte(strings.Repeat(" ", 1<<16))
	for range 1 << 14 {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

func failFlood(w http.ResponseWriter, r *http.Request) {
	read(r)
	w.WriteHeader(500)
	gigabyte(w)
}

func floodHeader(w http.ResponseWriter, r *http.Request) {
	read(r)
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	fmt.Fprint(buf, "HTTP/1.1 200 OK\r\n")
	for i := 0; i < 1<<20 && err == nil; i++ {
		_, err = fmt.Fprintf(buf, "X-%d: %s\r\n", i, strings.Repeat("a", 1000))
	}
}

func typed(kind, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		read(r)
		w.Header()["Content-Type"] = []string{kind}
		fmt.Fprint(w, text)
	}
}

func compressed(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	sunny(w, r)
}

// cut writes what it is told and closes the connection.
func cut(raw string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		read(r)
		conn, buf, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(buf, raw)
		_ = buf.Flush()
	}
}

// says writes the right answer within another text.
func says(format string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, format, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"result":null}`, read(r).ID))
	}
}

func payload(xml string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer(w, read(r).ID, fmt.Sprintf(`"result":{"payload":%q}`, xml))
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		read(r)
		w.WriteHeader(code)
	}
}

// A redirect reaches nobody else, with what a request holds.
func TestRedirectIsNotFollowed(t *testing.T) {
	var asked atomic.Int32
	other := hook(t, func(w http.ResponseWriter, r *http.Request) { asked.Add(1); sunny(w, r) })
	for _, code := range []int{301, 302, 303, 307, 308} {
		r := serve(t, patience, http.RedirectHandler(other.URL, code).ServeHTTP)
		want(t, r.ask("get"), "<"+ours)
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the other server was asked %d times", n)
	}
}

// A gigabyte is not read: what was sent fits into the buffers on the way.
func TestGigabyteIsNotRead(t *testing.T) {
	sent := make(chan int, 1)
	r := serve(t, patience, func(w http.ResponseWriter, r *http.Request) {
		count := &counter{ResponseWriter: w}
		flood("")(count, r)
		sent <- count.n
	})
	want(t, r.ask("get"), "<"+ours)
	select {
	case n := <-sent:
		if n > 64<<20 {
			t.Errorf("%d bytes were taken", n)
		}
	case <-time.After(patience):
		t.Error("the connection is still open")
	}
}

type counter struct {
	http.ResponseWriter
	n int
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.n += n
	return n, err
}

// Requests that hang take the places of their own plugin only, and the connections
// are free again when they are over.
func TestHangingWebhookRecovers(t *testing.T) {
	var calm atomic.Bool
	srv := hook(t, func(w http.ResponseWriter, r *http.Request) {
		if calm.Load() {
			sunny(w, r)
			return
		}
		hang(w, r)
	})
	cfg := config(srv.URL)
	cfg.Connections = 2
	r := begin(t, cfg, deadline)
	for i := range 6 { // three times as many as there are connections
		r.send("get", fmt.Sprint("hang", i), "<query xmlns='"+weather+"'/>")
	}
	for i := range 6 {
		want(t, r.reply(fmt.Sprint("hang", i)), "<"+late)
	}
	calm.Store(true)
	want(t, r.ask("get"), "sunny")
}

// logged waits for the log to have why in it, and returns it.
func (r *rig) logged(why string) string {
	r.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); <-time.After(time.Millisecond) {
		if text := r.log.String(); strings.Contains(text, why) {
			return text
		}
	}
	r.t.Fatalf("%q is not in:\n%s", why, r.log)
	return ""
}
