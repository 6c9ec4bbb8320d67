"""Compact blocks (BIP 152, version 2), and how fast a block crosses a line of nodes."""

import struct
import time

import bitcoin_blocks
import pytest
import wire
from bitcoin_blocks import FAST_RETRY, BlockChain, BlockServer, Transaction, filler, kept, wait_for_kept
from bitcoin_p2p import Connection
from process import LOOPBACK
from waiting import TIME_FACTOR, wait_for_value, wait_until


def sendcmpct(high_bandwidth, version=2):
    return struct.pack("<?Q", high_bandwidth, version)


def compact_payload(chain, header, prefilled=(0,)):
    """A cmpctblock; its short ids are invented, for a node whose pool is empty."""
    transactions = chain.transactions[header.hash]
    ids = [struct.pack("<Q", 7 + i)[:6] for i in range(len(transactions) - len(prefilled))]
    payload = header.raw + bytes(8) + wire.compact_size(len(ids)) + b"".join(ids)
    payload += wire.compact_size(len(prefilled))
    last = -1
    for index in prefilled:
        payload += wire.compact_size(index - last - 1) + transactions[index].raw
        last = index
    return payload


def read_compact(payload):
    """Header, number of short ids, and the prefilled transactions by index."""
    reader = wire.Reader(payload)
    header = reader.take(80)
    reader.take(8)
    ids = [reader.take(6) for _ in range(reader.compact_size())]
    prefilled, index = {}, -1
    for _ in range(reader.compact_size()):
        index += reader.compact_size() + 1
        prefilled[index] = Transaction.read(reader)
    return header, ids, prefilled


def indexes_payload(block_hash, indexes):
    """getblocktxn: rising indexes as differences."""
    payload, last = block_hash + wire.compact_size(len(indexes)), -1
    for index in indexes:
        payload += wire.compact_size(index - last - 1)
        last = index
    return payload


def read_indexes(payload):
    reader = wire.Reader(payload)
    block_hash, indexes, last = reader.take(32), [], -1
    for _ in range(reader.compact_size()):
        last += reader.compact_size() + 1
        indexes.append(last)
    return block_hash, indexes


def transactions_payload(block_hash, transactions):
    raw = b"".join(tx.raw for tx in transactions)
    return block_hash + wire.compact_size(len(transactions)) + raw


@pytest.fixture
def ready(make_node, stack):
    """A node that holds all blocks of a chain, and the chain."""
    chain = BlockChain()
    for height in range(1, 6):
        chain.add([filler(300, height, with_witness=True)])
    server = stack.enter_context(BlockServer(chain))
    node = make_node(f"--connect={LOOPBACK}:{server.port}", *FAST_RETRY).start()
    wait_for_kept(node, 5, 20)
    return node, chain, server


def test_a_new_block_goes_out_as_a_compact_block_to_whom_wants_it_so(ready):
    node, chain, server = ready
    with Connection.to(node.port) as high, Connection.to(node.port) as low:
        for peer, bandwidth in ((high, True), (low, False)):
            peer.handshake()
            peer.wait_for("sendcmpct")
            peer.send("sendcmpct", sendcmpct(bandwidth))
            peer.send("sendheaders")
            peer.round_trip()
        header = chain.add([filler(700, 50 + i, with_witness=i % 2 == 0) for i in range(4)])
        server.announce([header])
        raw, ids, prefilled = read_compact(high.wait_for("cmpctblock"))
        assert raw == header.raw
        assert len(ids) == 4
        assert len(set(ids)) == 4
        assert {i: tx.raw for i, tx in prefilled.items()} == {
            0: chain.transactions[header.hash][0].raw
        }
        assert [wire.sha256d(h) for h in wire.parse_headers(low.wait_for("headers"))] == [
            header.hash
        ]
        assert "headers" not in high.received
        assert "cmpctblock" not in low.received
        high.send("getblocktxn", indexes_payload(header.hash, [1, 4]))
        answer = high.wait_for("blocktxn")
        wanted = [chain.transactions[header.hash][i] for i in (1, 4)]
        assert answer == transactions_payload(header.hash, wanted)
        item = (bitcoin_blocks.MSG_CMPCT_BLOCK, header.hash)
        low.send("getdata", wire.inventory_payload([item]))
        assert read_compact(low.wait_for("cmpctblock"))[0] == header.raw
        high.send("getblocktxn", indexes_payload(header.hash, [5]))
        assert high.wait_closed()


def test_a_block_deep_in_the_chain_is_sent_whole(make_node, stack):
    chain = BlockChain()
    for height in range(1, 21):
        chain.add([filler(300, height, with_witness=True)])
    server = stack.enter_context(BlockServer(chain))
    node = make_node(f"--connect={LOOPBACK}:{server.port}", *FAST_RETRY).start()
    wait_for_kept(node, 20, 20)
    old = chain.headers[4].hash
    with Connection.to(node.port) as peer:
        peer.handshake()
        item = (bitcoin_blocks.MSG_CMPCT_BLOCK, old)
        peer.send("getdata", wire.inventory_payload([item]))
        assert peer.wait_for("block") == chain.blocks[old]
        peer.send("getblocktxn", indexes_payload(old, [1]))
        assert peer.wait_for("block") == chain.blocks[old]


