// Command iqd answers XMPP IQs as an external component of Prosody or ejabberd.
package main

import (
	"os"

	iqdcmd "github.com/iqd-xmpp/iqd/cmd"
	"github.com/iqd-xmpp/iqd/handlers"
)

func main() {
	reg := handlers.Standard()
	os.Exit(iqdcmd.Main(reg)) // 0 done, 1 failed, 2 a mistake of the operator
}
