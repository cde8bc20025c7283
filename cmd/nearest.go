package iqdcmd

import "slices"

// nearest returns the name that s was most likely meant to be, or an empty string
// when none is near.
func nearest(s string, names []string) string {
	best, least := "", max(2, len(s)/3)+1
	slices.Sort(names)
	for _, name := range names {
		if d := distance(s, name); d < least && d < len(name) {
			best, least = name, d
		}
	}
	return best
}

// distance counts the letters to insert, remove or replace to make a b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
