"""A JSON-RPC call over HTTP, as bcoin and btcd serve it; geth wants version 2.0."""

import base64
import json
import urllib.error
import urllib.request


def call(url, method, *parameters, user=None, password=None, timeout=60, version="1.0"):
    """The result; RuntimeError with the server's words when it refuses."""
    body = {"jsonrpc": version, "id": 1, "method": method, "params": list(parameters)}
    request = urllib.request.Request(url, json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    if user is not None:
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
    try:
        with urllib.request.urlopen(request, timeout=timeout) as reply:
            answer = json.load(reply)
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{method}: {error.read().decode(errors='replace')}") from None
    if answer.get("error"):
        raise RuntimeError(f"{method}: {answer['error']}")
    return answer["result"]
