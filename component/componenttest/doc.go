// Package componenttest tests components without a server, as
// net/http/httptest tests handlers without a network.
//
// A conversation is the shortest test of a handler, and its manual. It says what
// a user sends and what comes back:
//
//	# XEP-0199: a ping is answered with an empty result.
//	> <iq type='get' id='1' from='juliet@example.net/balcony' to='iq.example.net'>
//	>   <ping xmlns='urn:xmpp:ping'/>
//	> </iq>
//	< <iq type='result' id='1' from='iq.example.net' to='juliet@example.net/balcony'/>
//
// [Run] holds the conversations of a folder against a handler, [Ask] asks a
// single question, and [Start] leaves the talking to the test. All three use the
// real engine of package component over a connection in memory, so that what
// passes here passes beside a real server.
//
// [Server] is the other end of that connection: the component port of a Prosody
// or an ejabberd (XEP-0114), with a lever for each thing that can go wrong there.
// It is of use without package testing too. All of it works inside a bubble of
// testing/synctest, as long as the server does not listen on TCP.
package componenttest
