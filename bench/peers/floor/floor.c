/*
 * floor: the least that a component can cost. It does not parse: it looks for the
 * end of each request, copies id and sender, and picks one of the answers that it
 * has ready. One read, one write. Nobody should build a component like this.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sha1.h"

enum { IN = 1 << 18, ANSWERS = 10 };

/* An answer is what follows the sender's address, for one namespace. */
struct answer {
	const char *match; /* how the namespace goes on */
	const char *type;
	char *rest;
	size_t size;
	int sleep;
};

static struct answer answers[ANSWERS];
static int fd;
static char head[128], *out;
static size_t headsize, used, room;

static void quit(const char *why) {
	if (why)
		fprintf(stderr, "floor: %s\n", why);
	exit(why ? 1 : 0);
}

static void flush(void) {
	for (size_t at = 0; at < used;) {
		ssize_t n = write(fd, out + at, used - at);
		if (n < 0)
			quit("write");
		at += (size_t)n;
	}
	used = 0;
}

static void put(const char *s, size_t n) {
	memcpy(out + used, s, n);
	used += n;
}

static void ready(int i, const char *match, const char *type, const char *rest) {
	answers[i] = (struct answer){.match = match, .type = type, .rest = strdup(rest), .size = strlen(rest)};
}

/* repeat makes an answer with n items, from a format that takes a number twice. */
static void repeat(int i, const char *match, const char *ns, const char *format, int n, const char *first) {
	char *text = malloc((size_t)n * 160 + 1024), *p = text;
	p += sprintf(p, "'><query xmlns='%s'>%s", ns, first);
	for (int k = 0; k < n; k++)
		p += sprintf(p, format, k, k);
	strcpy(p, "</query></iq>");
	ready(i, match, "result", text);
	free(text);
}

static void prepare(int items) {
	ready(0, "urn:xmpp:ping'", "result", "'/>");
	repeat(1, "http://jabber.org/protocol/disco#info'", "http://jabber.org/protocol/disco#info", "<feature var='urn:bench:feature:%d'/>", 10,
	       "<identity category='component' type='generic' name='Bench component'/>");
	repeat(2, "http://jabber.org/protocol/disco#items'", "http://jabber.org/protocol/disco#items", "<item jid='node%d.bench.localhost' name='Node %d'/>", 20, "");
	repeat(3, "jabber:iq:roster'/", "jabber:iq:roster",
	       "<item jid='contact%d@example.net' name='Contact %d' subscription='both'><group>Friends</group></item>", items, "");
	ready(4, "jabber:iq:roster'>", "result", "'/>");
	ready(5, "urn:bench:slow'", "result", "'/>");
	ready(6, "urn:bench:liar'", "result", "'/>");
	answers[5].sleep = answers[6].sleep = 1;
	ready(7, "urn:bench:sink'><item", "result", "'><query xmlns='urn:bench:sink' items='600' len='0'/></iq>");
	ready(8, "urn:bench:sink'", "result", "'><query xmlns='urn:bench:sink' items='0' len='65536'/></iq>");
	ready(9, "", "error", "'><error type='cancel'><feature-not-implemented xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
}

/* value finds an attribute's value within a start tag, up to its quote. */
static const char *value(const char *s, const char *end, const char *name, size_t *n) {
	const char *v = memmem(s, (size_t)(end - s), name, strlen(name));
	if (!v)
		quit("a request without an address");
	v += strlen(name);
	*n = (size_t)((const char *)memchr(v, '\'', (size_t)(end - v)) - v);
	return v;
}

/* reply answers the request from s to end. */
static void reply(const char *s, const char *end) {
	size_t idsize, fromsize;
	const char *id = value(s, end, " id='", &idsize), *from = value(id, end, " from='", &fromsize);
	const char *ns = memmem(from, (size_t)(end - from), "xmlns='", 7);
	const struct answer *a = answers;
	while (strncmp(ns + 7, a->match, strlen(a->match)))
		a++;
	if (a->sleep) {
		flush();
		usleep(50000);
	}
	if (room - used < headsize + idsize + fromsize + a->size + 64)
		flush();
	put(head, headsize);
	put(a->type, strlen(a->type));
	put("' id='", 6);
	put(id, idsize);
	put("' to='", 6);
	put(from, fromsize);
	put(a->rest, a->size);
}

/* end_of finds where a request ends: by the q of its end tag, which is rare. */
static char *end_of(char *s, char *limit) {
	for (char *q = s; (q = memchr(q, 'q', (size_t)(limit - q))); q++)
		if (q - s >= 3 && q + 1 < limit && !memcmp(q - 3, "</iq>", 5))
			return q + 2;
	return NULL;
}

static void dial(int port) {
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int on = 1;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(fd, (struct sockaddr *)&to, sizeof to))
		quit("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* until reads until there is that text, and returns how much came behind it, which
 * it moves to the front. */
static size_t until(char *in, const char *text) {
	char *at;
	size_t n = 0;
	while (in[n] = 0, !(at = strstr(in, text))) {
		ssize_t got = read(fd, in + n, IN - n - 1);
		if (got <= 0)
			quit("the stream did not open");
		n += (size_t)got;
	}
	at += strlen(text);
	n -= (size_t)(at - in);
	memmove(in, at, n + 1);
	return n;
}

/* handshake opens the stream and returns how much of it has been read ahead. */
static size_t handshake(char *in, const char *domain, const char *secret) {
	char text[440], hex[41];
	size_t n;
	used = (size_t)sprintf(out, "<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='%s'>", domain);
	flush();
	until(in, "<stream:stream");
	if (!strstr(in, " id='"))
		quit("a header without an id");
	const char *id = value(in, in + strlen(in), " id='", &n);
	snprintf(text, sizeof text, "%.*s%s", (int)n, id, secret);
	sha1(text, hex);
	used = (size_t)sprintf(out, "<handshake>%s</handshake>", hex);
	flush();
	return until(in, "<handshake/>");
}

int main(void) {
	const char *port = getenv("BENCH_PORT"), *secret = getenv("BENCH_SECRET"), *domain = getenv("BENCH_JID"), *items = getenv("BENCH_ROSTER_ITEMS");
	if (!port || !secret || !domain || !items)
		quit("BENCH_PORT, BENCH_SECRET, BENCH_JID and BENCH_ROSTER_ITEMS are wanted");
	prepare(atoi(items));
	room = answers[3].size + (1 << 20);
	out = malloc(room);
	char *in = malloc(IN);
	headsize = (size_t)sprintf(head, "<iq from='%s' type='", domain);
	dial(atoi(port));
	for (size_t n = handshake(in, domain, secret);;) {
		char *s = in, *end;
		while ((end = end_of(s, in + n))) {
			reply(s, end);
			s = end;
		}
		flush();
		n -= (size_t)(s - in);
		memmove(in, s, n);
		ssize_t got = read(fd, in + n, IN - n);
		if (got <= 0)
			quit(NULL);
		n += (size_t)got;
	}
}
