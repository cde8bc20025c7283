/*
 * The benchmark's component with libstrophe: a handler for each namespace, replies
 * built from stanza objects.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strophe.h>
#include <unistd.h>

#define NS_SINK "urn:bench:sink"
#define NS_SLOW "urn:bench:slow"
#define NS_LIAR "urn:bench:liar"
#define COUNT(a) (sizeof(a) / sizeof *(a))

struct contact {
	char jid[64], name[64], group[64];
};

static struct contact *roster, nodes[20], stored;
static int contacts;
static const char *const known[] = {"urn:xmpp:ping", XMPP_NS_DISCO_INFO, XMPP_NS_DISCO_ITEMS, XMPP_NS_ROSTER, NS_SLOW, NS_LIAR, NS_SINK};
static const char *const features[] = {"urn:xmpp:ping", XMPP_NS_DISCO_INFO, XMPP_NS_DISCO_ITEMS, XMPP_NS_ROSTER, NS_SLOW,
                                       NS_LIAR, NS_SINK, "urn:bench:1", "urn:bench:2", "urn:bench:3"};

/* add appends an element that its parent owns from then on. */
static xmpp_stanza_t *add(xmpp_stanza_t *parent, const char *name) {
	xmpp_stanza_t *e = xmpp_stanza_new(xmpp_stanza_get_context(parent));
	xmpp_stanza_set_name(e, name);
	xmpp_stanza_add_child_ex(parent, e, 0);
	return e;
}

static xmpp_stanza_t *result(xmpp_stanza_t *iq) {
	xmpp_stanza_t *reply = xmpp_stanza_reply(iq);
	xmpp_stanza_set_type(reply, "result");
	xmpp_stanza_set_from(reply, xmpp_stanza_get_to(iq));
	return reply;
}

static xmpp_stanza_t *query(xmpp_stanza_t *reply, const char *ns) {
	xmpp_stanza_t *q = add(reply, "query");
	xmpp_stanza_set_ns(q, ns);
	return q;
}

static int answer(xmpp_conn_t *conn, xmpp_stanza_t *reply) {
	xmpp_send(conn, reply);
	xmpp_stanza_release(reply);
	return 1; /* keeps the handler */
}

static int on_ping(xmpp_conn_t *conn, xmpp_stanza_t *iq, void *data) {
	(void)data;
	return answer(conn, result(iq));
}

static int on_slow(xmpp_conn_t *conn, xmpp_stanza_t *iq, void *data) {
	(void)data;
	usleep(50000);
	return answer(conn, result(iq));
}

static int on_info(xmpp_conn_t *conn, xmpp_stanza_t *iq, void *data) {
	(void)data;
	xmpp_stanza_t *reply = result(iq), *q = query(reply, XMPP_NS_DISCO_INFO), *identity = add(q, "identity");
	xmpp_stanza_set_attribute(identity, "category", "component");
	xmpp_stanza_set_attribute(identity, "type", "generic");
	xmpp_stanza_set_attribute(identity, "name", "Bench component");
	for (size_t i = 0; i < COUNT(features); i++)
		xmpp_stanza_set_attribute(add(q, "feature"), "var", features[i]);
	return answer(conn, reply);
}

static int on_items(xmpp_conn_t *conn, xmpp_stanza_t *iq, void *data) {
	(void)data;
	xmpp_stanza_t *reply = result(iq), *q = query(reply, XMPP_NS_DISCO_ITEMS);
	for (size_t i = 0; i < COUNT(nodes); i++) {
		xmpp_stanza_t *item = add(q, "item");
		xmpp_stanza_set_attribute(item, "jid", nodes[i].jid);
		xmpp_stanza_set_attribute(item, "name", nodes[i].name);
	}
	return answer(conn, reply);
}

