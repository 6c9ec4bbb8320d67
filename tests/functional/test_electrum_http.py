"""The Electrum methods over HTTP, and the limit on how often they and the lines may be asked."""

import base64
import http.client
import json
import threading
import urllib.parse

import pytest
import wire
from bitcoin_p2p import Connection
from electrum_client import LineClient
from process import LOOPBACK, free_port
from transactions import unknown
from waiting import TIME_FACTOR, wait_until

BROADCAST = "blockchain.transaction.broadcast"


class Http:
    """The envelope over one connection."""

    def __init__(self, node):
        user_password = (node.datadir / ".cookie").read_text(encoding="ascii")
        self.credential = {
            "Authorization": "Basic " + base64.b64encode(user_password.encode()).decode()
        }
        self.connection = http.client.HTTPConnection(
            LOOPBACK, node.api_port, timeout=60 * TIME_FACTOR
        )

    def ask(self, verb, path, body=None, **headers):
        """Status, headers, and the body, which must be an envelope."""
        self.connection.request(verb, "/electrum/" + path, body=body, headers=headers)
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.headers["Content-Type"] == "application/json"
        envelope = json.loads(text)
        if answer.status == 200:
            assert envelope["success"] is True and list(envelope) == ["success", "response"]
        else:
            assert envelope["success"] is False and envelope["code"] == 1
            assert list(envelope) == ["success", "code", "message"]
        return answer.status, answer.headers, envelope

    def get(self, method, *params):
        query = "?params=" + urllib.parse.quote(json.dumps(params)) if params else ""
        return self.ask("GET", method + query)

    def post(self, method, params=None, credential=False):
        body = json.dumps({} if params is None else {"params": params})
        return self.ask("POST", method, body, **(self.credential if credential else {}))


@pytest.fixture
def electrum(make_node):
    def start(*options):
        port = free_port()
        node = make_node("--electrum", f"--electrum-listen=127.0.0.1:{port}", *options).start()
        return node, port

    return start


def test_http_and_lines_give_the_same_answers(electrum):
    node, port = electrum()
    asked = {
        "blockchain.block.header": [0],
        "blockchain.block.headers": [0, 10],
        "blockchain.estimatefee": [2],
        "blockchain.headers.get_tip": [],
        "blockchain.relayfee": [],
        "mempool.get_fee_histogram": [],
        "server.banner": [],
        "server.features": [],
        "server.peers.subscribe": [],
        "server.ping": [],
    }
    web = Http(node)
    with LineClient(port) as client:
        client.join()
        for method, params in asked.items():
            expected = client.call(method, *params)
            assert web.get(method, *params)[2] == {"success": True, "response": expected}, method
            assert web.post(method, params)[2]["response"] == expected, method
        named = web.post("blockchain.block.header", {"height": 0})
        assert named[2]["response"] == client.call("blockchain.block.header", 0)
    assert node.metrics().total("p2pnode_http_requests_total", handler="electrum", code="200") > 20


def test_every_failure_is_an_envelope(electrum):
    node, _ = electrum()
    web = Http(node)
    refused = [
        (404, web.get("no.such.method")),
        (404, web.get("")),
        (404, web.get("server.version")),  # of sessions alone
        (404, web.get("blockchain.headers.subscribe")),
        (400, web.get("blockchain.block.header")),
        (400, web.get("blockchain.block.header", "x")),
        (400, web.get("blockchain.block.header", 1)),  # above the tip
        (400, web.get("blockchain.scripthash.get_balance", "00" * 32)),
        (400, web.ask("GET", "server.ping?params=%5B")),
        (400, web.ask("GET", "server.ping?params=1")),
        (404, web.ask("GET", "server.ping%00")),
        (400, web.ask("GET", "s" * 500)),
        (400, web.ask("POST", "server.ping", "{")),
        (400, web.ask("POST", "server.ping", "[]")),
        (400, web.ask("POST", "server.ping", b"\xff")),
        (400, web.ask("POST", "server.ping", "[" * 1000)),
        (400, web.ask("POST", "server.ping", '{"params": 7}')),
        (403, web.ask("GET", "server.ping", Host="node.example.org")),
        (403, web.ask("GET", "server.ping", Origin="http://elsewhere.example.org")),
        (405, web.get(BROADCAST, "00")),
        (401, web.post(BROADCAST, ["00"])),
        (401, web.post("server.add_peer", [{"hosts": {"example.org": {}}}])),
        (400, web.post(BROADCAST, ["00"], credential=True)),
        (400, web.post(BROADCAST, ["zz"], credential=True)),
    ]
    for expected, (status, _, envelope) in refused:
        assert status == expected, envelope
        assert "/" not in envelope["message"] and "src" not in envelope["message"]
    assert web.get("server.ping")[0] == 200


