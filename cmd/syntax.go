package iqdcmd

import "strings"

// syntaxMessage returns what the TOML package says of a mistake, without what it
// quotes of the file: a secret with a mistake in its line would be shown to
// whoever reads the log. Names of keys stay. A message that is not known to be
// free of the file's text is not passed on.
func syntaxMessage(msg string) string {
	if keysOnly(msg) {
		return msg
	}
	if strings.HasSuffix(msg, "is not valid UTF-8.") {
		return "escape of a character that does not exist"
	}
	if strings.Contains(msg, " is out of ") {
		return "number out of range"
	}
	for _, m := range syntaxMessages() {
		if strings.HasPrefix(msg, m.start) {
			return m.say
		}
	}
	// What is expected is ours to know; what was found instead is the file's.
	if strings.HasPrefix(msg, "expected ") || strings.HasPrefix(msg, "unexpected ") {
		msg, _, _ = strings.Cut(msg, " but ")
		return strings.TrimSuffix(msg, ",")
	}
	return "this is not TOML"
}

// keysOnly reports whether a message is one about keys, which quotes only them.
func keysOnly(msg string) bool {
	return strings.HasPrefix(msg, "Key '") || strings.HasSuffix(msg, `" is not a table`)
}

// syntaxMessages lists how messages begin, and what is said in their place.
func syntaxMessages() []struct{ start, say string } {
	const value = `expected a value; text is written in quotes`
	const number = "not a number; text is written in quotes"
	return []struct{ start, say string }{
		{"expected value", value},
		{"unexpected EOF; expected value", value},
		{"expected a digit", number},
		{"floats must start with a digit", number},
		{"invalid float", number},
		{"Invalid float", number},
		{"Invalid integer", number},
		{"not a binary number", number},
		{"not an octal number", number},
		{"not a hexadecimal number", number},
		{"cannot use sign", number},
		{"invalid datetime", "not a date; text is written in quotes"},
		{"invalid escape", `unknown escape; a backslash is written \\ in double quotes, or as it is in single ones`},
		{"strings cannot contain newlines", "a string ends on its line, with the quote that it begins with"},
		{"newlines not allowed within inline tables", "an inline table ends on its line"},
		{"TOML files cannot contain control characters", "control character"},
		{"invalid UTF-8", "not UTF-8"},
		{"files cannot contain NULL", "not UTF-8"},
	}
}
