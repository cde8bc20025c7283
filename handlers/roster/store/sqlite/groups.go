package sqlite

import (
	"encoding/json"
	"fmt"
)

// packGroups writes group names as a JSON list, which the sqlite3 command line
// can read and take apart. No groups are an empty string.
func packGroups(groups []string) (string, error) {
	if len(groups) == 0 {
		return "", nil
	}
	b, err := json.Marshal(groups)
	if err != nil {
		return "", fmt.Errorf("pack groups: %w", err)
	}
	return string(b), nil
}

func unpackGroups(s string) (groups []string, err error) {
	if s == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(s), &groups); err != nil {
		return nil, fmt.Errorf("unpack groups %q: %w", s, err)
	}
	return groups, nil
}