def test_who_waits_for_a_peer_holds_up_nobody(electrum):
    node, _ = electrum("--trickle-interval=0.1")
    raw = unknown(1).raw
    sent = []
    with Connection.to(node.port) as peer:
        peer.handshake(relay=True)
        node.wait_for_peers(1, network="bitcoin")
        web = Http(node)
        waiting = threading.Thread(
            target=lambda: sent.append(web.post(BROADCAST, [raw.hex()], credential=True))
        )
        waiting.start()
        inventory = peer.wait_for("inv", timeout=30)
        assert Http(node).get("server.ping")[0] == 200
        assert node.call("uptime") >= 0
        assert not sent
        peer.send("getdata", inventory)
        waiting.join(60 * TIME_FACTOR)
        assert sent[0][2] == {"success": True, "response": wire.sha256d(raw)[::-1].hex()}


def decisions(node, decision):
    return int(node.metrics().total("p2pnode_ratelimit_decisions_total", decision=decision))


def test_who_asks_too_often_waits_and_is_then_refused(electrum):
    node, port = electrum(
        "--electrum-max-tokens=3",
        "--electrum-rate-limit-window-seconds=3600",
        "--electrum-rate-limit-delay-after=1",
        "--electrum-rate-limit-delay-ms=10",
    )
    web = Http(node)
    for _ in range(3):
        assert web.get("server.ping")[0] == 200
    for _ in range(3):
        status, headers, envelope = web.get("server.ping")
        assert status == 429
        assert 3000 < int(headers["Retry-After"]) <= 3600
        assert envelope["message"] == f"too many requests, retry in {headers['Retry-After']} s"
    with LineClient(port) as client:  # the same client
        client.send({"method": "server.version", "params": ["t", "1.4"], "id": 1})
        error = client.receive()["error"]
        assert error["code"] == -102 and error["message"].startswith("too many requests, retry in")
    assert decisions(node, "allowed") == 3
    assert decisions(node, "delayed") == 1
    assert decisions(node, "refused") == 4
    reasons = {
        (entry["event"], entry["reason"]): entry["count"]
        for entry in node.call("journal", 100)
        if entry["network"] == "electrum"
    }
    assert reasons[("limited", "refused")] == 4
    assert reasons[("limited", "delayed")] == 1


def test_a_request_over_the_limit_is_served_once_a_token_has_come(electrum):
    node, _ = electrum(
        "--electrum-max-tokens=1",
        "--electrum-rate-limit-window-seconds=0.1",
        "--electrum-rate-limit-delay-ms=200",
    )
    web = Http(node)
    for _ in range(10):
        assert web.get("server.ping")[0] == 200
    assert decisions(node, "refused") == 0


def test_a_stop_answers_those_who_wait(electrum):
    node, _ = electrum(
        "--electrum-max-tokens=1",
        "--electrum-rate-limit-window-seconds=3600",
        "--electrum-rate-limit-delay-ms=10000",
    )
    web, answers = Http(node), []
    assert web.get("server.ping")[0] == 200
    waiting = threading.Thread(target=lambda: answers.append(web.get("server.ping")[0]))
    waiting.start()
    wait_until("it waits", lambda: decisions(node, "delayed") == 1, 10)
    assert node.stop() == 0
    waiting.join(60)
    assert answers == [503]


def test_a_client_that_leaves_while_it_waits_is_forgotten(electrum):
    node, _ = electrum(
        "--electrum-max-tokens=1",
        "--electrum-rate-limit-window-seconds=3600",
        "--electrum-rate-limit-delay-ms=10000",
    )
    assert Http(node).get("server.ping")[0] == 200
    web = Http(node)
    web.connection.request("GET", "/electrum/server.ping")
    wait_until("it waits", lambda: decisions(node, "delayed") == 1, 10)
    web.connection.close()
    assert node.get("/livez")[0] == 200
    assert node.stop() == 0
