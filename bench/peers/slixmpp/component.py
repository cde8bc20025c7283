#!/usr/bin/python3
"""The benchmark's component with slixmpp: its own plugins for ping and discovery,
its roster stanza, and handlers for the rest."""
import asyncio
import os

# Debian 12's slixmpp wants a loop when it is imported.
asyncio.set_event_loop(asyncio.new_event_loop())

from slixmpp import ComponentXMPP, Iq
from slixmpp.stanza.roster import Roster, RosterItem
from slixmpp.xmlstream import ElementBase, register_stanza_plugin
from slixmpp.xmlstream.handler import Callback, CoroutineCallback
from slixmpp.xmlstream.matcher import StanzaPath

CONTACTS = {
    f"contact{i}@example.net": {"name": f"Contact {i}", "subscription": "both", "groups": ["Friends"]}
    for i in range(int(os.environ["BENCH_ROSTER_ITEMS"]))
}


class Slow(ElementBase):
    name, namespace, plugin_attrib = "query", "urn:bench:slow", "slow"
    interfaces = set()


class Liar(ElementBase):
    name, namespace, plugin_attrib = "query", "urn:bench:liar", "liar"
    interfaces = set()


class Sink(ElementBase):
    name, namespace, plugin_attrib = "query", "urn:bench:sink", "sink"
    interfaces = {"items", "len"}


class Component(ComponentXMPP):
    def __init__(self):
        super().__init__(os.environ["BENCH_JID"], os.environ["BENCH_SECRET"], "127.0.0.1", int(os.environ["BENCH_PORT"]))
        self.stored = {}
        self.discovery()
        for stanza in Slow, Liar, Sink, Roster:
            register_stanza_plugin(Iq, stanza)
        register_stanza_plugin(Roster, RosterItem, iterable=True)
        self.register_handler(Callback("get", StanzaPath("iq@type=get/roster"), self.roster_get))
        self.register_handler(Callback("set", StanzaPath("iq@type=set/roster"), self.roster_set))
        self.register_handler(Callback("sink", StanzaPath("iq@type=get/sink"), self.sink))
        self.register_handler(CoroutineCallback("slow", StanzaPath("iq@type=get/slow"), self.sleep))
        self.register_handler(CoroutineCallback("liar", StanzaPath("iq@type=get/liar"), self.sleep))
        self.add_event_handler("disconnected", lambda _: self.loop.stop())

    def discovery(self):
        self.register_plugin("xep_0030")
        self.register_plugin("xep_0199")
        disco = self["xep_0030"]
        disco.add_identity(category="component", itype="generic", name="Bench component")
        for i in range(10):
            disco.add_feature(f"urn:bench:{i}")
        for i in range(20):
            disco.add_item(jid=f"node{i}.bench.localhost", name=f"Node {i}")

    def roster_get(self, iq):
        reply = iq.reply()
        reply["roster"]["items"] = CONTACTS
        reply.send()

    def roster_set(self, iq):
        self.stored.update(iq["roster"]["items"])
        iq.reply().send()

    def sink(self, iq):
        query = iq["sink"].xml
        reply = iq.reply()
        reply["sink"]["items"] = str(len(query))
        reply["sink"]["len"] = str(len(query.text or ""))
        reply.send()

    async def sleep(self, iq):
        await asyncio.sleep(0.05)
        iq.reply().send()


if __name__ == "__main__":
    component = Component()
    component.connect()
    component.loop.run_forever()
