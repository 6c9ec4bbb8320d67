"""The HTTP interface against those who mean it harm: clear refusals, bounded memory, and the node goes
on relaying meanwhile."""

import base64
import http.client
import json
import os
import socket

import pytest

from bitcoin_p2p import Connection
from process import LOOPBACK
from waiting import wait_until

MIB = 1 << 20
EVENTS_CLIENTS = 8
CONNECTIONS = 64  # that are served at once


def authorization(node, wrong=False):
    pair = (node.datadir / ".cookie").read_bytes()
    if wrong:
        pair = pair[:-1] + (b"0" if pair[-1:] != b"0" else b"1")
    return f"Basic {base64.b64encode(pair).decode()}"


def request(node, method="POST", path="/", body=None, timeout=60, **headers):
    """Status, headers and text of an answer; header names with underscores for hyphens."""
    connection = http.client.HTTPConnection(LOOPBACK, node.api_port, timeout=timeout)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def call(node, text, **headers):
    headers.setdefault("Authorization", authorization(node))
    return request(node, body=text, **headers)


UPTIME = b'{"id": 1, "method": "uptime", "params": []}'


def calls_made(node):
    return node.metrics().total("p2pnode_rpc_calls_total")


# --- who may call ---


def test_without_the_right_credential_nothing_is_called(make_node):
    node = make_node().start()
    right = authorization(node)
    for wrong in (
        None,
        "",
        "Basic",
        "Basic !!!!",
        right.removeprefix("Basic "),
        right.lower(),
        right[:-4],
        right + right,
        right.replace("Basic", "Bearer"),
        authorization(node, wrong=True),
        "Basic " + 6000 * "A",
    ):
        headers = {} if wrong is None else {"Authorization": wrong}
        status, answered, text = request(node, body=UPTIME, **headers)
        assert (status, text) == (401, "send the cookie, or user and password\n")
        assert answered["WWW-Authenticate"].startswith("Basic")
    for path in "/", "/app.js", "/events":
        assert request(node, "GET", path)[0] == 401
    assert calls_made(node) == 0
    assert call(node, UPTIME)[0] == 200


def test_pages_of_other_sites_and_names_that_can_be_pointed_here_are_refused(make_node):
    node = make_node().start()
    own = f"{LOOPBACK}:{node.api_port}"
    for headers in (
        {"Host": "attacker.example"},
        {"Host": f"attacker.example:{node.api_port}"},
        {"Host": "localhost.attacker.example"},
        {"Host": "127.0.0.1.attacker.example"},
        {"Origin": "http://attacker.example"},
        {"Origin": f"https://{own}"},
        {"Origin": f"http://{LOOPBACK}:{node.api_port + 1}"},
        {"Origin": "null"},
        {"Origin": "http://attacker.example", "Content_Type": "text/plain"},
    ):
        for path in "/", "/events":
            status, _, text = call(node, UPTIME, **headers) if path == "/" else request(
                node, "GET", path, Authorization=authorization(node), **headers
            )
            assert status == 403, headers
            assert text.startswith(("name this machine", "calls are not taken from pages"))
    assert calls_made(node) == 0
    for headers in (
        {"Host": own, "Origin": f"http://{own}"},
        {"Host": f"localhost:{node.api_port}", "Origin": f"http://localhost:{node.api_port}"},
        {"Host": "[::1]:80"},
    ):
        assert call(node, UPTIME, **headers)[0] == 200
    # A page may not read an answer either: nobody is told that it may.
    _, answered, _ = call(node, UPTIME)
    assert not [name for name in answered if name.lower().startswith("access-control")]


# --- what is called ---


def test_bodies_of_ten_megabytes_are_refused_and_leave_nothing_behind(make_node):
    node = make_node().start()
    assert call(node, UPTIME)[0] == 200
    before = node.resident_bytes()
    big = b'{"id": 1, "method": "uptime", "params": ["' + 10 * MIB * b"a" + b'"]}'
    refused = 0
    for _ in range(20):
        try:
            status, _, _ = call(node, big)
            assert status == 413
        except (BrokenPipeError, ConnectionResetError):
            pass  # it does not wait for the end of what it will not take
        refused += 1
    # Nor does it when the length is not told before.
    with socket.create_connection((LOOPBACK, node.api_port), timeout=60) as s:
        head = f"POST / HTTP/1.1\r\nHost: {LOOPBACK}\r\nAuthorization: {authorization(node)}\r\n"
        s.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        try:
            for _ in range(160):
                s.sendall(b"10000\r\n" + 65536 * b"[" + b"\r\n")
            answer = s.recv(4096)
        except (BrokenPipeError, ConnectionResetError):
            answer = b""
    assert answer == b"" or b" 413 " in answer or b" 400 " in answer
    assert refused == 20
    assert calls_made(node) == 1
    assert node.resident_bytes() - before < 8 * MIB
    assert call(node, UPTIME)[0] == 200


