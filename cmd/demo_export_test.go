package iqdcmd

// DemoConfig is the configuration of the demo.
func DemoConfig() []byte { return demoConfig }

// Markup colours a line of a stanza.
func Markup(line string) string { return (&demo{p: true}).markup(line) }

// Layout breaks a stanza into lines.
var Layout = layout
