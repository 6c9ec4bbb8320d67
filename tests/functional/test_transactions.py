"""Transactions between full nodes by other authors, and against peers that abuse the relay."""

import random
import time

import pytest
import wire
from bitcoin_p2p import Connection
from node import SANITIZED
from transactions import (
    inventory,
    parse_inventory,
    regtest_address,
    spend_coinbase,
    unknown,
)
from waiting import wait_until

FAST = ("--retry-interval=0.2", "--retry-max=1", "--trickle-interval=0.1")
RELAY = ("--tx-relay=on", *FAST)
MATURITY = 100
MSG_WTX = 5
MEGABYTE = 1_000_000


@pytest.fixture
def both(bcoin_and_btcd):
    """Those two with the same spendable chain."""
    bcoin, btcd = bcoin_and_btcd
    mine(bcoin, MATURITY + 3)
    bcoin.copy_blocks(btcd)
    assert btcd.height() == bcoin.height()
    return bcoin, btcd


def mine(bcoin, count):
    bcoin.rpc("generatetoaddress", count, regtest_address())


def has_it(foreign, transaction):
    return transaction.display_id in foreign.rpc("getrawmempool")


def joined(node, relay=True, wtxid=False):
    """A connection of the test's own that has shaken hands."""
    connection = Connection.to(node.port)
    connection.send("version", wire.version_payload(random.getrandbits(64), relay=relay))
    connection.remote_version = wire.parse_version(connection.wait_for("version"))
    if wtxid:
        connection.send("wtxidrelay")
    connection.send("verack")
    connection.wait_for("verack")
    connection.wait_for("feefilter" if connection.remote_version["relay"] else "ping")
    return connection


def accepted(node):
    return int(node.metrics().total("p2pnode_tx_accepted_total"))


def refused(node, reason):
    return int(node.metrics().total("p2pnode_tx_refused_total", reason=reason))


def test_a_transaction_crosses_three_nodes_in_either_direction(make_node, both):
    bcoin, btcd = both
    first = make_node(f"--connect=127.0.0.1:{bcoin.port}", *RELAY).start()
    last = make_node(f"--connect=127.0.0.1:{btcd.port}", *RELAY).start()
    middle = make_node(
        f"--connect=127.0.0.1:{first.port}", f"--connect=127.0.0.1:{last.port}", *RELAY
    ).start()
    for node in (first, last, middle):
        node.wait_for_height(bcoin.height(), timeout=30)
    for number, (source, target) in enumerate(((bcoin, btcd), (btcd, bcoin)), start=1):
        transaction = spend_coinbase(bcoin, number)
        started = time.monotonic()
        source.rpc("sendrawtransaction", transaction.raw.hex())
        wait_until(
            f"{target.name} has the transaction", lambda: has_it(target, transaction), timeout=60
        )
        print(f"{source.name} to {target.name}: {time.monotonic() - started:.1f} s")
        assert all(transaction.display_id in n.call("getrawmempool") for n in (first, middle, last))


def test_a_submission_reaches_the_peer_although_nothing_is_relayed(make_node, both):
    for number, foreign in enumerate(both, start=1):
        node = make_node(f"--connect=127.0.0.1:{foreign.port}", *FAST).start()
        node.wait_for_height(foreign.height(), timeout=30)
        transaction = spend_coinbase(both[0], number)
        assert node.call("sendrawtransaction", transaction.raw.hex()) == transaction.display_id
        assert node.call("getmempoolinfo")["size"] == 1
        wait_until(
            f"{foreign.name} has the transaction", lambda: has_it(foreign, transaction), timeout=30
        )
        entry = node.call("getmempoolentry", transaction.display_id)
        assert entry["unbroadcast"] is False
        node.stop()


def test_a_block_takes_its_transactions_out_of_the_pool(make_node, both):
    bcoin, _ = both
    node = make_node(f"--connect=127.0.0.1:{bcoin.port}", *RELAY).start()
    node.wait_for_height(bcoin.height(), timeout=30)
    transaction = spend_coinbase(bcoin, 1)
    node.call("sendrawtransaction", transaction.raw.hex())
    wait_until("bcoin has the transaction", lambda: has_it(bcoin, transaction), timeout=30)
    mine(bcoin, 1)
    wait_until(
        "the transaction has left the pool",
        lambda: node.call("getmempoolinfo")["size"] == 0,
        timeout=30,
    )
    assert node.metrics().total("p2pnode_txpool_left_total", reason="confirmed") == 1


