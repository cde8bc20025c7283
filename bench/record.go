//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A machine is where the figures are from.
type machine struct {
	Processor string    `json:"processor"`
	Cores     int       `json:"cores"`
	System    string    `json:"system"`
	Go        string    `json:"go"`
	Date      time.Time `json:"date"`
}

func describe() machine {
	m := machine{Processor: "unknown processor", Cores: runtime.NumCPU(), System: "Linux", Go: runtime.Version(), Date: time.Now()}
	if name := field("/proc/cpuinfo", "model name", ":"); name != "" {
		m.Processor = name
	}
	if name := field("/etc/os-release", "PRETTY_NAME", "="); name != "" {
		m.System = name
	}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		m.System += ", Linux " + unix.ByteSliceToString(u.Release[:])
	}
	return m
}

// field reads the first value of that name from a file of names and values.
func field(path, name, sep string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		if key, value, ok := strings.Cut(line, sep); ok && strings.TrimSpace(key) == name {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return ""
}

// recordFile has every round, for those who want to know more than the table says.
const recordFile = outDir + "/rounds.json"

func (b *bench) save() error {
	out, err := json.MarshalIndent(struct {
		Machine machine `json:"machine"`
		Rounds  []round `json:"rounds"`
	}{b.here, b.all}, "", "\t")
	if err != nil {
		return fmt.Errorf("record the rounds: %w", err)
	}
	if err := os.WriteFile(recordFile, append(out, '\n'), 0o644); err != nil {
		return fmt.Errorf("record the rounds: %w", err)
	}
	return nil
}