static int on_roster_get(xmpp_conn_t *conn, xmpp_stanza_t *iq, void *data) {
	(void)data;
	xmpp_stanza_t *reply = result(iq), *q = query(reply, XMPP_NS_ROSTER);
	for (int i = 0; i < contacts; i++) {
		xmpp_stanza_t *item = add(q, "item"), *text = xmpp_stanza_new(xmpp_stanza_get_context(iq));
		xmpp_stanza_set_attribute(item, "jid", roster[i].jid);
		xmpp_stanza_set_attribute(item, "name", roster[i].name);
		xmpp_stanza_set_attribute(item, "subscription", "both");
		xmpp_stanza_set_text(text, roster[i].group);
		xmpp_stanza_add_child_ex(add(item, "group"), text, 0);
	}
	return answer(conn, reply);
}

static void keep(char *into, size_t size, const char *value) { snprintf(into, size, "%s", value ? value : ""); }

static int on_roster_set(xmpp_conn_t *conn, xmpp_stanza_t *iq, void *data) {
	(void)data;
	xmpp_stanza_t *q = xmpp_stanza_get_child_by_ns(iq, XMPP_NS_ROSTER);
	xmpp_stanza_t *item = q ? xmpp_stanza_get_child_by_name(q, "item") : NULL;
	if (!item)
		return answer(conn, xmpp_stanza_reply_error(iq, "modify", "bad-request", NULL));
	xmpp_stanza_t *group = xmpp_stanza_get_child_by_name(item, "group");
	char *text = group ? xmpp_stanza_get_text(group) : NULL;
	keep(stored.jid, sizeof stored.jid, xmpp_stanza_get_attribute(item, "jid"));
	keep(stored.name, sizeof stored.name, xmpp_stanza_get_attribute(item, "name"));
	keep(stored.group, sizeof stored.group, text);
	if (text)
		xmpp_free(xmpp_stanza_get_context(iq), text);
	return answer(conn, result(iq));
}

static int on_sink(xmpp_conn_t *conn, xmpp_stanza_t *iq, void *data) {
	(void)data;
	xmpp_stanza_t *q = xmpp_stanza_get_child_by_ns(iq, NS_SINK);
	char *text = xmpp_stanza_get_text(q), number[32];
	int items = 0;
	for (xmpp_stanza_t *e = xmpp_stanza_get_children(q); e; e = xmpp_stanza_get_next(e))
		items += xmpp_stanza_is_tag(e);
	xmpp_stanza_t *reply = result(iq);
	q = query(reply, NS_SINK);
	snprintf(number, sizeof number, "%d", items);
	xmpp_stanza_set_attribute(q, "items", number);
	snprintf(number, sizeof number, "%zu", text ? strlen(text) : 0);
	xmpp_stanza_set_attribute(q, "len", number);
	if (text)
		xmpp_free(xmpp_stanza_get_context(iq), text);
	return answer(conn, reply);
}

/* on_rest sees each request, those that others answer too. */
static int on_rest(xmpp_conn_t *conn, xmpp_stanza_t *iq, void *data) {
	(void)data;
	xmpp_stanza_t *payload = xmpp_stanza_get_children(iq);
	const char *type = xmpp_stanza_get_type(iq), *ns = payload ? xmpp_stanza_get_ns(payload) : NULL;
	if (!type || (strcmp(type, "get") && strcmp(type, "set")))
		return 1;
	for (size_t i = 0; ns && i < COUNT(known); i++)
		if (!strcmp(ns, known[i]))
			return 1;
	xmpp_stanza_t *reply = xmpp_stanza_reply_error(iq, "cancel", "feature-not-implemented", NULL);
	xmpp_stanza_set_from(reply, xmpp_stanza_get_to(iq));
	return answer(conn, reply);
}