def announce(peer, chain, count=3):
    """Makes a block and sends it to the node as a compact block, unasked."""
    header = chain.add([filler(400, 900 + chain.height + i, with_witness=True) for i in range(count)])
    peer.send("cmpctblock", compact_payload(chain, header))
    return header


def test_a_compact_block_is_put_together_and_its_sender_asked_to_go_on(ready):
    node, chain, _ = ready
    with Connection.to(node.port) as peer:
        peer.handshake()
        peer.send("sendcmpct", sendcmpct(False))
        assert peer.wait_for("sendcmpct") == sendcmpct(False)
        header = announce(peer, chain)
        block_hash, indexes = read_indexes(peer.wait_for("getblocktxn"))
        assert block_hash == header.hash
        assert indexes == [1, 2, 3]
        missing = [chain.transactions[header.hash][i] for i in indexes]
        peer.send("blocktxn", transactions_payload(header.hash, missing))
        wait_for_kept(node, 6, 10)
        assert peer.wait_for("sendcmpct") == sendcmpct(True)
        peer.send("blocktxn", transactions_payload(header.hash, missing))  # nobody asked twice
        peer.round_trip()
        assert "getdata" not in peer.received


def test_a_block_that_is_only_a_coinbase_needs_no_question(ready):
    node, chain, _ = ready
    with Connection.to(node.port) as peer:
        peer.handshake()
        announce(peer, chain, count=0)
        node.wait_for_height(6)
        wait_for_kept(node, 6, 10)
        peer.round_trip()
        assert "getblocktxn" not in peer.received


def test_wrong_transactions_lead_to_the_whole_block(ready):
    node, chain, _ = ready
    with Connection.to(node.port) as peer:
        peer.handshake()
        header = announce(peer, chain)
        peer.wait_for("getblocktxn")
        wrong = [filler(100, 1 + i, with_witness=False) for i in range(3)]
        peer.send("blocktxn", transactions_payload(header.hash, wrong))
        asked = wire.parse_inventory(peer.wait_for("getdata"))
        assert [block_hash for _, block_hash in asked] == [header.hash]
        peer.send("block", chain.blocks[header.hash])
        wait_for_kept(node, 6, 10)
    assert node.disconnects(reason="bad_merkle_root") == 0


def test_one_who_announces_and_says_no_more_does_not_keep_the_block_from_us(ready):
    node, chain, server = ready
    with Connection.to(node.port) as silent:
        silent.handshake()
        header = announce(silent, chain)
        silent.wait_for("getblocktxn")
        server.announce([header])
        wait_for_kept(node, 6, 20)


def test_a_compact_block_of_another_chain_is_passed_over(ready):
    node, chain, _ = ready
    stranger = BlockChain()
    for height in range(1, 4):
        stranger.add([filler(200, 70 + height, with_witness=False)])
    with Connection.to(node.port) as peer:
        peer.handshake()
        peer.send("cmpctblock", compact_payload(stranger, stranger.headers[2]))
        peer.wait_for("getheaders")  # its parent is not known
        old = chain.headers[1]
        peer.send("cmpctblock", compact_payload(chain, old))
        peer.round_trip()
    assert kept(node) == 5
    assert node.height() == 5


def test_a_block_crosses_three_nodes_between_bcoin_and_btcd(make_node, bcoin_and_btcd):
    bcoin, btcd = bcoin_and_btcd
    options = ("--advertise-services=0x9", *FAST_RETRY)
    first = make_node(f"--connect={LOOPBACK}:{bcoin.port}", *options).start()
    second = make_node(f"--connect={LOOPBACK}:{first.port}", *options).start()
    third = make_node(
        f"--connect={LOOPBACK}:{second.port}", f"--addnode={LOOPBACK}:{btcd.port}", *options
    ).start()
    bcoin.generate(10)
    wait_for_value("the height at the other end", btcd.height, 10, 60)
    assert btcd.best_hash() == bcoin.best_hash()
    times = []
    for height in range(11, 31):
        source, target = (bcoin, btcd) if height % 2 else (btcd, bcoin)
        source.generate(1)
        started = time.monotonic()
        wait_until("the block", lambda: target.height() == height, 10)
        times.append(time.monotonic() - started)
    times.sort()
    print(f"a block crosses in {times[10]:.3f} s (median), {times[-1]:.3f} s at most")
    assert times[10] < 1 * TIME_FACTOR
    assert second.messages("in", "cmpctblock") > 0
    assert second.metrics().total("p2pnode_block_relay_seconds_count") >= 10
    assert third.height() == 30
