#!/usr/bin/env python3
"""Tea or coffee? A webhook of iqd, with nothing but the standard library.

Usage: poll.py PORT SECRET-FILE
"""
import hashlib
import hmac
import json
import sys
import time
import xml.etree.ElementTree as ET
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NS = "urn:example:poll"
CHOICES = ("coffee", "tea")
votes = {}  # of each account, the last one


class Refused(Exception):
    """What the requester is to read: a condition of RFC 6120, 8.3.3, and a text."""

    def __init__(self, condition, text):
        super().__init__(text)
        self.data = {"condition": condition, "text": text}


def iq(type, payload, owner=None, **_):
    """Return the payload of the answer, or None for an empty result."""
    if type == "set" and owner is None:
        raise Refused("jid-malformed", "your address is none")
    if type == "set":
        choice = ET.fromstring(payload).get("for")
        if choice not in CHOICES:
            raise Refused("not-acceptable", "choose one of: " + ", ".join(CHOICES))
        votes[owner] = choice
        return None
    poll = ET.Element("poll", xmlns=NS)
    count = Counter(votes.values())
    for choice in CHOICES:
        ET.SubElement(poll, "choice", name=choice, votes=str(count[choice]))
    return ET.tostring(poll, encoding="unicode")


class Hook(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # the connection is kept for the next request
    disable_nagle_algorithm = True  # or an answer waits 40 ms on a kept connection
    secret = b""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.signed(body):
            return self.send(401)  # which iqd logs: the secrets differ
        request = json.loads(body)
        reply = {"jsonrpc": "2.0", "id": request["id"]}
        try:
            reply["result"] = {"payload": iq(**request["params"])}
        except Refused as e:
            reply["error"] = {"code": 1, "message": str(e), "data": e.data}
        self.send(200, json.dumps(reply).encode())

    def signed(self, body):
        """Tell whether iqd has sent this, within the last minute."""
        stamp = self.headers.get("X-Iqd-Timestamp", "0")
        good = hmac.new(self.secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        fresh = stamp.isdigit() and abs(time.time() - int(stamp)) < 60
        return hmac.compare_digest("sha256=" + good, self.headers.get("X-Iqd-Signature", "")) and fresh

    def send(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    port, secret = sys.argv[1:]
    with open(secret, "rb") as f:
        Hook.secret = f.read().strip()
    ThreadingHTTPServer(("127.0.0.1", int(port)), Hook).serve_forever()
