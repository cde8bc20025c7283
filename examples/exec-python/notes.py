#!/usr/bin/env python3
"""A note for each user: a plugin of iqd, with nothing but the standard library."""
import json
import sqlite3
import sys
import traceback
import xml.etree.ElementTree as ET

NS = "urn:example:notes"


class Refused(Exception):
    """What the requester is to read: a condition of RFC 6120, 8.3.3, and a text."""

    def __init__(self, condition, text):
        super().__init__(text)
        self.data = {"condition": condition, "text": text}


class Plugin:
    """Reads requests from iqd, and answers each with what its method returns."""

    def run(self):
        self.out, sys.stdout = sys.stdout, sys.stderr  # a stray print goes to the log
        for line in sys.stdin.buffer:
            request = json.loads(line)
            if "id" in request:  # otherwise it is a notification, which nobody answers
                self.answer(request)

    def answer(self, request):
        reply = {"jsonrpc": "2.0", "id": request["id"]}
        try:
            if request["method"] != "iq":
                raise Refused("feature-not-implemented", "no method " + request["method"])
            reply["result"] = {"payload": self.iq(**request["params"])}
        except Refused as e:
            reply["error"] = {"code": 1, "message": str(e), "data": e.data}
        except Exception as e:  # a bug of ours: told to the log, and not to the requester
            traceback.print_exc()
            reply["error"] = {"code": 1, "message": repr(e)}
        print(json.dumps(reply), file=self.out, flush=True)


class Notes(Plugin):
    def __init__(self):
        self.db = sqlite3.connect("notes.db")  # in the state directory of iqd
        self.db.execute("CREATE TABLE IF NOT EXISTS notes (owner TEXT PRIMARY KEY, note TEXT)")

    def iq(self, type, payload, owner=None, **_):
        if owner is None:
            raise Refused("jid-malformed", "your address is none")
        if type == "set":
            return self.write(owner, ET.fromstring(payload).text or "")
        found = self.db.execute("SELECT note FROM notes WHERE owner = ?", (owner,)).fetchone()
        if not found:
            raise Refused("item-not-found", "you have no note")
        note = ET.Element("note", xmlns=NS)
        note.text = found[0]
        return ET.tostring(note, encoding="unicode")

    def write(self, owner, note):
        if len(note) > 1000:
            raise Refused("not-acceptable", "a note has at most 1000 characters")
        with self.db:  # committed at its end, and then acknowledged
            self.db.execute("REPLACE INTO notes VALUES (?, ?)", (owner, note))
        return None  # an empty result


if __name__ == "__main__":
    Notes().run()
