"""Ethereum discovery beside programs by other authors, and under a real flood."""

import json
import os
import re
import socket
import time

import pytest
from discovery_peers import DEVP2P, PROGRAM, DiscoveryNode, DptNode, devp2p, own_listener
from process import LOOPBACK
from waiting import wait_until

pytestmark = pytest.mark.skipif(not PROGRAM.is_file(), reason=f"{PROGRAM} is not built")
needs_devp2p = pytest.mark.skipif(
    not DEVP2P.is_file(), reason=f"{DEVP2P} is missing; scripts/test installs it"
)
needs_dpt = pytest.mark.skipif(DptNode.missing() is not None, reason=str(DptNode.missing()))


@pytest.fixture
def make_discovery(tmp_path, stack):
    """Starts discovery nodes; each must end cleanly."""

    def make(*options, **named):
        node = DiscoveryNode(tmp_path / f"node{len(made)}", *options, **named)
        made.append(node)
        stack.callback(end, node)
        return node

    def end(node):
        assert node.stop() == 0, node.log_path.read_text()[-4000:]

    made = []
    return make


@needs_devp2p
def test_passes_the_conformance_tests_of_go_ethereum(make_discovery):
    node = make_discovery()
    said = devp2p(
        "discv4", "test", "-remote", node.enode, "-listen1", "127.0.0.1", "-listen2", "127.0.0.2"
    )
    passed = re.search(r"(\d+)/(\d+) tests passed", said)
    assert passed and passed[1] == passed[2] and int(passed[2]) >= 15, said


@needs_devp2p
def test_answers_the_devp2p_tool(make_discovery):
    node = make_discovery()
    common = own_listener(node)
    assert "node responded to ping" in devp2p("discv4", "ping", *common, node.enode)
    assert node.record in devp2p("discv4", "requestenr", *common, node.enode)
    assert node.record in devp2p("discv4", "resolve", *common, node.enode)


@needs_devp2p
def test_a_crawl_finds_all_nodes_of_a_small_network(make_discovery, tmp_path):
    first = make_discovery()
    nodes = [first] + [make_discovery("--bootnode", first.enode) for _ in range(11)]
    for node in nodes:
        node.wait_for_table(8)
    found = tmp_path / "nodes.json"
    said = devp2p("discv4", "crawl", *own_listener(first), "-timeout", "10s", found)
    records = [entry["record"] for entry in json.loads(found.read_text()).values()]
    assert {node.record for node in nodes} <= set(records), said


def test_nodes_find_each_other_through_one_bootnode(make_discovery):
    first = make_discovery()
    nodes = [make_discovery("--bootnode", first.enode, "--tcp", 30303) for _ in range(9)]
    for node in nodes:
        node.wait_for_table(9)
    assert nodes[0].ask(f"find {nodes[5].enode}") == nodes[5].enode
    assert nodes[0].ask("candidate").startswith("enode://")


def test_a_node_comes_back_from_its_database(make_discovery, tmp_path):
    first = make_discovery()
    database = ("--db", tmp_path / "nodes", "--key", "11" * 32)
    node = make_discovery("--bootnode", first.enode, *database)
    node.wait_for_table(1)
    node.stop()
    again = make_discovery(*database)
    assert again.record != node.record, "the record's number did not grow"
    assert again.key == node.key


@needs_dpt
def test_two_nodes_of_ethereumjs_bond_and_are_in_each_others_tables(
    make_discovery, stack, tmp_path
):
    node = make_discovery()
    others = []
    for _ in range(2):
        other = DptNode(tmp_path, node)
        stack.callback(other.stop)
        others.append(other)
    for other in others:
        wait_until("p2pnode in their table", lambda: node.key in other.peers(), timeout=20)
        at = f"enode://{other.key}@{LOOPBACK}:{other.port}"
        assert node.ask(f"find {at}") == at
    node.wait_for_table(2)


def count(node, name):
    return int(re.search(rf"\b{name} (\d+)", node.ask("stats"))[1])


def test_a_flood_of_junk_is_refused_without_looking_at_signatures(make_discovery):
    node = make_discovery()
    friend = make_discovery("--bootnode", node.enode)
    friend.wait_for_table(1)
    node.wait_for_table(1)
    time.sleep(1.1)  # the figures are copied once a second
    before = count(node, "recoveries")
    junk = [os.urandom(n) for n in (40, 98, 130, 400, 1400)]
    sent = 0
    until = time.monotonic() + 2
    with socket.socket(type=socket.SOCK_DGRAM) as flood:
        flood.connect((LOOPBACK, node.port))
        while time.monotonic() < until:
            for datagram in junk:
                flood.send(datagram)
                sent += 1
    time.sleep(1.1)
    refused = sum(count(node, name) for name in ("too_short", "too_large", "bad_hash"))
    print(f"{sent / 2:.0f} packets/s sent, {refused / 2:.0f} packets/s refused")
    assert refused > sent / 10
    assert count(node, "recoveries") - before < 50
    assert node.ask(f"find {friend.enode}") == friend.enode
