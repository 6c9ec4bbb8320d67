"""Bloom filters of peers (BIP 37): off unless wanted; then they choose transactions and blocks."""

import os

import bitcoin_blocks
import pytest
import wire
from bitcoin_blocks import FAST_RETRY, BlockChain, wait_for_kept
from bitcoin_p2p import Connection, Silent
from bloom_filters import (
    MSG_FILTERED_BLOCK,
    NODE_BLOOM,
    UPDATE_NONE,
    BloomFilter,
    parse_merkle_block,
)
from foreign import Bcoin
from process import LOOPBACK
from transactions import OP_TRUE_HASH, Transaction, parse_inventory, regtest_address, unknown
from waiting import wait_for_value, wait_until

BLOOM = "--peerbloomfilters"
KEY_HASH = b"\x3c" * 20
KEY_HASH_SCRIPT = b"\x76\xa9\x14" + KEY_HASH + b"\x88\xac"


def encoded(transaction):
    return bitcoin_blocks.Transaction(transaction.raw, transaction.raw, False)


def chain_with_payment():
    """Three blocks: the second pays to KEY_HASH, the third spends that."""
    chain = BlockChain()
    chain.add([encoded(unknown(n)) for n in range(1, 4)])
    pays = Transaction([(b"\xdd" * 32, 1)], [(1, b"\x51"), (5, KEY_HASH_SCRIPT)])
    chain.add([encoded(unknown(n)) for n in range(4, 9)] + [encoded(pays)])
    spends = Transaction([(pays.txid, 1)], [(4, b"\x51")])
    chain.add([encoded(unknown(9)), encoded(spends)])
    return chain, pays, spends


def node_with(make_node, serve, chain, *options):
    server = serve(chain)
    node = make_node(f"--connect={LOOPBACK}:{server.port}", *FAST_RETRY, *options).start()
    wait_for_kept(node, chain.height, timeout=60)
    return node


def get_filtered(peer, block_hash):
    """The matched ids of a filtered block, and the transactions that came behind it."""
    peer.send("getdata", wire.inventory_payload([(MSG_FILTERED_BLOCK, block_hash)]))
    header, matched = parse_merkle_block(peer.wait_for("merkleblock", 30))
    assert wire.sha256d(header) == block_hash
    return matched, [peer.wait_for("tx", 30) for _ in matched]


@pytest.mark.parametrize("command", ["filterload", "filteradd", "filterclear"])
def test_who_sends_a_filter_while_they_are_off_is_parted_from(node, command):
    payload = {"filterload": BloomFilter().payload(), "filteradd": b"\x01\x01", "filterclear": b""}
    with Connection.to(node.port) as peer:
        peer.handshake()
        assert not peer.remote_version["services"] & NODE_BLOOM
        peer.send(command, payload[command])
        assert peer.wait_closed()


@pytest.mark.parametrize(
    "command, payload",
    [
        ("filterload", BloomFilter(size=36001).payload()),
        ("filterload", BloomFilter(functions=51).payload()),
        ("filteradd", wire.compact_size(521) + bytes(521)),
        ("filteradd", b"\x01\x01"),
    ],
    ids=["36001-bytes", "51-functions", "element-of-521-bytes", "without-a-filter"],
)
def test_what_is_beyond_the_limits_ends_the_connection(make_node, command, payload):
    node = make_node(BLOOM).start()
    with Connection.to(node.port) as peer:
        peer.handshake()
        assert peer.remote_version["services"] & NODE_BLOOM
        peer.send(command, payload)
        assert peer.wait_closed()


def test_filtered_blocks_hold_what_matches_and_what_spends_it(make_node, serve):
    chain, pays, spends = chain_with_payment()
    node = node_with(make_node, serve, chain, BLOOM)
    hashes = [header.hash for header in chain.headers]
    with Connection.to(node.port) as peer:
        peer.handshake()
        peer.send("filterload", BloomFilter(size=36000, functions=50).add(KEY_HASH).payload())
        assert get_filtered(peer, hashes[0]) == ([], [])
        assert get_filtered(peer, hashes[1]) == ([pays.txid], [pays.raw])
        assert get_filtered(peer, hashes[2]) == ([spends.txid], [spends.raw])
        peer.send("filterload", BloomFilter(flags=UPDATE_NONE).add(KEY_HASH).payload())
        assert get_filtered(peer, hashes[1])[0] == [pays.txid]
        assert get_filtered(peer, hashes[2])[0] == []
        peer.send("filteradd", wire.compact_size(32) + spends.txid)
        assert get_filtered(peer, hashes[2])[0] == [spends.txid]
        peer.send("filterclear")  # now nobody knows what it wants of a block
        peer.send("getdata", wire.inventory_payload([(MSG_FILTERED_BLOCK, hashes[1])]))
        peer.round_trip()
        assert peer.received.count("merkleblock") == 6


def announced(peer, count):
    ids = []
    while len(ids) < count:
        ids += [digest for kind, digest in parse_inventory(peer.wait_for("inv", 30)) if kind == 1]
    return ids


def test_only_matching_transactions_are_announced_and_listed(make_node):
    """The peer has asked for none in its version message, which a filter takes back."""
    node = make_node(BLOOM, "--tx-relay=on", "--trickle-interval=0.1").start()
    mine, others = unknown(1, script=KEY_HASH_SCRIPT), [unknown(n) for n in range(2, 6)]
    with Connection.to(node.port) as peer, Connection.to(node.port) as sender:
        peer.handshake(relay=False)
        peer.send("filterload", BloomFilter().add(KEY_HASH).payload())
        peer.round_trip()
        sender.handshake()
        for transaction in [*others, mine]:
            sender.send("inv", wire.inventory_payload([(wire.MSG_TX, transaction.txid)]))
            sender.wait_for("getdata", 60)
            sender.send("tx", transaction.raw)
        assert announced(peer, 1) == [mine.txid]
        peer.send("mempool")
        assert announced(peer, 1) == [mine.txid]
        with pytest.raises(Silent):
            peer.wait_for("inv", timeout=1)
        peer.send("getdata", wire.inventory_payload([(wire.MSG_TX, mine.txid)]))
        assert peer.wait_for("tx", 30) == mine.raw


def test_bcoin_as_a_light_client_finds_its_transactions(make_node, tmp_path, stack):
    """bcoin in SPV mode watches the hash that every block of another bcoin pays to."""
    reason = Bcoin.missing()
    if reason:
        pytest.skip(reason)
    full = Bcoin(tmp_path / "full")
    stack.callback(full.stop)
    full.start()
    full.generate(3)  # to nobody's key
    full.rpc("generatetoaddress", 5, regtest_address())
    coinbases = [full.rpc("getblock", full.block_hash(h))["tx"][0] for h in range(1, 9)]
    node = make_node(
        f"--connect={LOOPBACK}:{full.port}", *FAST_RETRY, BLOOM, "--advertise-services=0xd"
    ).start()
    wait_for_kept(node, 8)
    light = Bcoin(tmp_path / "light", only=node.port)
    light.environment = {**os.environ, "BCOIN_SPV_WATCH": OP_TRUE_HASH.hex()}
    stack.callback(light.stop)
    light.start()
    wait_for_value("the height of the light client", light.height, 8, 120)
    wait_until("it has found the last", lambda: f"matched 8 {coinbases[7]}" in light.log(), 60)
    for height in range(1, 9):
        line = f"matched {height} {coinbases[height - 1]}"
        assert (line in light.log()) == (height > 3), line
    assert node.messages("in", "filterload") >= 1
    assert node.messages("out", "merkleblock") >= 8
