package componenttest

import "net"

// NewPipe lets tests have both ends of a connection.
func NewPipe(size int) (a, b net.Conn) { return newPipe(size) }
