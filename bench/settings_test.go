//go:build linux

package main

import (
	"strings"
	"testing"
)

func TestSettings(t *testing.T) {
	for name, tc := range map[string]struct {
		env              map[string]string
		rounds           int
		workloads, peers string
		err              string
	}{
		"defaults":      {rounds: 7, workloads: "ping,disco-info,disco-items,roster-get,roster-set,unhandled,mixed,huge-roster,text-in,tree-in", peers: "iqd,floor,libstrophe,mellium,slixmpp"},
		"quick":         {env: map[string]string{"QUICK": "1", "WORKLOADS": "ping"}, rounds: 1, workloads: "ping", peers: "iqd,floor,libstrophe,mellium,slixmpp"},
		"some":          {env: map[string]string{"ROUNDS": "3", "WORKLOADS": "mixed,ping", "PEERS": "floor,iqd"}, rounds: 3, workloads: "mixed,ping", peers: "floor,iqd"},
		"one of ours":   {env: map[string]string{"WORKLOADS": "ping", "PEERS": "old=./old -x,new=./new"}, rounds: 7, workloads: "ping", peers: "old,new"},
		"a stage":       {env: map[string]string{"STAGES": "plugin,alone"}, rounds: 7, peers: "iqd,floor,libstrophe,mellium,slixmpp"},
		"the table":     {env: map[string]string{"STAGES": "workloads", "WORKLOADS": "ping"}, rounds: 7, workloads: "ping", peers: "iqd,floor,libstrophe,mellium,slixmpp"},
		"no stage":      {env: map[string]string{"STAGES": "opera"}, err: `no stage "opera"`},
		"no number":     {env: map[string]string{"ROUNDS": "many"}, err: "not a number of rounds"},
		"no rounds":     {env: map[string]string{"ROUNDS": "0"}, err: "not a number of rounds"},
		"no workload":   {env: map[string]string{"WORKLOADS": "pong"}, err: `no such workload: "pong"`},
		"no such peer":  {env: map[string]string{"PEERS": "iqd,smack"}, err: `no peer "smack"`},
		"empty in list": {env: map[string]string{"PEERS": "iqd,"}, err: `no peer ""`},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := readSettings(func(key string) string { return tc.env[key] })
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Fatalf("error %v, want %q", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var workloads, peers []string
			for _, w := range s.workloads {
				workloads = append(workloads, w.Name)
			}
			for _, p := range s.peers {
				peers = append(peers, p.name)
			}
			if s.rounds != tc.rounds || strings.Join(workloads, ",") != tc.workloads || strings.Join(peers, ",") != tc.peers {
				t.Errorf("%d rounds of %v with %v", s.rounds, workloads, peers)
			}
		})
	}
}
