"""Nodes that know one seed find each other, heal, and remember.

Every node has an address of its own in 127.0.0.0/8; a switch for tests lets each 127.x/16 count as a
network group.
"""

import json
import re

from node import Node
from waiting import wait_until

NODES = 20
FULL, BLOCK_RELAY = 8, 2


class Neighbour(Node):
    """A p2pnode with its own network group."""

    def __init__(self, folder, number, seed=None, *options):
        self.address = f"127.{number}.0.1"
        named = [f"--seednode={seed.address}:{seed.port}"] if seed else ["--generate=5"]
        super().__init__(folder, *named, *options, name=f"node{number}")
        ours = f"{self.address}:{self.port}"
        self.argv = [a for a in self.argv if not str(a).startswith("--listen=")]
        self.argv += [
            f"--listen={ours}",
            f"--externalip={ours}",
            "--loopback-routable",
            "--gossip-interval=1",
        ]

    def kinds(self):
        metrics = self.metrics()
        return tuple(
            int(metrics.total("p2pnode_peers_by_kind", kind=kind))
            for kind in ("outbound_full", "block_relay")
        )

    def kept_addresses(self):
        """Those whom it dialled to stay connected to: no feelers, nobody asked for addresses."""
        kept = ("outbound-full-relay", "block-relay-only")
        peers = self.call("getpeerinfo")
        return [p["addr"].rsplit(":", 1)[0] for p in peers if p["connection_type"] in kept]

    def outbound_groups(self):
        """The groups of the connections that were dialled and are still there, by the log."""
        there = {}
        for line in self.log().splitlines():
            if made := re.search(r"peer=(\d+) (127\.\d+)\.0\.1:\d+ outbound connected", line):
                there[made[1]] = made[2]
            elif gone := re.search(r"peer=(\d+) \S+ gone:", line):
                there.pop(gone[1], None)
        return list(there.values())


def start_network(tmp_path, stack, count=NODES):
    nodes = []
    for number in range(1, count + 1):
        node = Neighbour(tmp_path, number, nodes[0] if nodes else None)
        nodes.append(node)
        stack.callback(lambda n=node: n.running() and n.stop())
        node.start()
    return nodes


def wait_for_full_sets(nodes, wanted, seconds):
    def missing():
        return {n.address: n.kinds() for n in nodes if n.kinds() != wanted}

    wait_until(f"every node has {wanted}", lambda: not missing(), seconds)


def test_twenty_nodes_find_each_other_heal_and_remember(tmp_path, stack):
    nodes = start_network(tmp_path, stack)
    wait_for_full_sets(nodes, (FULL, BLOCK_RELAY), 60)
    for node in nodes:
        kept = node.kept_addresses()  # each address is a group of its own
        assert len(kept) == len(set(kept)), f"{node.address} has two peers in one group"

    # One is killed and comes back: its anchors are dialled before any other.
    victim = nodes[14]
    wait_until("the anchors are on disk", (victim.datadir / "anchors.json").is_file, 10)
    anchors = set(re.findall(r"127\.\d+\.0\.1", (victim.datadir / "anchors.json").read_text()))
    assert anchors
    victim.kill()
    victim.log_path.unlink()
    victim.start()
    wait_until("it is connected again", lambda: len(victim.outbound_groups()) > 2, 30)
    # Connections are numbered in the order in which they were made; handshakes may overtake.
    made = re.findall(r"peer=(\d+) (127\.\d+\.0\.1):\d+ outbound connected", victim.log())
    first = min(made, key=lambda peer: int(peer[0]))[1]
    assert first in anchors, f"dialled {first} first, the anchors were {anchors}"

    # Half of them die. The rest find each other again: each is connected to at least seven of the
    # nine others, and to nobody else.
    for node in nodes[10:]:
        node.kill()
    rest = nodes[:10]
    wait_until(
        "the rest heal",
        lambda: all(sum(node.kinds()) >= 7 for node in rest),
        90,
    )
    alive = {node.address for node in rest}
    for node in rest:
        wait_until(
            f"{node.address} has only survivors",
            lambda node=node: set(node.kept_addresses()) <= alive,
            30,
        )


def test_a_port_that_the_system_chose_is_told_to_peers(tmp_path, stack):
    node = Node(tmp_path, "--loopback-routable")
    node.argv = [a for a in node.argv if not str(a).startswith("--listen=")]
    node.argv.append("--listen=127.5.0.1:0")
    stack.callback(node.stop)
    node.start()
    port = int(re.search(r"listening on 127\.5\.0\.1:(\d+)", node.log())[1])
    assert port != 0
    ours = node.call("getnetworkinfo")["localaddresses"]
    assert [(a["address"], a["port"]) for a in ours] == [("127.5.0.1", port)]


def test_the_address_book_survives_a_stop(tmp_path, stack):
    nodes = start_network(tmp_path, stack, 6)
    wait_until("the third knows others", lambda: sum(nodes[2].kinds()) >= 3, 60)
    assert nodes[2].stop() == 0
    book = json.loads((nodes[2].datadir / "peers.json").read_text())
    assert len(book["Addresses"]) >= 3
