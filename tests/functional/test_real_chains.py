"""Headers and blocks of public networks: served by a test peer, checked under their own rules, and
kept."""

import pytest

import real_chains
import wire
from bitcoin_blocks import FAST_RETRY, BlockChain, get_block, wait_for_kept
from bitcoin_p2p import Connection, HeaderServer
from process import LOOPBACK
from real_chains import MAINNET_MAGIC, SIGNET_MAGIC, RealChain
from waiting import wait_for_value, wait_until

pytestmark = real_chains.needs_data

FIRST_YEAR = "mainnet-000000-032260.bin"
ANY_WORK = "--minimum-chain-work=00"


def connect(server):
    return f"--connect={LOOPBACK}:{server.port}"


def wait_for_tip(node, chain):
    best = lambda: node.call("getbestblockhash")
    wait_for_value("the tip", best, chain.tip_hash[::-1].hex(), timeout=20)


def expect_all_held(node, chain):
    with Connection.to(node.port) as peer:
        peer.handshake()
        for header_hash, raw in chain.blocks.items():
            assert get_block(peer, header_hash) == raw
    assert node.metrics().total("p2pnode_blocks_refused_total") == 0


# --- headers ---


@pytest.mark.parametrize(
    "network, magic, name",
    [
        ("mainnet", MAINNET_MAGIC, FIRST_YEAR),
        ("signet", SIGNET_MAGIC, "signet-000000-002015.bin"),
    ],
)
def test_headers_are_synced_under_their_own_rules(
    make_node, stack, monkeypatch, network, magic, name
):
    real_chains.speak(monkeypatch, magic)
    chain = RealChain(real_chains.headers(name))
    full = chain.height
    chain.height = full - 15
    server = stack.enter_context(HeaderServer(chain))
    node = make_node(connect(server), f"--bitcoin={network}", ANY_WORK).start()
    node.wait_for_height(full - 15, timeout=15)
    chain.height = full
    server.announce(chain.headers[full - 3 :])
    node.wait_for_height(full, timeout=20)
    wait_for_tip(node, chain)
    assert node.stop() == 0
    node.start()
    assert f"{full} headers loaded" in node.log()


def test_the_first_years_of_mainnet_are_too_little_work_today(make_node, stack, monkeypatch):
    real_chains.speak(monkeypatch, MAINNET_MAGIC)
    server = stack.enter_context(HeaderServer(RealChain(real_chains.headers(FIRST_YEAR))))
    node = make_node(connect(server), "--bitcoin=mainnet").start()
    wait_until("the end is reached", lambda: "too little work" in node.log(), timeout=15)
    assert node.height() == 0


# --- blocks ---


def test_the_first_255_blocks_of_mainnet_are_accepted(make_node, serve, monkeypatch):
    real_chains.speak(monkeypatch, MAINNET_MAGIC)
    first = list(real_chains.framed_blocks("btcd-blocks1-256.bz2"))
    assert real_chains.data("blocks/mainnet-0000001.blk") == first[0]
    chain = RealChain(real_chains.headers(FIRST_YEAR)[:256], first)
    server = serve(chain)
    node = make_node(connect(server), *FAST_RETRY, "--bitcoin=mainnet", ANY_WORK).start()
    wait_for_kept(node, 255, timeout=30)
    wait_for_tip(node, chain)
    expect_all_held(node, chain)


def chain_of(blocks):
    return RealChain([raw[:80] for raw in blocks], blocks[1:])


def test_blocks_with_mainnet_work_take_the_place_of_others(make_node, serve, monkeypatch):
    """btcd's set for reorganisations: blocks 0 to 4, and 3A to 5A on block 2."""
    real_chains.speak(monkeypatch, MAINNET_MAGIC)
    trunk = list(real_chains.framed_blocks("btcd-blk_0_to_4.dat.bz2"))
    branch = [*trunk[:3]]
    for height in (3, 4, 5):
        branch += real_chains.framed_blocks(f"btcd-blk_{height}A.dat.bz2")
    server = serve(chain_of(trunk))
    node = make_node(connect(server), *FAST_RETRY, "--bitcoin=mainnet", ANY_WORK).start()
    wait_for_kept(node, 4)
    expect_all_held(node, server.chain)
    server.chain = chain_of(branch)
    server.announce(server.chain.headers[-1:])
    wait_for_tip(node, server.chain)
    wait_for_kept(node, 7)
    expect_all_held(node, server.chain)


def test_the_transactions_of_later_blocks_are_accepted_in_blocks_of_a_test_network(
    make_node, serve
):
    chain = BlockChain()
    for name in real_chains.BLOCKS:
        chain.add(real_chains.transactions(name))
    server = serve(chain)
    node = make_node(connect(server), *FAST_RETRY).start()
    wait_for_kept(node, len(real_chains.BLOCKS), timeout=30)
    expect_all_held(node, chain)
