"""Ethereum's encrypted connections: go-ethereum's tool as a peer, and strangers who only connect."""

import socket
import time

import pytest
from discovery_peers import DEVP2P, devp2p
from node import SANITIZED
from rlpx_peers import CROWD, Crowd, enode_of, ethereum_options
from waiting import TIME_FACTOR, wait_for_value, wait_until

needs_devp2p = pytest.mark.skipif(
    not DEVP2P.is_file(), reason=f"{DEVP2P} is missing; scripts/test installs it"
)

needs_crowd = pytest.mark.skipif(not CROWD.is_file(), reason=f"{CROWD} is not built")

PENDING_MAX = 50  # src/ethereum/p2p/roster.h
HANDSHAKE_SECONDS = 5
ANNOUNCERS = 20
MEMORY_FACTOR = 20 if SANITIZED else 1


def address_of(enode):
    host, port = enode.partition("@")[2].partition("?")[0].split(":")
    return host, int(port)


def stages(node, direction="inbound"):
    metrics = node.metrics()
    names = ("connected", "encrypted", "greeted", "admitted", "ready")
    return [
        int(metrics.total("p2pnode_eth_connections_total", direction=direction, stage=stage))
        for stage in names
    ]


@needs_devp2p
def test_answers_the_ping_of_go_ethereums_tool(make_node):
    node = make_node(*ethereum_options()).start()
    enode = enode_of(node)
    for _ in range(3):
        said = devp2p("rlpx", "ping", enode)
        assert "Version:5" in said and "Name:p2pnode/v" in said, said
    assert stages(node)[:2] == [3, 3]


@needs_devp2p
def test_a_thousand_silent_connections_keep_nobody_out(make_node, stack):
    """Handshakes under way are bounded, the slowest gives way, and five seconds end the rest."""
    node = make_node(*ethereum_options()).start()
    enode = enode_of(node)
    most_threads = 0
    for i in range(1000):
        silent = stack.enter_context(socket.socket())
        silent.connect(address_of(enode))
        if i % 100 == 99:
            threads = int(node.metrics().total("p2pnode_threads", role="peer_in"))
            most_threads = max(most_threads, threads)
    began = time.monotonic()
    assert "Version:5" in devp2p("rlpx", "ping", enode)
    assert time.monotonic() - began < 6 * TIME_FACTOR
    # some may be on their way out while their successors are there
    assert 0 < most_threads <= PENDING_MAX + 34, most_threads
    wait_for_value(
        "threads of silent connections",
        lambda: int(node.metrics().total("p2pnode_threads", role="peer_in")),
        0,
        timeout=HANDSHAKE_SECONDS + 5,
    )
    assert node.disconnects(network="ethereum", reason="evicted") > 0
    assert node.disconnects(network="ethereum", reason="timeout") > 0


def test_junk_is_answered_by_silence_and_the_end(make_node):
    node = make_node(*ethereum_options()).start()
    address = address_of(enode_of(node))
    for junk in (b"GET / HTTP/1.1\r\n\r\n", b"\xff\xff" + b"x" * 100, b"\x01\x90\x04" + b"y" * 500):
        with socket.create_connection(address, timeout=10 * TIME_FACTOR) as stranger:
            stranger.sendall(junk)
            try:
                assert stranger.recv(1) == b""
            except ConnectionResetError:
                pass  # it closed with our bytes unread
    wait_until(
        "refused handshakes",
        lambda: node.disconnects(network="ethereum", reason="bad_handshake") >= 2,
        timeout=10,
    )


def test_operators_ask_and_tell_as_they_do_go_ethereum(make_node):
    node = make_node(*ethereum_options()).start()
    enode = enode_of(node)
    info = node.call("admin_nodeInfo")
    assert info["enode"] == enode and info["enr"].startswith("enr:")
    assert info["ports"] == {"discovery": address_of(enode)[1], "listener": address_of(enode)[1]}
    assert info["name"].startswith("p2pnode/v")
    assert node.call("admin_peers") == []
    assert node.call("net_peerCount") == "0x0"
    other = enode.replace(enode[10:16], "000000")  # hardly a point of the curve
    with pytest.raises(RuntimeError):
        node.call("admin_addPeer", other)


@needs_crowd
def test_fifty_idle_peers_fit_into_sixty_megabytes(make_node, tmp_path, stack):
    options = ethereum_options("--eth-maxpeers=100", network="classic")
    node = make_node(*options).start()
    crowd = Crowd(tmp_path, enode_of(node), 50)
    stack.callback(crowd.stop)
    node.wait_for_peers(50, network="ethereum")
    assert node.resident_bytes() < 60e6 * MEMORY_FACTOR
    assert node.metrics().total("p2pnode_threads") >= 250


@needs_crowd
def test_announced_messages_cost_nothing_before_they_arrive(make_node, tmp_path, stack):
    """Peers begin a message of eight megabytes each and send one byte of it."""
    node = make_node(*ethereum_options(network="classic")).start()
    idle = Crowd(tmp_path, enode_of(node), ANNOUNCERS)
    node.wait_for_peers(ANNOUNCERS, network="ethereum")
    before = node.resident_bytes()
    idle.stop()
    node.wait_for_peers(0, network="ethereum")
    crowd = Crowd(tmp_path, enode_of(node), ANNOUNCERS, "announce")
    stack.callback(crowd.stop)
    node.wait_for_peers(ANNOUNCERS, network="ethereum")
    assert node.resident_bytes() - before < ANNOUNCERS * 128 * 1024 * MEMORY_FACTOR
