package iqdcmd_test

import (
	"context"
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	killChains = 4  // run beside each other
	killOwners = 4  // that set all the time
	killItems  = 10 // of each
)

// TestS05KillDuringRosterSets ends the daemon with SIGKILL at random moments of roster
// sets that are pipelined, 200 times. After each start what was acknowledged is
// there, and of no item half (issue 4, S05).
func TestS05KillDuringRosterSets(t *testing.T) {
	kills := 50
	if testing.Short() {
		kills = 3
	}
	for i := range killChains {
		t.Run(fmt.Sprint("chain ", i), func(t *testing.T) {
			t.Parallel()
			k := &killing{running: stage(t, "[handlers.roster]\n"), known: map[string]map[string]int{}}
			for range kills {
				k.once()
			}
			t.Logf("%d kills, %d sets acknowledged", kills, k.acked)
		})
	}
}

// A killing is a daemon and what it has acknowledged.
type killing struct {
	*running
	n     int
	acked int
	asked map[string]rosterSet
	known map[string]map[string]int // by owner and item: the last value
}

type rosterSet struct {
	owner, item string
	value       int
}

// once starts the daemon, looks at what is there, sets, and kills it.
func (k *killing) once() {
	k.t.Helper()
	cmd := k.startProcess()
	k.online()
	k.compare()
	k.asked = map[string]rosterSet{}
	end := time.After(time.Duration(rand.IntN(100)) * time.Millisecond)
	for alive := true; alive; {
		k.ask(20)
		select {
		case <-end:
			alive = false
		case <-time.After(time.Millisecond):
		}
	}
	kill(k.t, cmd)
	ctx, cancel := context.WithTimeout(k.t.Context(), patience)
	defer cancel()
	if err := k.server.WaitOffline(ctx); err != nil {
		k.t.Fatal(err)
	}
	k.collect()
}

func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	signal(t, cmd, syscall.SIGKILL)
	if err := cmd.Wait(); err == nil {
		t.Fatal("the daemon ended by itself")
	}
}

// ask sends sets without waiting for any.
func (k *killing) ask(n int) {
	k.t.Helper()
	for range n {
		k.n++
		id := strconv.Itoa(k.n)
		s := rosterSet{fmt.Sprintf("u%d@example.net", k.n%killOwners), fmt.Sprintf("c%d@example.net", rand.IntN(killItems)), k.n}
		k.asked[id] = s
		k.set(id, s.owner, s.item, id)
	}
}

// set sends one roster set. The name is there twice: half an item would show.
func (r *running) set(id, owner, item, name string) {
	r.t.Helper()
	if err := r.server.Send(fmt.Sprintf("<iq type='set' id='%s' from='%s/x' to='iq.example.net'><query xmlns='jabber:iq:roster'>"+
		"<item jid='%s' name='%s'><group>%s</group></item></query></iq>", id, owner, item, name, name)); err != nil {
		r.t.Fatal(err)
	}
}

// collect notes what was acknowledged before the end.
func (k *killing) collect() {
	k.t.Helper()
	for range k.server.Queued() {
		raw, err := k.server.Next(k.t.Context())
		if err != nil {
			k.t.Fatal(err)
		}
		var iq struct {
			Type string `xml:"type,attr"`
			ID   string `xml:"id,attr"`
		}
		if err := xml.Unmarshal([]byte(raw), &iq); err != nil {
			k.t.Fatal(err)
		}
		s, ok := k.asked[iq.ID]
		if !ok || iq.Type != "result" {
			k.t.Errorf("got %s", raw)
			continue
		}
		k.acked++
		if k.known[s.owner] == nil {
			k.known[s.owner] = map[string]int{}
		}
		k.known[s.owner][s.item] = s.value // sets of an owner are answered in order
	}
}

// compare reads the rosters. A set that was made and not acknowledged any more is
// newer than what is known.
func (k *killing) compare() {
	k.t.Helper()
	for owner, known := range k.known {
		now := k.roster(owner)
		for item, value := range known {
			if now[item] < value {
				k.t.Fatalf("%s: %s is %d, acknowledged was %d", owner, item, now[item], value)
			}
		}
	}
}

// roster returns the names of the items of a roster, which are numbers.
func (r *running) roster(owner string) map[string]int {
	r.t.Helper()
	r.send(owner+"/x", "roster", "jabber:iq:roster", "query")
	var iq struct {
		Items []struct {
			JID    string   `xml:"jid,attr"`
			Name   string   `xml:"name,attr"`
			Groups []string `xml:"group"`
		} `xml:"query>item"`
	}
	raw := r.reply("roster")
	if err := xml.Unmarshal([]byte(raw), &iq); err != nil || !isResult(raw) {
		r.t.Fatalf("%v: %s", err, raw)
	}
	out := map[string]int{}
	for _, it := range iq.Items {
		if strings.Join(it.Groups, "|") != it.Name {
			r.t.Errorf("%s: half an item: %+v", owner, it)
		}
		out[it.JID], _ = strconv.Atoi(it.Name)
	}
	return out
}

// A second daemon with the same roster is told which file is in use, and serves as
// soon as the first has gone, however that went.
func TestSecondDaemonIsToldOfTheFirst(t *testing.T) {
	one, two := stage(t, "[handlers.roster]\n"), stage(t, "[handlers.roster]\n")
	two.env["STATE_DIRECTORY"] = one.env["STATE_DIRECTORY"]
	first := one.startProcess()
	one.online()
	one.set("1", "u@example.net", "a@example.net", "1")
	if got := one.reply("1"); !isResult(got) {
		t.Fatalf("the first answers %s", got)
	}
	second := two.startProcess()
	two.online()
	two.set("2", "u@example.net", "b@example.net", "2")
	if got := two.reply("2"); !strings.Contains(got, "internal-server-error") {
		t.Errorf("the second answers %s", got)
	}
	two.log.wait(t, fmt.Sprintf("%s/roster.db: in use by another process, %d", one.env["STATE_DIRECTORY"], first.Process.Pid))
	kill(t, first)
	two.set("3", "u@example.net", "b@example.net", "2")
	if got := two.reply("3"); !isResult(got) {
		t.Errorf("when the first has gone the second answers %s", got)
	}
	if got := two.roster("u@example.net"); len(got) != 2 {
		t.Errorf("the roster is %v", got)
	}
	signal(t, second, syscall.SIGTERM)
	if code := exitOf(t, second); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

// check makes nothing, and warns of a folder that cannot be written to.
func TestCheckLooksAtTheStore(t *testing.T) {
	r := stage(t, "[handlers.roster]\n")
	file := r.path + ".d"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{r.env["STATE_DIRECTORY"] + "/none": "", file: "iqd: warning: [handlers.roster] roster file " + file} {
		code, out, errs := command(t, map[string]string{"STATE_DIRECTORY": dir}, "check", "-c", r.path)
		if code != 0 || !strings.Contains(out, "no mistakes") || want == "" && errs != "" || !strings.Contains(errs, want) {
			t.Errorf("exit code %d, %s%s, want %q", code, out, errs, want)
		}
	}
	if _, err := os.Stat(r.env["STATE_DIRECTORY"] + "/none"); err == nil {
		t.Error("check has made the folder")
	}
}
