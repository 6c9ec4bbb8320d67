"""Ten p2pnodes on a private Ethereum network that find each other by discovery alone."""

import os
import pathlib
import time

import pytest
from rlpx_peers import CROWD, Crowd, enode_of, ethereum_options
from waiting import wait_until

DATA = os.environ.get("P2PNODE_TEST_DATA")
CHAIN = pathlib.Path(DATA or "/nonexistent") / "ethereum" / "chains" / "geth-ethtest-v1.10.26-pow"
NODES = 10

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


def holder(private):
    """A node that has the whole chain, and its length."""
    node = private(f"--eth-import={CHAIN / 'chain.rlp'}").start()
    return node, wait_until("the imported chain", lambda: head(node), timeout=30)


def test_all_reach_the_head_that_one_has_imported(private):
    first, length = holder(private)
    bootnode = f"--eth-bootnodes={enode_of(first)}"
    others = [private(bootnode).start() for _ in range(NODES - 1)]
    for node in others:
        wait_until("the head", lambda node=node: head(node) == length, timeout=90)
    for node in [first, *others]:
        wait_until(
            "three peers", lambda node=node: node.peers(network="ethereum") >= 3, timeout=60
        )
    stages = others[-1].metrics()
    assert stages.total("p2pnode_eth_connections_total", stage="ready") >= 3


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
