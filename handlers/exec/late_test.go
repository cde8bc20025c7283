package exec_test

import (
	"fmt"
	"testing"
	"time"
)

// However many answers come late, after a long hold-up, they are no garbage.
func TestH11_LateAnswersAreNoGarbage(t *testing.T) {
	const batches, each = 5, 900
	r := start(t, "answers all at last", timeout(2*time.Second), func(s *setting) { s.most = each })
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
		r.wants(r.ask("set", "at last"), fmt.Sprint("of ", batches*each))
	}
	r.unharmed()
}
