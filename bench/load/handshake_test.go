//go:build linux

package load_test

import "testing"

func TestComponentsThatAreTurnedAway(t *testing.T) {
	for name, a := range map[string]answerer{
		"wrong secret":  {secret: "wrong"},
		"wrong address": {domain: "other.example.net"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := accept(t, a); err == nil {
				t.Error("the stream was opened")
			}
		})
	}
}
