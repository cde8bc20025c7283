package sqlite

import "strings"

// between stands between the names of groups. XML forbids it in any of them
// (XML 1.0, 2.2).
const between = "\x1f"

func packGroups(groups []string) string { return strings.Join(groups, between) }

func unpackGroups(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, between)
}
