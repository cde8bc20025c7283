package handlers

// A XEP is an XMPP extension that this module implements.
type XEP struct {
	Number  int
	Name    string
	Version string // of the document that was implemented
	Handler string // the name in the standard registry; empty: the component itself
}

// XEPs returns what is implemented, by number. What a handler answers is in its
// package comment too; a test holds the two together.
func XEPs() []XEP {
	return []XEP{
		{4, "Data Forms", "2.13.2", ""},
		{12, "Last Activity", "2.0", "last"},
		{30, "Service Discovery", "2.5.0", "disco"},
		{50, "Ad-Hoc Commands", "1.3.0", ""},
		{54, "vcard-temp", "1.3.0", "vcard"},
		{59, "Result Set Management", "1.0", "disco"},
		{82, "XMPP Date and Time Profiles", "1.1.1", "time"},
		{92, "Software Version", "1.1", "version"},
		{114, "Jabber Component Protocol", "1.6", ""},
		{128, "Service Discovery Extensions", "1.0.1", "disco"},
		{157, "Contact Addresses for XMPP Services", "1.1.1", "disco"},
		{199, "XMPP Ping", "2.0.1", "ping"},
		{202, "Entity Time", "2.0", "time"},
		{355, "Namespace Delegation", "0.5", ""},
	}
}
