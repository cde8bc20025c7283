//go:build !race

package iqdcmd_test

const raceEnabled = false
