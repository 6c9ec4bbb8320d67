"""Ten p2pnodes on a private Ethereum network that find each other by discovery alone."""

import os
import pathlib
import re
import statistics
import time

import pytest
import rlp
from rlpx_peers import CROWD, Crowd, enode_of, ethereum_options
from slow_line import SlowLine
from waiting import TIME_FACTOR, wait_until

DATA = os.environ.get("P2PNODE_TEST_DATA")
CHAIN = pathlib.Path(DATA or "/nonexistent") / "ethereum" / "chains" / "geth-ethtest-v1.10.26-pow"
NODES = 10
LIES = ("unknown_parent", "bad_merkle_root")  # why a liar is parted with

pytestmark = pytest.mark.skipif(
    not CHAIN.is_dir(), reason="the chain of 3,000 blocks is in $P2PNODE_TEST_DATA, which is absent"
)


def head(node):
    return int(node.metrics().total("p2pnode_eth_head_number"))


@pytest.fixture
def private(make_node):
    """Makes nodes of the private network."""

    def make(*options):
        network = CHAIN / "genesis.json"
        return make_node(*ethereum_options("--eth-redial=1", *options, network=network))

    return make


def holder(private, chain=CHAIN / "chain.rlp"):
    """A node that has the whole chain, and its length."""
    node = private(f"--eth-import={chain}").start()
    return node, wait_until("the imported chain", lambda: head(node), timeout=30)


def mesh(private, count):
    """So many nodes that are told of one and have what it has; and the option that tells of it."""
    first, length = holder(private)
    bootnode = f"--eth-bootnodes={enode_of(first)}"
    others = [private(bootnode).start() for _ in range(count - 1)]
    for node in others:
        wait_until("the head", lambda node=node: head(node) == length, timeout=90)
    return first, others, bootnode, length


def test_all_reach_the_head_that_one_has_imported(private):
    first, others, _, _ = mesh(private, NODES)
    for node in [first, *others]:
        wait_until(
            "three peers", lambda node=node: node.peers(network="ethereum") >= 3, timeout=60
        )
    stages = others[-1].metrics()
    assert stages.total("p2pnode_eth_connections_total", stage="ready") >= 3


def make_liar(private, chain=CHAIN / "chain.rlp"):
    """A node whose database was tampered with: one header in each 192 and every transaction."""
    liar, _ = holder(private, chain)
    assert liar.stop() == 0
    (path,) = [path for path in liar.datadir.glob("ethereum-chain-*") if path.suffix == ""
               and not path.name.endswith("-lock")]
    data = bytearray(path.read_bytes())
    for number, block in enumerate(rlp.items(chain.read_bytes()), 1):
        header, transactions, _ = rlp.content(block)
        lies = list(rlp.content(transactions))
        if number % 192 == 100:
            lies.append(header)
        for truth in lies:
            for match in re.finditer(re.escape(truth), bytes(data)):
                data[match.start() + len(truth) // 2] ^= 1
    path.write_bytes(data)
    liar.argv = [argument for argument in liar.argv if not argument.startswith("--eth-import")]
    return liar.start()


def test_seals_are_verified_where_that_is_wanted(private, tmp_path):
    """The chain was mined. In the liar's database a byte of some headers is another than miners saw."""
    chain = tmp_path / "short.rlp"  # each header takes milliseconds
    blocks = list(rlp.items((CHAIN / "chain.rlp").read_bytes()))[:390]
    chain.write_bytes(b"".join(blocks))
    first, length = holder(private, chain)
    enodes = f"{enode_of(first)},{enode_of(make_liar(private, chain))}"
    node = private(f"--eth-static={enodes}", "--eth-verify-seals").start()
    wait_until("the head", lambda: head(node) == length, timeout=120)
    assert node.metrics().total("p2pnode_eth_seals_verified_total") >= length
    assert node.disconnects(network="ethereum", reason="bad_seal") > 0


def rating_of(table, enode):
    """A node's place in the rating table, by its key."""
    key = enode.partition("@")[0]
    rows = [row for row in table["peers"] if row["enode"].startswith(key)]
    return rows[0] if rows else None


def test_a_slow_and_a_lying_peer_hold_nobody_up(private, stack):
    """A newcomer syncs from ten nodes that it has to discover; then another one does that is
    connected to a slow and to a lying node, too, before it knows anybody else."""
    _, _, bootnode, length = mesh(private, NODES)
    slow, _ = holder(private)
    key, _, place = enode_of(slow).partition("@")
    line = SlowLine(int(re.search(r":(\d+)", place)[1]), bytes_per_second=16_000)
    stack.callback(line.close)
    slow_enode = f"{key}@127.0.0.1:{line.port}"
    liar_enode = enode_of(make_liar(private))

    def sync(*options):
        began = time.monotonic()
        node = private(bootnode, *options).start()
        wait_until("the head", lambda: head(node) == length, timeout=120)
        return node, time.monotonic() - began

    alone = statistics.median(sync()[1] for _ in range(3))
    runs = [sync(f"--eth-static={slow_enode},{liar_enode}") for _ in range(3)]
    hindered = statistics.median(took for _, took in runs)
    assert hindered <= 1.5 * alone + TIME_FACTOR, f"{hindered:.1f} s instead of {alone:.1f} s"
    for node, _ in runs:
        why_they_did_not_count(node, slow_enode)


def why_they_did_not_count(node, slow_enode):
    """The slow one stays, with a rating that gets it little to do; the liar was shown the door."""
    table = node.call("admin_peerRatings")
    assert 0 < table["confidence"] <= 1 and table["requestTimeout"] > table["requestTarget"] > 0
    slow = rating_of(table, slow_enode)
    for kind in ("headers", "bodies"):
        best = max(peer[kind]["throughput"] for peer in table["peers"])
        assert slow[kind]["throughput"] < best / 10, table
    caught = [node.disconnects(network="ethereum", reason=reason) for reason in LIES]
    assert any(caught), node.metrics()


@pytest.mark.skipif(not CROWD.is_file(), reason=f"{CROWD} is not built")
def test_a_peer_that_boasts_and_stays_silent_does_not_hold_us_up(private, tmp_path, stack):
    """It claims more work than anybody and does not answer; the sync alone begins after ten seconds."""
    first, length = holder(private)
    node = private().start()
    crowd = Crowd(tmp_path, enode_of(node), 1, "boast")
    stack.callback(crowd.stop)
    began = time.monotonic()
    assert node.call("admin_addPeer", enode_of(first)) is True
    wait_until("the head", lambda: head(node) == length, timeout=60)
    assert time.monotonic() - began < 20