def test_a_peer_that_breaks_rules_is_refused_and_the_reason_counted(make_node):
    node = make_node(*RELAY).start()
    with joined(node) as peer:
        peer.send("tx", unknown(1).raw)
        peer.send("tx", unknown(1).raw)
        peer.send("tx", unknown(2, script=b"\x51" * 30).raw)
        peer.send("tx", unknown(3, outputs=0).raw)
        peer.round_trip()
        wait_until("one is accepted", lambda: accepted(node) == 1, 5)
        wait_until("one is known", lambda: refused(node, "known") == 1, 5)
        wait_until("one has no form", lambda: refused(node, "output_type") == 1, 5)
        assert refused(node, "no_inputs_or_outputs") == 1
    assert node.disconnects(reason="eof") + node.disconnects() <= 2


def test_what_was_not_announced_is_not_to_be_had(make_node):
    node = make_node(*RELAY).start()
    with joined(node) as giver, joined(node, relay=False) as prober:
        transaction = unknown(1)
        giver.send("tx", transaction.raw)
        wait_until("it is accepted", lambda: accepted(node) == 1, 5)
        for peer in (giver, prober):
            peer.send("getdata", inventory((wire.MSG_TX, transaction.txid)))
            assert parse_inventory(peer.wait_for("notfound")) == [
                (wire.MSG_TX, transaction.txid)
            ]
        prober.send("mempool")
        assert prober.wait_closed()


def test_announcements_that_nothing_stands_behind_cost_little(make_node):
    """Ten peers announce 50,000 transactions each that they do not have."""
    node = make_node(*RELAY).start()
    peers = [joined(node, wtxid=True) for _ in range(10)]
    before = node.resident_bytes()
    for peer in peers:
        entries = [(MSG_WTX, random.randbytes(32)) for _ in range(50_000)]
        peer.send("inv", inventory(*entries))
    for peer in peers:
        peer.round_trip(timeout=20)
    wait_until(
        "requests are under way",
        lambda: node.metrics().total("p2pnode_tx_requests_in_flight") >= 5_000,
        20,
    )
    grown = node.resident_bytes() - before
    print(f"{grown / len(peers) / MEGABYTE:.1f} MB a peer")
    if not SANITIZED:
        assert grown < 60 * MEGABYTE
    with joined(node, wtxid=True) as honest:
        transaction = unknown(1)
        honest.send("inv", inventory((MSG_WTX, transaction.txid)))
        asked = parse_inventory(honest.wait_for("getdata", timeout=10))
        assert asked == [(MSG_WTX, transaction.txid)]
    for peer in peers:
        peer.close()


def test_a_peer_that_asks_and_does_not_read_costs_little_more_than_a_megabyte(make_node):
    """It asks without witness for one that has one, so that every answer is a copy."""
    node = make_node(*RELAY).start()
    large = unknown(1, outputs=2_500)  # 80 kB
    raw = large.with_witness(b"w")
    with joined(node, wtxid=True) as asker, joined(node, wtxid=True) as giver:
        giver.send("tx", raw)
        wait_until("it is accepted", lambda: accepted(node) == 1, 5)
        announced = parse_inventory(asker.wait_for("inv", timeout=10))
        assert announced == [(MSG_WTX, wire.sha256d(raw))]
        before = node.resident_bytes()
        for _ in range(20):
            asker.send("getdata", inventory(*[(wire.MSG_TX, large.txid)] * 1000))
        giver.round_trip()
        time.sleep(1)
        grown = node.resident_bytes() - before
        print(f"{grown / MEGABYTE:.2f} MB")
        if not SANITIZED:
            assert grown < 1.5 * MEGABYTE
        assert asker.wait_for("tx") == large.raw


def test_trusted_means_those_that_the_operator_has_named(make_node):
    stranger_welcome = make_node("--tx-relay=trusted", *FAST).start()
    with joined(stranger_welcome) as stranger:
        assert stranger.remote_version["relay"] is False
        stranger.send("tx", unknown(1).raw)
        stranger.round_trip()
    assert accepted(stranger_welcome) == 0
    named = make_node("--tx-relay=trusted", "--whitelist=127.0.0.0/8", *FAST).start()
    with joined(named) as friend:
        assert friend.remote_version["relay"] is True
        friend.send("tx", unknown(1).raw)
        wait_until("it is accepted", lambda: accepted(named) == 1, 5)
        friend.send("mempool")
        assert parse_inventory(friend.wait_for("inv")) == [(wire.MSG_TX, unknown(1).txid)]
