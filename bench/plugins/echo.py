#!/usr/bin/python3
"""The benchmark's plugin in Python, with the standard library alone: it sends back
an empty element of the name that it was asked with."""
import json
import sys


def answer(request):
    reply = {"jsonrpc": "2.0", "id": request["id"]}
    if request["method"] == "iq":
        asked = request["params"]
        reply["result"] = {"payload": f"<{asked['name']} xmlns='{asked['namespace']}'/>"}
    else:
        reply["error"] = {"code": -32601, "message": "no method " + request["method"]}
    return reply


for line in sys.stdin:
    request = json.loads(line)
    if "id" in request:  # otherwise it is a notification, which nobody answers
        print(json.dumps(answer(request)), flush=True)
