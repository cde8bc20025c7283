"""Ask a JID with slixmpp's own plugins: HOST PORT JID PASSWORD TO STEP...

Prints one JSON object: for each step what its plugin returned, or the error.
"""
import asyncio
import json
import sys
from xml.etree import ElementTree

import slixmpp
from slixmpp.exceptions import IqError, IqTimeout

TIMEOUT = 15  # seconds that an answer may take


def info(xmpp, to, node=None):
    return xmpp["xep_0030"].get_info(jid=to, node=node, timeout=TIMEOUT)


def read_info(iq):
    found = iq["disco_info"]
    return {
        "node": found["node"],
        "identities": sorted([i[0], i[1], i[3] or ""] for i in found["identities"]),
        "features": sorted(found["features"]),
        "forms": [form_values(form) for form in iq.xml.iterfind(".//{jabber:x:data}x")],
    }


def form_values(form):
    return {
        field.get("var"): [value.text or "" for value in field.iterfind("{jabber:x:data}value")]
        for field in form.iterfind("{jabber:x:data}field")
    }


def items(xmpp, to, node=None):
    return xmpp["xep_0030"].get_items(jid=to, node=node, timeout=TIMEOUT)


def read_items(iq):
    found = iq["disco_items"]["items"]
    return {"items": sorted([str(jid), node or "", name or ""] for jid, node, name in found)}


def version(xmpp, to):
    return xmpp["xep_0092"].get_version(to, timeout=TIMEOUT)


def read_version(iq):
    return {key: iq["software_version"][key] for key in ("name", "version", "os")}


def ping(xmpp, to):
    return xmpp["xep_0199"].send_ping(to, timeout=TIMEOUT)


def time(xmpp, to):
    return xmpp["xep_0202"].get_entity_time(to, timeout=TIMEOUT)


def read_time(iq):
    # As text: the plugin of slixmpp 1.8.3 takes no value that XEP-0202 allows.
    return {key: iq.xml.findtext("{urn:xmpp:time}time/{urn:xmpp:time}" + key) for key in ("utc", "tzo")}


def last(xmpp, to):
    return xmpp["xep_0012"].get_last_activity(to, timeout=TIMEOUT)


def read_last(iq):
    return {"seconds": iq["last_activity"]["seconds"], "status": iq["last_activity"]["status"]}


def vcard(xmpp, to):
    return xmpp["xep_0054"].get_vcard(to, local=False, cached=False, timeout=TIMEOUT)


def read_vcard(iq):
    return {key: iq["vcard_temp"][key] for key in ("FN", "NICKNAME", "DESC")}


def roster(xmpp, to):
    iq = xmpp.make_iq_get(ito=to)
    iq.enable("roster")
    return iq.send(timeout=TIMEOUT)


def read_roster(iq):
    found = [
        {"jid": str(jid), "name": item["name"], "groups": sorted(item["groups"]), "subscription": item["subscription"]}
        for jid, item in iq["roster"]["items"].items()
    ]
    return {"ver": iq["roster"]["ver"], "items": sorted(found, key=lambda item: item["jid"])}


def roster_set(xmpp, to, jid, name="", *groups):
    return set_item(xmpp, to, jid, {"name": name, "groups": list(groups)})


def roster_remove(xmpp, to, jid):
    return set_item(xmpp, to, jid, {"subscription": "remove"})


def set_item(xmpp, to, jid, item):
    iq = xmpp.make_iq_set(ito=to)
    iq["roster"]["items"] = {jid: item}
    return iq.send(timeout=TIMEOUT)


def query(xmpp, to, *namespace):
    return xmpp.make_iq_get(queryxmlns=":".join(namespace), ito=to).send(timeout=TIMEOUT)


def commands(xmpp, to):
    return xmpp["xep_0050"].get_commands(to, timeout=TIMEOUT)


async def command(xmpp, to, node, *actions):
    """Run a command: each action is followed by what it fills in, as in "next,lamp=kitchen"."""
    iq = await xmpp["xep_0050"].send_command(to, node, timeout=TIMEOUT)
    for step in actions:
        action, *values = step.split(",")
        session, form = iq["command"]["sessionid"], None
        if values:
            form = iq["command"]["form"]
            form["type"] = "submit"
            form["values"] = dict(value.split("=", 1) for value in values)
        iq = await xmpp["xep_0050"].send_command(
            to, node, action=action, payload=form, sessionid=session, timeout=TIMEOUT)
    return iq


def read_command(iq):
    found = iq["command"]
    return {
        "status": found["status"],
        "actions": sorted(found["actions"]),
        "notes": [[kind, text] for kind, text in found["notes"]],
        "forms": [form_values(form) for form in iq.xml.iterfind(".//{jabber:x:data}x")],
    }


def any_get(xmpp, to, *payload):
    return send(xmpp.make_iq_get(ito=to), payload)


def any_set(xmpp, to, *payload):
    return send(xmpp.make_iq_set(ito=to), payload)


def send(iq, payload):
    iq.append(ElementTree.fromstring(":".join(payload)))
    return iq.send(timeout=TIMEOUT)


def read_nothing(iq):
    return {}


STEPS = {
    "info": (info, read_info),
    "items": (items, read_items),
    "version": (version, read_version),
    "ping": (ping, read_nothing),
    "time": (time, read_time),
    "last": (last, read_last),
    "vcard": (vcard, read_vcard),
    "roster": (roster, read_roster),
    "roster-set": (roster_set, read_nothing),
    "roster-remove": (roster_remove, read_nothing),
    "query": (query, read_nothing),
    "commands": (commands, read_items),
    "command": (command, read_command),
    "get": (any_get, read_nothing),
    "set": (any_set, read_nothing),
}


async def answer(xmpp, to, step):
    name, *arguments = step.split(":")
    ask, read = STEPS[name]
    try:
        iq = await ask(xmpp, to, *arguments)
    except IqTimeout:
        return {"error": failure("remote-server-timeout", "no answer")}
    except IqError as e:
        return {"error": {"condition": e.condition, "type": e.etype, "text": e.text}, "xml": str(e.iq)}
    xml = str(iq)  # now, for a plugin that reads adds what it misses
    try:
        return {**read(iq), "xml": xml}
    except Exception as e:
        return {"error": failure("undefined-condition", repr(e)), "xml": xml}


def failure(condition, text):
    return {"condition": condition, "type": "cancel", "text": text, "local": True}


async def run(host, port, jid, password, to, *steps):
    xmpp = slixmpp.ClientXMPP(jid, password)
    for plugin in ("xep_0012", "xep_0030", "xep_0050", "xep_0054", "xep_0092", "xep_0199", "xep_0202"):
        xmpp.register_plugin(plugin)
    xmpp["feature_mechanisms"].unencrypted_plain = True
    started = asyncio.get_running_loop().create_future()
    xmpp.add_event_handler("session_start", lambda _: started.set_result(None))
    for event in ("failed_all_auth", "connection_failed"):
        xmpp.add_event_handler(event, lambda why, event=event: sys.exit("%s: %s" % (event, why)))
    xmpp.connect((host, int(port)), force_starttls=False, disable_starttls=True)
    await asyncio.wait_for(started, TIMEOUT)
    results = {step: await answer(xmpp, to, step) for step in steps}
    await xmpp.disconnect()
    return results


print(json.dumps(asyncio.get_event_loop().run_until_complete(run(*sys.argv[1:]))))