@pytest.mark.parametrize(
    "text",
    [
        100000 * b"[",
        50000 * b'{"a":',
        100000 * b"[" + 100000 * b"]",
        b'{"id": 1, "method": "uptime", "params": ' + 1000 * b"[" + 1000 * b"]" + b"}",
        b"[" + 400000 * b"0," + b"0]",
        b'{"id": 1, "method": "uptime"',
        b'{"id": 1, "method": "\\ud800"}',
        b"\xff\xfe",
        b"",
    ],
    ids=["arrays", "objects", "closed", "params", "values", "cut", "surrogate", "bytes", "empty"],
)
def test_bombs_are_refused_as_what_they_are(make_node, text):
    node = make_node().start()
    before = node.resident_bytes()
    status, _, answer = call(node, text)
    assert status in (400, 500)
    assert json.loads(answer)["error"]["code"] in (-32700, -32600)
    assert node.resident_bytes() - before < 16 * MIB
    assert call(node, UPTIME)[0] == 200


def test_a_batch_has_a_bound(make_node):
    node = make_node().start()
    one = UPTIME.decode()
    status, _, answer = call(node, f"[{','.join(1000 * [one])}]".encode())
    assert status == 200 and len(json.loads(answer)) == 1000
    status, _, answer = call(node, f"[{','.join(1001 * [one])}]".encode())
    assert status == 400
    assert "Too many calls in one batch" in json.loads(answer)["error"]["message"]


def test_methods_that_are_not_allowed_and_long_headers_are_refused(make_node):
    node = make_node().start()
    for method in "PUT", "DELETE", "OPTIONS", "TRACE", "BREW":
        status, _, _ = request(node, method, Authorization=authorization(node))
        assert status in (400, 405, 501), method
    status, _, _ = call(node, UPTIME, X_Long=9000 * "a")
    assert status in (400, 413)
    assert call(node, UPTIME)[0] == 200


# --- who stays ---


def test_slow_readers_of_events_lose_events_and_not_the_nodes_memory(make_node):
    node = make_node().start()
    readers = []
    for _ in range(EVENTS_CLIENTS):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(60)
        s.connect((LOOPBACK, node.api_port))
        head = f"GET /events HTTP/1.1\r\nHost: {LOOPBACK}\r\nAuthorization: {authorization(node)}\r\n"
        s.sendall(f"{head}\r\n".encode())
        assert s.recv(1).startswith(b"H")
        readers.append(s)
    status, _, text = request(node, "GET", "/events", Authorization=authorization(node))
    assert status == 503 and text.startswith("too many clients")
    before = node.resident_bytes()
    bans = [
        {"id": i, "method": "setban", "params": [f"10.{i // 250}.{i % 250}.0/24", "add"]}
        for i in range(1000)
    ]
    for _ in range(12):  # 24,000 events for each
        assert call(node, json.dumps(bans).encode())[0] == 200
        assert node.call("clearbanned") is None
    assert node.resident_bytes() - before < 12 * MIB
    # Whoever begins to read is told that there was more.
    seen = b""
    while b"event: lost" not in seen:
        data = readers[0].recv(65536)
        assert data, "parted without a word"
        seen += data
        assert len(seen) < 64 * MIB
    for s in readers:
        s.close()
    wait_until(
        "there is room for another",
        lambda: node.metrics().total("p2pnode_http_connections") <= 2,
        60,
    )


def test_a_thousand_connections_hold_up_neither_the_relay_nor_the_node(make_node):
    node = make_node("--generate=0.2").start()
    other = make_node(f"--connect={LOOPBACK}:{node.port}").start()
    other.wait_for_peers(1)
    before, files = node.resident_bytes(), len(os.listdir(f"/proc/{node.pid}/fd"))
    crowd = []
    try:
        for _ in range(1000):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex((LOOPBACK, node.api_port))
            crowd.append(s)
        at = other.height()
        wait_until("blocks are still relayed", lambda: other.height() >= at + 10, 60)
        assert len(os.listdir(f"/proc/{node.pid}/fd")) <= files + CONNECTIONS
        assert node.resident_bytes() - before < 16 * MIB
        with Connection.to(node.port) as peer:  # and peers are taken
            peer.handshake()
    finally:
        for s in crowd:
            s.close()
    wait_until("the interface answers again", lambda: call(node, UPTIME)[0] == 200, 60)
    assert node.stop() == 0
