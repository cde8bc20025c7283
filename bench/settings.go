//go:build linux

package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/iqd-xmpp/iqd/bench/load"
)

// settings are what make's command line says.
type settings struct {
	rounds    int
	alone     int // rounds of one request at a time, at least
	sleepers  int // rounds beside sleepers
	workloads []load.Workload
	peers     []peer
	stages    []string
	warmup    time.Duration
	duration  time.Duration
}

func readSettings(env func(string) string) (settings, error) {
	s := settings{rounds: 7, alone: 9, sleepers: 5, workloads: load.Workloads(), peers: peers(),
		warmup: 200 * time.Millisecond, duration: 600 * time.Millisecond}
	if quick := env("QUICK"); quick != "" && quick != "0" {
		s.rounds, s.alone, s.sleepers, s.warmup, s.duration = 1, 3, 1, 100*time.Millisecond, 300*time.Millisecond
	}
	if rounds := env("ROUNDS"); rounds != "" {
		n, err := strconv.Atoi(rounds)
		if err != nil || n < 1 {
			return s, fmt.Errorf("ROUNDS=%s: not a number of rounds", rounds)
		}
		s.rounds, s.alone = n, max(n, s.alone)
	}
	if names := env("WORKLOADS"); names != "" {
		s.workloads = nil
		for name := range strings.SplitSeq(names, ",") {
			w, err := load.Find(name)
			if err != nil {
				return s, fmt.Errorf("WORKLOADS=%s: %w", names, err)
			}
			s.workloads = append(s.workloads, w)
		}
	}
	if err := s.limit(env("STAGES")); err != nil {
		return s, err
	}
	return s, s.choose(env("PEERS"))
}

// limit keeps the stages of that list.
func (s *settings) limit(list string) error {
	s.stages = []string{stageWorkloads, stageAlone, stageSlow, stagePlugin}
	if list == "" {
		return nil
	}
	all := s.stages
	s.stages = strings.Split(list, ",")
	for _, want := range s.stages {
		if !slices.Contains(all, want) {
			return fmt.Errorf("STAGES=%s: no stage %q", list, want)
		}
	}
	if !slices.Contains(s.stages, stageWorkloads) {
		s.workloads = nil
	}
	return nil
}

// choose keeps the peers of that list. A NAME=COMMAND in it is one more.
func (s *settings) choose(list string) error {
	if list == "" {
		return nil
	}
	all := s.peers
	s.peers = nil
	for want := range strings.SplitSeq(list, ",") {
		if name, command, ok := strings.Cut(want, "="); ok {
			s.peers = append(s.peers, peer{name: name, command: strings.Fields(command)})
			continue
		}
		i := slices.IndexFunc(all, func(p peer) bool { return p.name == want })
		if i < 0 {
			return fmt.Errorf("PEERS=%s: no peer %q", list, want)
		}
		s.peers = append(s.peers, all[i])
	}
	return nil
}
