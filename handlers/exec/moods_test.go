package exec_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	osexec "os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
)

// mood is the variable that makes the test program a plugin.
const mood = "EXEC_TEST_MOOD"

func TestMain(m *testing.M) {
	if name := os.Getenv(mood); name != "" {
		moods()[name](newSoul())
		os.Exit(0)
	}
	if os.Getenv(parent) != "" {
		beParent()
	}
	os.Exit(m.Run())
}

// A soul is what the plugins of the tests have in common.
type soul struct {
	in   *bufio.Scanner
	line string // the last one read
}

// A request is what a plugin is sent.
type request struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params struct {
		ID      json.RawMessage // of a cancel: the number of the call
		Type    string
		Payload string
		To      string
	} `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

func newSoul() *soul {
	s := &soul{in: bufio.NewScanner(os.Stdin)}
	s.in.Buffer(nil, 8<<20)
	return s
}

// next reads a message; at the end of the input the plugin ends.
func (s *soul) next() (r request) {
	if !s.in.Scan() {
		os.Exit(0)
	}
	s.line = s.in.Text()
	if err := json.Unmarshal(s.in.Bytes(), &r); err != nil {
		fmt.Fprintln(os.Stderr, "cannot read the request:", err)
		os.Exit(3)
	}
	return r
}

func say(format string, args ...any) { fmt.Fprintf(os.Stdout, format+"\n", args...) }

func answer(id json.RawMessage, payload string) {
	text, _ := json.Marshal(payload)
	say(`{"jsonrpc":"2.0","id":%s,"result":{"payload":%s}}`, id, text)
}

// element is the answer of most plugins here.
func element(text string) string { return "<a xmlns='urn:example:exec'>" + text + "</a>" }

// each answers every request with the same line, in which the number stands for %s.
func each(line string) func(*soul) {
	return func(s *soul) {
		for {
			say("%s", strings.ReplaceAll(line, "%s", string(s.next().ID)))
		}
	}
}

func moods() map[string]func(*soul) {
	return map[string]func(*soul){
		"echo": func(s *soul) {
			for {
				r := s.next()
				answer(r.ID, r.Params.Payload)
			}
		},
		"pid": func(s *soul) {
			for {
				answer(s.next().ID, element(fmt.Sprint(os.Getpid())))
			}
		},
		"backwards": func(s *soul) {
			a, b := s.next(), s.next()
			answer(b.ID, b.Params.Payload)
			answer(a.ID, a.Params.Payload)
			s.next()
		},
		"errors": each(`{"jsonrpc":"2.0","id":%s,"error":{"code":1,"message":"x","data":{"condition":"item-not-found","text":"no such town"}}}`),

		"garbage":       each("this is no JSON"),
		"latin1":        each("{\"id\":%s,\"result\":{\"payload\":\"\xe4\"}}"),
		"unknown":       each(`{"jsonrpc":"2.0","id":4711,"result":{}}`),
		"bad xml":       each(`{"jsonrpc":"2.0","id":%s,"result":{"payload":"<a xmlns='urn:example:exec'>"}}`),
		"two roots":     each(`{"jsonrpc":"2.0","id":%s,"result":{"payload":"<a xmlns='urn:x'/><b xmlns='urn:x'/>"}}`),
		"jabber:client": each(`{"jsonrpc":"2.0","id":%s,"result":{"payload":"<iq xmlns='jabber:client'/>"}}`),
		"old version":   each(`{"jsonrpc":"1.0","id":%s,"result":{}}`),
		"own error":     each(`{"jsonrpc":"2.0","id":%s,"error":{"code":7,"message":"out of paper"}}`),
		"twice":         each(`{"jsonrpc":"2.0","id":%s,"result":{}}` + "\n" + `{"jsonrpc":"2.0","id":%s,"result":{}}`),
		"half": func(s *soul) {
			fmt.Printf(`{"jsonrpc":"2.0","id":%s,"resul`, s.next().ID)
		},
		"100 MB": func(s *soul) {
			s.next()
			for range 100 {
				fmt.Print(strings.Repeat("x", 1<<20))
			}
			say("")
		},
		"dies at once":    func(*soul) { fmt.Fprintln(os.Stderr, "no such module: weather"); os.Exit(5) },
		"dies when asked": func(s *soul) { s.next(); os.Exit(6) },
		"dies of its first": func(s *soul) { // and the next one lives, for it finds what this one has left
			r := s.next()
			if f, err := os.OpenFile(os.Getenv("MARK"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err == nil {
				_ = f.Close()
				os.Exit(7)
			}
			answer(r.ID, element("second life"))
			s.next()
		},
		"hangs": func(*soul) { select {} },
		"never answers": func(s *soul) {
			for {
				s.next()
			}
		},
		"closes stdout": func(s *soul) { s.next(); _ = os.Stdout.Close(); time.Sleep(time.Hour) },
		"closes stdin":  func(*soul) { _ = os.Stdin.Close(); time.Sleep(time.Hour) },
		"ignores SIGTERM": func(s *soul) {
			signal.Ignore(syscall.SIGTERM)
			answer(s.next().ID, element(fmt.Sprint(os.Getpid())))
			time.Sleep(time.Hour)
		},
		"forks": func(s *soul) {
			sleeper := osexec.Command("/bin/sleep", "3600")
			sleeper.Stdin, sleeper.Stdout, sleeper.Stderr = os.Stdin, os.Stdout, os.Stderr
			if err := sleeper.Start(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(3)
			}
			answer(s.next().ID, element(fmt.Sprint(sleeper.Process.Pid)))
			s.next()
			os.Exit(8)
		},
		"floods": func(s *soul) {
			for range 2000 {
				fmt.Fprintln(os.Stderr, strings.Repeat("\x1b[31mflood ", 1000))
			}
			fmt.Fprintln(os.Stderr, strings.Repeat("x", 1<<20))
			moods()["echo"](s)
		},
		"traceback": func(s *soul) {
			fmt.Fprint(os.Stderr, "Traceback\n  File x\nValueError: \x1b[31m\n")
			moods()["echo"](s)
		},
		"world": func(s *soul) {
			id := s.next().ID
			fds, _ := os.ReadDir("/proc/self/fd")
			var open []string
			for _, fd := range fds {
				if target, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && !strings.HasPrefix(target, "anon_inode:") {
					open = append(open, fd.Name()+"="+strings.SplitN(target, ":", 2)[0])
				}
			}
			dir, _ := os.Getwd()
			answer(id, element(strings.Join(os.Environ(), "\n")+"\nfds "+strings.Join(open, " ")+"\ndir "+dir))
			s.next()
		},
		"asks": func(s *soul) { // sends the payload on to somebody, and answers with what comes back
			r := s.next()
			text, _ := json.Marshal(r.Params.Payload)
			say(`{"jsonrpc":"2.0","id":"mine","method":"iq","params":{"to":"alice@example.net/phone","payload":%s,"timeout_ms":%s}}`, text, os.Getenv("OWN_MS"))
			for own := s.next(); ; own = s.next() {
				if string(own.ID) == `"mine"` {
					answer(r.ID, element(strings.ReplaceAll(strings.ReplaceAll(s.line, "<", "("), "&", "+")))
				}
			}
		},
		"raw": func(s *soul) { // writes what it was told to, and answers with what comes back
			r := s.next()
			say("%s", os.Getenv("RAW"))
			s.next()
			answer(r.ID, element(strings.ReplaceAll(s.line, "<", "(")))
			s.next()
		},
		"answers all at last": func(s *soul) {
			var ids []json.RawMessage
			for {
				switch r := s.next(); {
				case r.Method == "cancel":
				case strings.Contains(r.Params.Payload, "at last"):
					answer(r.ID, element(fmt.Sprint("of ", len(ids))))
					for _, id := range ids {
						answer(id, element("late"))
					}
				default:
					ids = append(ids, r.ID)
				}
			}
		},
		"asks without end": func(s *soul) {
			s.next()
			for {
				say(`{"jsonrpc":"2.0","id":1,"method":"iqd/info"}`)
			}
		},
		"tells of cancels": func(s *soul) {
			first := s.next()
			for {
				if r := s.next(); r.Method == "cancel" {
					fmt.Fprintf(os.Stderr, "called off %s\n", r.Params.ID)
					answer(first.ID, element("late"))
				} else {
					answer(r.ID, element("on time"))
				}
			}
		},
	}
}
