package exec_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/exec"
)

// What keeps the kernel from running a script is told by a check, in other words
// than the kernel's.
func TestCheckReadsTheFirstLine(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"none":                  {"import json\n", "does not begin with #!"},
		"empty file":            {"", "does not begin with #!"},
		"nothing behind it":     {"#!\n", "names no interpreter"},
		"not there":             {"#!/usr/bin/pyhton3\n", "/usr/bin/pyhton3"},
		"line ends of Windows":  {"#!/bin/sh\r\nexit\r\n", "line ends of Windows"},
		"not in PATH":           {"#!/usr/bin/env pyhton3\n", `no "pyhton3" in PATH`},
		"there":                 {"#!/bin/sh -e\n", ""},
		"in PATH":               {"#! /usr/bin/env sh\n", ""},
		"an option of env":      {"#!/usr/bin/env -S sh -e\n", ""},
		"a binary is no script": {"\x7fELF\x02\x00", ""},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "plugin")
			if err := os.WriteFile(file, []byte(tc.text), 0o700); err != nil {
				t.Fatal(err)
			}
			cfg := exec.DefaultConfig()
			cfg.Command, cfg.Namespaces = []string{file}, []string{ns}
			ext, err := exec.New(cfg, component.Env{Name: "tested", StateDir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			err = ext.Check()
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("Check() = %v, want %q", err, tc.want)
			}
		})
	}
}
