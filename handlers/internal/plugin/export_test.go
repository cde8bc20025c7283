package plugin

// Plain reads an answer in the short way, if that can be: its number and its
// payload.
func Plain(text []byte) (number uint64, payload string, ok bool) {
	var m Message
	if !m.plain(text) {
		return 0, "", false
	}
	return m.Number(), *m.payload, true
}
