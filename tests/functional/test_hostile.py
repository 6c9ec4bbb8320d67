"""p2pnode against peers that break the rules. None of them may cost more than its own connection."""

import contextlib
import functools
import os
import resource
import socket
import struct
import time

import pytest
import wire
from bitcoin_p2p import Closed, Connection, HeaderServer
from node import SANITIZED
from process import LOOPBACK, free_port
from waiting import TIME_FACTOR, wait_until

MEGABYTE = 1_000_000
# Places for peers that the node chooses are never given to those that come.
NO_OUTBOUND = ("--outbound=0", "--block-relay=0")


@pytest.fixture
def peer(node):
    """A connection that has completed the handshake."""
    with Connection.to(node.port) as connection:
        yield connection.handshake()


def cpu_seconds(node):
    with open(f"/proc/{node.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_few_descriptors_mean_fewer_peers_and_no_spinning(make_node):
    """200 connections to a node that may open 96 files: it takes what it can, rests, and recovers."""
    few = functools.partial(resource.setrlimit, resource.RLIMIT_NOFILE, (96, 96))
    node = make_node(*NO_OUTBOUND).start(preexec_fn=few)
    assert "32 peers in place of 125" in node.log()
    with contextlib.ExitStack() as opened:
        for _ in range(200):
            opened.enter_context(socket.create_connection((LOOPBACK, node.port), timeout=10))
        time.sleep(1)
        used, lines = cpu_seconds(node), node.log().count("\n")
        time.sleep(3)
        assert cpu_seconds(node) - used < 0.5 * TIME_FACTOR
        assert node.log().count("\n") - lines < 100
        assert node.get("/livez")[0] == 200
    wait_until("a newcomer is served again", lambda: assert_alive(node) or True, 10)


def assert_alive(node):
    """A newcomer is served."""
    with Connection.to(node.port) as connection:
        connection.handshake().round_trip()


def assert_dropped(node, connection, reason, timeout=5):
    """The connection is closed, and counted under its reason."""
    assert connection.wait_closed(timeout), f"still connected after {reason}"
    wait_until(
        f"a disconnect with reason {reason}", lambda: node.disconnects(reason=reason) == 1, 5
    )
    assert node.disconnects() == 1
    assert_alive(node)


def test_drops_a_peer_of_another_network(node):
    with Connection.to(node.port) as connection:
        connection.send("version", wire.version_payload(1), magic=bytes.fromhex("f9beb4d9"))
        assert_dropped(node, connection, "bad_magic")


def test_drops_a_peer_that_sends_a_wrong_checksum(node, peer):
    peer.send("ping", bytes(8), checksum=b"\1\2\3\4")
    assert_dropped(node, peer, "bad_checksum")


@pytest.mark.parametrize("command", ["block", "ping", "nonsense"])
def test_drops_a_peer_by_an_announced_length_above_the_limit(node, peer, command):
    """The header alone decides: not one byte of the payload is sent."""
    header = wire.frame(command, length=wire.MAX_PAYLOAD + 1)
    peer.send_raw(header)
    assert_dropped(node, peer, "too_large")


def test_drops_a_peer_by_a_length_that_this_message_cannot_have(node, peer):
    peer.send_raw(wire.frame("ping", length=100_000))
    assert_dropped(node, peer, "too_large")


FIRST_MESSAGES = [
    ("verack", b""),
    ("ping", bytes(8)),
    ("pong", bytes(8)),
    ("getheaders", wire.locator_payload([wire.GENESIS_HASH])),
    ("headers", wire.headers_payload([])),
    ("getblocks", wire.locator_payload([wire.GENESIS_HASH])),
    ("inv", wire.inventory_payload([(wire.MSG_BLOCK, bytes(32))])),
    ("getdata", wire.inventory_payload([(wire.MSG_BLOCK, bytes(32))])),
    ("notfound", wire.inventory_payload([(wire.MSG_BLOCK, bytes(32))])),
    ("getaddr", b""),
    ("addr", wire.compact_size(0)),
    ("addrv2", wire.compact_size(0)),
    ("mempool", b""),
    ("sendheaders", b""),
    ("feefilter", bytes(8)),
    ("sendcmpct", b"\0" + struct.pack("<Q", 2)),
    ("sendaddrv2", b""),
    ("wtxidrelay", b""),
    ("feature", b"\4name\0"),
    ("nonsense", b""),
]


@pytest.mark.parametrize("command, payload", FIRST_MESSAGES, ids=[name for name, _ in FIRST_MESSAGES])
def test_takes_no_notice_of_what_comes_before_the_version(node, command, payload):
    """Core passes over it too. It is not answered, and the handshake goes on as if it had not come."""
    with Connection.to(node.port) as connection:
        connection.send(command, payload)
        connection.handshake()
        assert connection.received[0] == "version"
        connection.round_trip()
        assert connection.received.count("pong") == 1


def test_drops_a_peer_that_sends_two_versions(node):
    with Connection.to(node.port) as connection:
        connection.send("version", wire.version_payload(1))
        connection.send("version", wire.version_payload(2))
        assert_dropped(node, connection, "duplicate")


def test_drops_a_peer_that_sends_a_version_after_the_handshake(node, peer):
    peer.send("version", wire.version_payload(3))
    assert_dropped(node, peer, "duplicate")


def test_drops_a_peer_whose_payload_ends_too_early(node, peer):
    peer.send("getheaders", struct.pack("<I", wire.PROTOCOL_VERSION) + wire.compact_size(5))
    assert peer.wait_closed()
    assert_alive(node)


def test_drops_a_peer_whose_headers_do_not_reach_their_target(node, peer):
    chain = wire.Chain()
    header = bytearray(chain.extend(1)[0].raw)
    while int.from_bytes(wire.sha256d(bytes(header)), "little") <= wire.REGTEST_TARGET:
        header[76] += 1
    peer.send("headers", wire.compact_size(1) + bytes(header) + b"\0")
    assert_dropped(node, peer, "bad_pow")
    assert node.height() == 0


def test_notices_that_it_has_dialled_itself(make_node):
    port = free_port()
    node = make_node(f"--connect={LOOPBACK}:{port}", "--retry-interval=0.2", port=port).start()
    wait_until(
        "a self-connection is dropped",
        lambda: node.disconnects(reason="self_connection") >= 1,
        10,
    )
    node.wait_for_peers(0)
    assert_alive(node)


def test_skips_unknown_messages_before_the_verack(node):
    with Connection.to(node.port) as connection:
        connection.send("version", wire.version_payload(1))
        for command in ("nonsense", "newfeature", "a", "twelveletter"):
            connection.send(command, b"whatever it may hold")
        connection.send("verack")
        connection.wait_for("verack")
        connection.round_trip()


def test_understands_a_peer_that_sends_one_byte_at_a_time(node):
    with Connection.to(node.port) as connection:
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = wire.frame("version", wire.version_payload(1)) + wire.frame("verack")
        for byte in stream + wire.frame("ping", b"one byte"):
            connection.send_raw(bytes((byte,)))
        assert connection.wait_for("pong") == b"one byte"


@pytest.mark.parametrize("says_version", [False, True], ids=["silent", "without verack"])
def test_drops_a_peer_that_does_not_complete_the_handshake(make_node, says_version):
    node = make_node("--handshake-timeout=1").start()
    started = time.monotonic()
    with Connection.to(node.port) as connection:
        if says_version:
            connection.send("version", wire.version_payload(1))
        assert_dropped(node, connection, "timeout")
        assert time.monotonic() - started >= 0.9, "dropped before its time"


def test_drops_a_handshake_that_trickles_in(make_node):
    """The deadline is for the whole handshake, not for each byte."""
    node = make_node("--handshake-timeout=1").start()
    with Connection.to(node.port) as connection:
        with pytest.raises(Closed):
            for byte in wire.frame("version", wire.version_payload(1))[:-1]:
                connection.send_raw(bytes((byte,)))
                time.sleep(0.05)
    assert_alive(node)


def test_drops_a_peer_that_owes_an_answer(make_node):
    """The peer claims 10 blocks and never answers getheaders."""
    node = make_node("--stall-timeout=1", "--stall-tick=0.2").start()
    with Connection.to(node.port) as connection:
        connection.handshake(height=10)
        connection.wait_for("getheaders")
        assert_dropped(node, connection, "stalled", timeout=20)


def test_drops_a_peer_that_falls_silent(make_node):
    node = make_node("--idle-timeout=1", "--ping-interval=0.3").start()
    with Connection.to(node.port) as connection:
        connection.handshake()
        assert_dropped(node, connection, "idle", timeout=10)


def ask_for_headers(connection, times=1):
    """Asks for all headers of a chain of MAX_HEADERS: 162 kB for each time."""
    question = wire.frame("getheaders", wire.locator_payload([wire.GENESIS_HASH]))
    connection.send_raw(question * times)


def ask_until_the_writer_blocks(node, connection):
    """One answer after the other until the kernel takes no more; when the last was asked for."""
    while True:
        written = node.messages("out", "headers")
        asked = time.monotonic()
        ask_for_headers(connection)
        while node.messages("out", "headers") == written:
            if time.monotonic() - asked > 0.3 * TIME_FACTOR:
                return asked


class Company:
    """A node with 2000 headers and two peers that must not notice what a third one does."""

    def __init__(self, make_node, stack):
        chain = wire.Chain()
        chain.extend(wire.MAX_HEADERS)
        self.server = stack.enter_context(HeaderServer(chain))
        self.node = make_node(f"--connect={LOOPBACK}:{self.server.port}", "--write-timeout=1")
        self.node.start().wait_for_height(chain.height)
        self.other = stack.enter_context(Connection.to(self.node.port)).handshake()
        self.slowest = 0

    def _asked_and_dropped(self):
        asked = time.monotonic()
        self.other.round_trip()
        self.slowest = max(self.slowest, time.monotonic() - asked)
        return self.node.disconnects()

    def assert_deaf_peer_is_dropped(self):
        """Only the third one is dropped, and meanwhile the others are served without delay."""
        wait_until("the peer that does not read is dropped", self._asked_and_dropped, 20)
        print(f"another peer waited {self.slowest * 1000:.1f} ms for its pong")
        assert self.slowest < 1 * TIME_FACTOR
        assert self.node.disconnects(reason="slow_reader") == 1
        assert self.server.messages()[0].count("version") == 1, "the dialled peer has been dropped"
        self.other.round_trip()


@pytest.fixture
def company(make_node, stack):
    return Company(make_node, stack)


def test_drops_a_peer_that_asks_for_more_than_it_reads(company):
    with Connection.to(company.node.port) as deaf:
        deaf.handshake()
        ask_for_headers(deaf, times=200)
        company.assert_deaf_peer_is_dropped()


def test_drops_a_peer_that_does_not_read_by_the_write_deadline(company):
    with Connection.to(company.node.port) as deaf:
        deaf.handshake()
        blocked = ask_until_the_writer_blocks(company.node, deaf)
        company.assert_deaf_peer_is_dropped()
        assert time.monotonic() - blocked >= 0.9, "dropped before the deadline of 1 s"


def test_125_peers_that_announce_4_megabytes_and_send_nothing_cost_less_than_10_megabytes(
    make_node, stack
):
    node = make_node("--maxpeers=130", *NO_OUTBOUND).start()
    assert_alive(node)
    before = node.resident_bytes()
    peers = [stack.enter_context(Connection.to(node.port)).handshake() for _ in range(125)]
    connected = node.resident_bytes()
    for peer in peers:
        peer.send_raw(wire.frame("block", length=wire.MAX_PAYLOAD))
        peer.send_raw(b"\0")
    node.wait_for_peers(125, direction="inbound")
    assert_alive(node)
    announced = node.resident_bytes()
    print(
        f"resident: {before / MEGABYTE:.1f} MB alone, {connected / MEGABYTE:.1f} MB with 125 peers, "
        f"{announced / MEGABYTE:.1f} MB after their announcements"
    )
    if not SANITIZED:
        assert announced - before < 10 * MEGABYTE


def test_keeps_at_most_maxpeers(make_node, stack):
    node = make_node("--maxpeers=3", *NO_OUTBOUND).start()
    for _ in range(3):
        stack.enter_context(Connection.to(node.port)).handshake()
    node.wait_for_peers(3)
    for _ in range(10):
        with Connection.to(node.port) as surplus, contextlib.suppress(Closed):
            surplus.handshake()
    assert node.peers() <= 3


def test_a_slot_is_free_again_when_its_peer_has_left(make_node):
    node = make_node("--maxpeers=2", *NO_OUTBOUND).start()
    for _ in range(20):
        with Connection.to(node.port) as connection:
            connection.handshake()
            node.wait_for_peers(1)
        node.wait_for_peers(0)


def connect_from(source, port):
    return Connection(socket.create_connection((LOOPBACK, port), 5, source_address=(source, 0)))


def test_accepts_nobody_from_outside_netrestrict(make_node):
    node = make_node("--netrestrict=127.0.0.2/32").start()
    with connect_from("127.0.0.2", node.port) as friend:
        friend.handshake().round_trip()
        with connect_from("127.0.0.3", node.port) as stranger:
            with pytest.raises(Closed):
                stranger.handshake()
        friend.round_trip()


def test_dials_nobody_outside_netrestrict(make_node, stack):
    inside = stack.enter_context(HeaderServer(wire.Chain()))
    outside = stack.enter_context(HeaderServer(wire.Chain(), host="127.0.0.2"))
    node = make_node(
        f"--connect={LOOPBACK}:{inside.port}",
        f"--connect=127.0.0.2:{outside.port}",
        "--netrestrict=127.0.0.1/32",
        "--retry-interval=0.1",
    ).start()
    node.wait_for_peers(1)
    inside.drop()
    wait_until("the permitted peer is dialled again", lambda: len(inside.messages()) >= 2, 10)
    assert outside.messages() == []
