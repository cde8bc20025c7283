package component_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
)

// choppy is a connection of which each Read returns a few bytes only, as many as
// chance will have it.
type choppy struct {
	net.Conn
	chance *rand.Rand // of the one who reads
	most   int
	reads  *atomic.Int64
}

func (c *choppy) Read(p []byte) (int, error) {
	c.reads.Add(1)
	return c.Conn.Read(p[:min(len(p), 1+c.chance.IntN(c.most))])
}

// emoji are pieces of addresses, ids and texts of one to four bytes a character,
// and of characters that belong together.
var emoji = [...]string{"juliet", "ju\u0308liet", "ζωή", "愛", "🦀", "👩\u200d🚀", "🇪🇺", "a🙂b"}

// TestCutAnywhere: the stream is cut at random places, inside characters too, and
// each requester gets back its own address, id and text (issue 3; N25, N27).
func TestCutAnywhere(t *testing.T) {
	n := 20_000
	if raceEnabled {
		n = 3_000
	}
	for label, most := range map[string]int{"a few bytes": 8, "some": 64, "nearly whole": 1500} {
		t.Run(label, func(t *testing.T) {
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			var reads atomic.Int64
			cfg := quiet(muxOf(t, component.Extension{Name: "echo", Routes: []component.Route{{
				Name: name("q"), Get: component.HandlerFunc(echo), Quick: true,
			}}}))
			cfg.Limits.InFlight, cfg.Limits.PerSender = 2*n, 2*n // on a busy machine even an echo may not be quick
			r := begin(t, cfg, componenttest.Configure(func(cfg *component.Config) {
				dial := cfg.Dial
				cfg.Dial = func(ctx context.Context) (net.Conn, error) {
					conn, err := dial(ctx)
					return &choppy{conn, rand.New(rand.NewPCG(seed, 1)), most, &reads}, err
				}
			}))
			sent := r.sendEmoji(n, rand.New(rand.NewPCG(seed, 2)))
			for range n {
				got := r.nextRaw()
				if sent[got] == 0 {
					t.Fatalf("nobody waits for %s", got)
				}
				sent[got]--
			}
			r.alive()
			t.Logf("%d replies, %d reads", n, reads.Load())
		})
	}
}

func echo(_ context.Context, req *component.Request) (component.Payload, error) {
	return req.Payload(), nil
}

// sendEmoji sends n requests, and returns how often which reply has to come.
func (r *rig) sendEmoji(n int, chance *rand.Rand) map[string]int {
	r.t.Helper()
	word := func() string { return emoji[chance.IntN(len(emoji))] }
	want := make(map[string]int, n)
	var batch strings.Builder
	for i := range n {
		from, id := word()+"@example.net/"+word(), fmt.Sprint(word(), i)
		payload := "<q xmlns='" + nsTest + "' a='" + word() + "'>" + strings.Repeat(word(), chance.IntN(20)) + "x</q>"
		batch.WriteString(iq("get", id, from, domain, payload))
		want[iq("result", id, domain, from, payload)]++
	}
	r.send(batch.String())
	return want
}
