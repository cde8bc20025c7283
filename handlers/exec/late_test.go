package exec_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// However many answers come late, after a long hold-up, they are no garbage.
func TestH11_LateAnswersAreNoGarbage(t *testing.T) {
	const batches, each = 11, 400
	r := start(t, "answers all at last", timeout(250*time.Millisecond), func(s *setting) { s.most = each })
	for range batches {
		var ids []string
		for range each {
			ids = append(ids, r.send("set", ""))
		}
		for _, id := range ids {
			r.wants(r.reply(id), late)
		}
	}
	for range 2 { // the second time after all of the late ones
		got := r.ask("set", "at last")
		for try := 0; try < 100 && strings.Contains(got, late); try++ { // it has thousands of lines to read before
			got = r.ask("set", "at last")
		}
		r.wants(got, fmt.Sprint("of ", batches*each))
	}
	r.unharmed()
}
