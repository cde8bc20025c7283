package iqdcmd_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

// disk mounts a file system of its own for a test, and returns what mounts it anew
// with other options. Only root may: other users have the tests of the store, which
// limit the size of files.
func disk(t *testing.T, dir string, flags uintptr, opts string) (remount func(flags uintptr, opts string)) {
	t.Helper()
	mount := func(flags uintptr, opts string) error { return syscall.Mount("tmpfs", dir, "tmpfs", flags, opts) }
	if err := mount(flags, opts); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("mount a disk: %v, and CI is set", err)
		}
		t.Skipf("mount a disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return func(flags uintptr, opts string) {
		t.Helper()
		if err := mount(flags|syscall.MS_REMOUNT, opts); err != nil {
			t.Fatal(err)
		}
	}
}

// A full disk: the requester gets an error, the log says why, what was acknowledged
// is there, and once there is room all goes on without a restart (issue 4, S08).
func TestRosterOnAFullDisk(t *testing.T) {
	r := stage(t, "[handlers.roster]\n")
	remount := disk(t, r.env["STATE_DIRECTORY"], 0, "size=512k")
	r.startProcess()
	r.online()
	kept := 0
	for ; kept < 1000; kept++ {
		r.set("s", "u@example.net", fmt.Sprintf("c%d@example.net", kept), strings.Repeat("7", 900))
		if got := r.reply("s"); !isResult(got) {
			if !strings.Contains(got, "internal-server-error") || strings.Contains(got, "roster.db") {
				t.Errorf("the requester gets %s", got)
			}
			break
		}
	}
	r.log.wait(t, "no room left on the disk")
	r.log.wait(t, r.env["STATE_DIRECTORY"]+"/roster.db")
	if got := len(r.roster("u@example.net")); got != kept || kept == 1000 {
		t.Errorf("%d items are there, %d were acknowledged", got, kept)
	}
	remount(0, "size=16m")
	r.set("after", "u@example.net", "after@example.net", "1")
	if got := r.reply("after"); !isResult(got) {
		t.Errorf("with room again: %s\n%s", got, r.log)
	}
	if got := len(r.roster("u@example.net")); got != kept+1 {
		t.Errorf("%d items are there, want %d", got, kept+1)
	}
}

// The same for a disk that is mounted for reading only.
func TestRosterOnAReadOnlyDisk(t *testing.T) {
	r := stage(t, "[handlers.roster]\n")
	remount := disk(t, r.env["STATE_DIRECTORY"], syscall.MS_RDONLY, "size=16m")
	_, _, warned := command(t, r.env, "check", "-c", r.path)
	if !strings.Contains(warned, "read-only file system") {
		t.Errorf("check says %q", warned)
	}
	r.startProcess()
	r.online()
	r.set("1", "u@example.net", "a@example.net", "1")
	if got := r.reply("1"); !strings.Contains(got, "internal-server-error") {
		t.Errorf("the requester gets %s", got)
	}
	r.log.wait(t, "read-only file system")
	remount(0, "size=16m")
	r.set("2", "u@example.net", "a@example.net", "1")
	if got := r.reply("2"); !isResult(got) {
		t.Errorf("when it can be written to: %s\n%s", got, r.log)
	}
}