static void on_event(xmpp_conn_t *conn, xmpp_conn_event_t event, int error, xmpp_stream_error_t *stream_error, void *ctx) {
	(void)error, (void)stream_error;
	if (event != XMPP_CONN_CONNECT) {
		xmpp_stop(ctx);
		return;
	}
	xmpp_handler_add(conn, on_ping, "urn:xmpp:ping", "iq", "get", NULL);
	xmpp_handler_add(conn, on_info, XMPP_NS_DISCO_INFO, "iq", "get", NULL);
	xmpp_handler_add(conn, on_items, XMPP_NS_DISCO_ITEMS, "iq", "get", NULL);
	xmpp_handler_add(conn, on_roster_get, XMPP_NS_ROSTER, "iq", "get", NULL);
	xmpp_handler_add(conn, on_roster_set, XMPP_NS_ROSTER, "iq", "set", NULL);
	xmpp_handler_add(conn, on_slow, NS_SLOW, "iq", "get", NULL);
	xmpp_handler_add(conn, on_slow, NS_LIAR, "iq", "get", NULL);
	xmpp_handler_add(conn, on_sink, NS_SINK, "iq", "get", NULL);
	xmpp_handler_add(conn, on_rest, NULL, "iq", NULL, NULL);
}

static void on_refused(xmpp_conn_t *conn, xmpp_conn_event_t event, int error, xmpp_stream_error_t *stream_error, void *data) {
	(void)conn, (void)event, (void)error, (void)stream_error, (void)data;
}

/*
 * lend gives the component the stream-management state of a client connection that
 * nobody accepts. libstrophe 0.12.2 makes such a state for clients only and reads it
 * for components too: without one, the first stanza is the last.
 */
static int lend(xmpp_ctx_t *ctx, xmpp_conn_t *component) {
	xmpp_conn_t *client = xmpp_conn_new(ctx);
	xmpp_conn_set_jid(client, "nobody@localhost");
	xmpp_conn_set_pass(client, "nothing");
	xmpp_connect_client(client, "127.0.0.1", 1, on_refused, NULL);
	for (int i = 0; i < 1000 && !xmpp_conn_is_disconnected(client); i++)
		xmpp_run_once(ctx, 1);
	xmpp_sm_state_t *state = xmpp_conn_get_sm_state(client);
	int ok = state && xmpp_conn_set_sm_state(component, state) == XMPP_EOK;
	xmpp_conn_release(client);
	return ok;
}

static void fill(int n) {
	contacts = n;
	roster = calloc((size_t)n, sizeof *roster);
	for (int i = 0; i < n; i++) {
		snprintf(roster[i].jid, sizeof roster[i].jid, "contact%d@example.net", i);
		snprintf(roster[i].name, sizeof roster[i].name, "Contact %d", i);
		snprintf(roster[i].group, sizeof roster[i].group, "Friends");
	}
	for (int i = 0; i < (int)COUNT(nodes); i++) {
		snprintf(nodes[i].jid, sizeof nodes[i].jid, "node%d.bench.localhost", i);
		snprintf(nodes[i].name, sizeof nodes[i].name, "Node %d", i);
	}
}

static const char *setting(const char *name) {
	const char *value = getenv(name);
	if (!value) {
		fprintf(stderr, "strophe: %s is not set\n", name);
		exit(1);
	}
	return value;
}

int main(void) {
	fill(atoi(setting("BENCH_ROSTER_ITEMS")));
	xmpp_initialize();
	xmpp_ctx_t *ctx = xmpp_ctx_new(NULL, NULL);
	xmpp_conn_t *conn = xmpp_conn_new(ctx);
	xmpp_conn_set_jid(conn, setting("BENCH_JID"));
	xmpp_conn_set_pass(conn, setting("BENCH_SECRET"));
	xmpp_conn_set_flags(conn, XMPP_CONN_FLAG_DISABLE_TLS);
	if (!lend(ctx, conn) || xmpp_connect_component(conn, "127.0.0.1", (unsigned short)atoi(setting("BENCH_PORT")), on_event, ctx) != XMPP_EOK) {
		fprintf(stderr, "strophe: cannot connect\n");
		return 1;
	}
	xmpp_run(ctx);
	xmpp_conn_release(conn);
	xmpp_ctx_free(ctx);
	xmpp_shutdown();
	return 0;
}
