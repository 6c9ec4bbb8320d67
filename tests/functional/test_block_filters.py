"""Block filters: made of the blocks that are kept, equal to those of others, served to peers."""

import random
import struct

import bitcoin_blocks
import pytest
import wire
from bitcoin_blocks import FAST_RETRY, BlockChain, BlockServer
from bitcoin_p2p import Connection, Silent
from block_filters import (
    NODE_COMPACT_FILTERS,
    WITNESS_SCRIPT_HASH,
    build_filter,
    filter_header,
    get_checkpoints,
    get_filter_headers,
    get_filters,
    range_payload,
    scripts_of,
)
from foreign import Btcd
from process import LOOPBACK
from transactions import OP_TRUE, OP_TRUE_SCRIPT, Transaction, regtest_address
from waiting import wait_for_value, wait_until

INDEX = ("--blockfilterindex", "--peerblockfilters")
COIN = 100_000_000


def built(node):
    return node.call("getindexinfo")["basic block filter index"]


def wait_for_index(node, height, timeout=60):
    want = {"synced": True, "best_block_height": height}
    wait_for_value("the index of filters", lambda: built(node), want, timeout)


class FilteredChain(BlockChain):
    """Knows the filters of its blocks: each spends what the one before has paid."""

    def __init__(self):
        super().__init__()
        self.filters, self.filter_headers = [], []  # by height, the genesis block's among them

    def grow(self, count, outputs=1):
        for _ in range(count):
            spends = self._last_coinbase()
            transactions = []
            if spends:
                script = b"\x51" + self.height.to_bytes(4, "little")
                spend = Transaction([(spends, 0)], [(0, script)] * outputs)
                transactions.append(encoded(spend))
            self.add(transactions)
        return self

    def _last_coinbase(self):
        if self.height == 0:
            return None
        return self.transactions[self.tip_hash][0].txid

    def make_filters(self):
        genesis = build_filter(wire.GENESIS_HASH, [GENESIS_SCRIPT])
        self.filters = [genesis]
        for header in self.headers:
            raw = self.blocks[header.hash]
            scripts = scripts_of(raw)
            if len(self.transactions[header.hash]) > 1:
                scripts.append(OP_TRUE)  # of the coinbase that is spent
            self.filters.append(build_filter(header.hash, scripts))
        previous, self.filter_headers = bytes(32), []
        for encoded in self.filters:
            previous = filter_header(encoded, previous)
            self.filter_headers.append(previous)
        return self

    def hash_at(self, height):
        return self.headers[height - 1].hash if height else wire.GENESIS_HASH


GENESIS_SCRIPT = bytes.fromhex(
    "4104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112"
    "de5c384df7ba0b8d578a4c702b6bf11d5fac"
)


def encoded(transaction):
    """One without witness, as blocks hold it."""
    return bitcoin_blocks.Transaction(transaction.raw, transaction.raw, False)


def test_filters_of_kept_blocks_are_built_and_served(make_node, serve):
    chain = FilteredChain().grow(30).make_filters()
    node = make_node(f"--connect={LOOPBACK}:{serve(chain).port}", *FAST_RETRY, *INDEX).start()
    wait_for_index(node, 30)
    with Connection.to(node.port) as peer:
        peer.handshake()
        assert peer.remote_version["services"] & NODE_COMPACT_FILTERS
        filters = get_filters(peer, 0, chain.tip_hash, 31)
        assert [h for h, _ in filters] == [chain.hash_at(height) for height in range(31)]
        assert [f for _, f in filters] == chain.filters
        stop, previous, hashes = get_filter_headers(peer, 10, chain.hash_at(20))
        assert stop == chain.hash_at(20)
        assert previous == chain.filter_headers[9]
        assert hashes == [wire.sha256d(f) for f in chain.filters[10:21]]
        assert get_filter_headers(peer, 0, chain.hash_at(3))[1] == bytes(32)
        assert get_checkpoints(peer, chain.tip_hash) == (chain.tip_hash, [])
    for height in (0, 1, 30):
        found = node.call("getblockfilter", chain.hash_at(height)[::-1].hex())
        assert found == {
            "filter": chain.filters[height].hex(),
            "header": chain.filter_headers[height][::-1].hex(),
        }


def test_checkpoints_are_every_thousandth_header_and_ranges_are_bounded(make_node, serve):
    chain = FilteredChain().grow(2100).make_filters()
    server = serve(chain)
    node = make_node(
        f"--connect={LOOPBACK}:{server.port}", *FAST_RETRY, *INDEX, "--prune=3000"
    ).start()
    wait_for_index(node, 2100, timeout=120)
    with Connection.to(node.port) as peer:
        peer.handshake()
        checkpoints = [chain.filter_headers[1000], chain.filter_headers[2000]]
        assert get_checkpoints(peer, chain.tip_hash) == (chain.tip_hash, checkpoints)
        assert get_checkpoints(peer, chain.hash_at(1999))[1] == checkpoints[:1]
        hashes = get_filter_headers(peer, 101, chain.tip_hash)[2]
        assert hashes == [wire.sha256d(f) for f in chain.filters[101:]]
        filters = get_filters(peer, 1101, chain.tip_hash, 1000)
        assert [f for _, f in filters] == chain.filters[1101:]
    for command, start in (("getcfilters", 1100), ("getcfheaders", 100)):
        with Connection.to(node.port) as peer:
            peer.handshake()
            peer.send(command, range_payload(start, chain.tip_hash))
            assert peer.wait_closed()


@pytest.mark.parametrize(
    "command, payload",
    [
        ("getcfilters", range_payload(0, wire.GENESIS_HASH, kind=1)),
        ("getcfheaders", range_payload(0, b"\x11" * 32)),
        ("getcfheaders", range_payload(1, wire.GENESIS_HASH)),
        ("getcfcheckpt", struct.pack("<B", 0) + b"\x11" * 32),
    ],
    ids=["another-kind", "unknown-block", "ends-before-it-begins", "unknown-tip"],
)
def test_requests_that_make_no_sense_end_the_connection(make_node, serve, command, payload):
    chain = FilteredChain().grow(2)
    node = make_node(f"--connect={LOOPBACK}:{serve(chain).port}", *FAST_RETRY, *INDEX).start()
    wait_for_index(node, 2)
    with Connection.to(node.port) as peer:
        peer.handshake()
        peer.send(command, payload)
        assert peer.wait_closed()


def test_without_the_option_nothing_is_offered_and_who_asks_is_parted_from(make_node):
    node = make_node("--blockfilterindex").start()
    wait_for_index(node, 0)
    with Connection.to(node.port) as peer:
        peer.handshake()
        assert not peer.remote_version["services"] & NODE_COMPACT_FILTERS
        peer.send("getcfilters", range_payload(0, wire.GENESIS_HASH))
        assert peer.wait_closed()


def test_filters_follow_a_reorganisation_and_a_restart(make_node, serve):
    first = FilteredChain().grow(12)
    other = FilteredChain().grow(20, outputs=2).make_filters()
    assert first.hash_at(1) == other.hash_at(1) and first.hash_at(2) != other.hash_at(2)
    server = serve(first)
    node = make_node(f"--connect={LOOPBACK}:{server.port}", *FAST_RETRY, *INDEX).start()
    wait_for_index(node, 12)
    abandoned = first.tip_hash
    assert node.stop() == 0
    server.chain = other
    node.start()
    wait_for_index(node, 20)
    for height in range(21):
        found = node.call("getblockfilter", other.hash_at(height)[::-1].hex())
        assert found["header"] == other.filter_headers[height][::-1].hex()
    with Connection.to(node.port) as peer:
        peer.handshake()
        peer.send("getcfheaders", range_payload(0, abandoned))  # known, but not to be had
        peer.round_trip()
        assert "cfheaders" not in peer.received


def test_a_chain_longer_than_what_is_kept_has_no_filters_and_none_are_offered(make_node, serve):
    chain = FilteredChain().grow(400)
    node = make_node(f"--connect={LOOPBACK}:{serve(chain).port}", *FAST_RETRY, *INDEX).start()
    wait_until(
        "the node says so",
        lambda: "no block filters from height 1 on: that block is older" in node.log(),
        60,
    )
    wait_until("the blocks are kept", lambda: node.metrics().total("p2pnode_blocks_kept") == 288, 60)
    assert built(node) == {"synced": False, "best_block_height": 0}
    with Connection.to(node.port) as peer:
        peer.handshake()
        assert not peer.remote_version["services"] & NODE_COMPACT_FILTERS
        peer.send("getcfilters", range_payload(0, chain.tip_hash))
        with pytest.raises(Silent):
            peer.wait_for("cfilter", timeout=1)


def test_a_block_that_spends_what_does_not_exist_ends_the_filters(make_node, serve):
    chain = FilteredChain().grow(5)
    chain.add([encoded(Transaction([(b"\xee" * 32, 0)], [(1, OP_TRUE_SCRIPT)]))])
    node = make_node(f"--connect={LOOPBACK}:{serve(chain).port}", *FAST_RETRY, *INDEX).start()
    wait_until("the node says so", lambda: "spends unknown outputs" in node.log(), 60)
    # What the warning is about is committed, and shown, after it.
    want = {"synced": False, "best_block_height": 5}
    wait_for_value("the index of filters", lambda: built(node), want, 60)


# --- beside other implementations ---


def mine(bcoin, count=1):
    bcoin.rpc("generatetoaddress", count, regtest_address())


def make_plain_and_witness_transactions(bcoin):
    """A chain on which witnesses are in force, and blocks that spend outputs of many forms."""
    mine(bcoin, 450)
    coinbase = bytes.fromhex(bcoin.rpc("getblock", bcoin.block_hash(2))["tx"][0])[::-1]
    value = 50 * COIN - 100_000
    outputs = [
        (value // 4, WITNESS_SCRIPT_HASH),
        (value // 4, OP_TRUE_SCRIPT),
        (value // 4, b"\x76\xa9\x14" + b"\x07" * 20 + b"\x88\xac"),
        (value // 4, b"\x51\x20" + b"\x09" * 32),
        (0, b"\x6a\x04test"),
    ]
    plain = Transaction([(coinbase, 0)], outputs)
    bcoin.rpc("sendrawtransaction", plain.raw.hex())
    mine(bcoin)
    spend = Transaction([(plain.txid, 0)], [(value // 4 - 50_000, OP_TRUE_SCRIPT)])
    empty = spend.raw[:41] + b"\0" + spend.raw[44:]  # its signature script is in the witness
    witness = empty[:4] + b"\0\1" + empty[4:-4] + b"\x01\x01\x51" + empty[-4:]
    bcoin.rpc("sendrawtransaction", witness.hex())
    again = Transaction([(plain.txid, 1)], [(value // 4 - 50_000, WITNESS_SCRIPT_HASH)])
    bcoin.rpc("sendrawtransaction", again.raw.hex())
    mine(bcoin)
    transactions = bcoin.rpc("getblock", bcoin.best_hash(), 1)["tx"]
    assert len(transactions) == 3, (transactions, bcoin.log()[-2000:])


def test_filters_and_headers_equal_those_of_btcd(make_node, bcoin_and_btcd):
    bcoin, btcd = bcoin_and_btcd
    make_plain_and_witness_transactions(bcoin)
    bcoin.copy_blocks(btcd)
    assert btcd.best_hash() == bcoin.best_hash()
    height = bcoin.height()
    peers = [f"--connect={LOOPBACK}:{peer.port}" for peer in (bcoin, btcd)]
    node = make_node(*peers, *FAST_RETRY, *INDEX, "--prune=1000").start()
    wait_for_index(node, height, timeout=120)
    tip = bytes.fromhex(bcoin.best_hash())[::-1]
    answers = []
    for port in (node.port, btcd.port):
        with Connection.to(port) as peer:
            peer.handshake()
            headers = get_filter_headers(peer, 0, tip)
            filters = get_filters(peer, 0, tip, height + 1)
            answers.append((headers, sorted(filters)))
    assert answers[0] == answers[1]
    assert len(answers[0][0][2]) == height + 1
    print(f"{height + 1} filters and filter headers of p2pnode equal those of btcd")


# --- filter headers of several peers ---

COMPARE = "--blockfilterheaders"


class FilterServer(BlockServer):
    """Serves the filters of a FilteredChain too; lie(height, filter) may change what it says."""

    def __init__(self, chain, lie=lambda height, encoded: encoded):
        self.filters = [lie(height, encoded) for height, encoded in enumerate(chain.filters)]
        super().__init__(chain)

    def headers(self):
        previous, headers = bytes(32), []
        for encoded in self.filters:
            previous = filter_header(encoded, previous)
            headers.append(previous)
        return headers

    def _answer(self, connection, command, payload):
        if command == "version":
            connection.remote_version = wire.parse_version(payload)
            services = wire.NODE_NETWORK | wire.NODE_WITNESS | NODE_COMPACT_FILTERS
            version = wire.version_payload(
                random.getrandbits(64), height=self.chain.height, services=services
            )
            connection.send("version", version)
            connection.send("verack")
        elif command == "getcfcheckpt":
            stop = payload[1:]
            listed = self.headers()[1000 : self._height(stop) + 1 : 1000]
            self._send_hashes(connection, "cfcheckpt", payload[:1] + stop, listed)
        elif command == "getcfheaders":
            start, stop = struct.unpack_from("<I", payload, 1)[0], payload[5:]
            previous = self.headers()[start - 1] if start else bytes(32)
            hashes = [wire.sha256d(f) for f in self.filters[start : self._height(stop) + 1]]
            self._send_hashes(connection, "cfheaders", payload[:1] + stop + previous, hashes)
        elif command == "getcfilters":
            start, stop = struct.unpack_from("<I", payload, 1)[0], payload[5:]
            for height in range(start, self._height(stop) + 1):
                encoded = self.filters[height]
                body = wire.compact_size(len(encoded)) + encoded
                connection.send("cfilter", payload[:1] + self.chain.hash_at(height) + body)
        else:
            super()._answer(connection, command, payload)

    def _height(self, block_hash):
        return next(h for h in range(self.chain.height + 1) if self.chain.hash_at(h) == block_hash)

    @staticmethod
    def _send_hashes(connection, command, front, hashes):
        connection.send(command, front + wire.compact_size(len(hashes)) + b"".join(hashes))


def told(node):
    return node.call("getindexinfo")["basic block filter headers"]


def wait_for_headers(node, height, timeout=90):
    want = {"synced": True, "best_block_height": height}
    wait_for_value("the filter headers", lambda: told(node), want, timeout)


def lie_at(height, lie):
    return lambda at, encoded: lie if at == height else encoded


@pytest.fixture
def serve_filters(stack):
    def start(chain, **how):
        return stack.enter_context(FilterServer(chain, **how))

    return start


def header_of(node, chain, height):
    return node.call("getblockfilterheader", chain.hash_at(height)[::-1].hex())


def test_filter_headers_that_peers_agree_on_are_kept_across_a_restart(make_node, serve_filters):
    chain = FilteredChain().grow(40).make_filters()
    servers = [serve_filters(chain) for _ in range(2)]
    peers = [f"--connect={LOOPBACK}:{server.port}" for server in servers]
    node = make_node(*peers, *FAST_RETRY, COMPARE).start()
    wait_for_headers(node, 40)
    for height in (0, 17, 40):
        assert header_of(node, chain, height) == {
            "peers": {
                "filterhash": wire.sha256d(chain.filters[height])[::-1].hex(),
                "header": chain.filter_headers[height][::-1].hex(),
            }
        }
    assert node.stop() == 0
    for server in servers:
        server.drop()
    node.start()
    wait_for_headers(node, 40)
    asked = [m for server in servers for m in server.messages()[-1] if m == "getcfheaders"]
    assert not asked, "what was agreed on is not asked for again"


def test_one_peer_alone_is_not_believed(make_node, serve_filters):
    chain = FilteredChain().grow(10).make_filters()
    server = serve_filters(chain)
    node = make_node(f"--connect={LOOPBACK}:{server.port}", *FAST_RETRY, COMPARE).start()
    wait_until("the blocks are kept", lambda: node.metrics().total("p2pnode_blocks_kept") == 10, 60)
    assert told(node) == {"synced": False, "best_block_height": 0}
    assert header_of(node, chain, 5) == {}


LIES = {
    "nothing-in-it": b"\x00",
    "no-filter-at-all": b"\x05\xff",
    "of-another-block": None,  # filled in by the test
}


@pytest.mark.parametrize("lie", LIES)
def test_a_liar_is_found_by_the_block_and_the_truth_waits_for_another(
    make_node, serve_filters, lie
):
    """Kept are the last 288 blocks, so the one that the dispute is about must be fetched."""
    chain = FilteredChain().grow(1200).make_filters()
    liar = serve_filters(chain, lie=lie_at(500, LIES[lie] or chain.filters[30]))
    honest = [serve_filters(chain) for _ in range(2)]
    node = make_node(
        f"--connect={LOOPBACK}:{liar.port}",
        f"--connect={LOOPBACK}:{honest[0].port}",
        *("--retry-interval=300", "--retry-max=600"),
        COMPARE,
    ).start()
    wait_for_value("the liar is parted from", lambda: node.disconnects(reason="bad_filter"), 1, 60)
    assert told(node) == {"synced": False, "best_block_height": 499}
    assert node.metrics().total("p2pnode_filter_disputes_total", outcome="decided") == 1
    assert chain.hash_at(500) in liar.asked + honest[0].asked
    node.call("addnode", f"{LOOPBACK}:{honest[1].port}", "add")
    wait_for_headers(node, 1200)
    assert node.disconnects() == 1
    assert header_of(node, chain, 1200)["peers"]["header"] == chain.filter_headers[1200][::-1].hex()


def test_what_cannot_be_decided_is_said_and_nobody_is_blamed(make_node, serve_filters):
    """Without the outputs that the block spends, one element more or less is no proof."""
    chain = FilteredChain().grow(30).make_filters()
    scripts = scripts_of(chain.blocks[chain.hash_at(12)])
    lie = build_filter(chain.hash_at(12), [*scripts, b"invented"])
    servers = [serve_filters(chain), serve_filters(chain, lie=lie_at(12, lie))]
    peers = [f"--connect={LOOPBACK}:{server.port}" for server in servers]
    node = make_node(*peers, *FAST_RETRY, COMPARE).start()
    wait_until(
        "the dispute is left undecided",
        lambda: node.metrics().total("p2pnode_filter_disputes_total", outcome="undecided"),
        60,
    )
    assert told(node) == {"synced": False, "best_block_height": 11}
    assert node.peers() == 2
    # With an index of its own it knows.
    assert node.stop() == 0
    node.argv = [*node.argv, "--blockfilterindex"]
    node.start()
    wait_for_value("the liar is parted from", lambda: node.disconnects(reason="bad_filter") >= 1, True, 60)


def test_headers_fetched_from_btcds_equal_our_own(make_node, bcoin_and_btcd, tmp_path, stack):
    bcoin, btcd = bcoin_and_btcd
    make_plain_and_witness_transactions(bcoin)
    bcoin.copy_blocks(btcd)
    assert btcd.best_hash() == bcoin.best_hash()
    second = Btcd(tmp_path / "second")
    stack.callback(second.stop)
    second.start()
    bcoin.copy_blocks(second)
    peers = [f"--connect={LOOPBACK}:{peer.port}" for peer in (bcoin, btcd, second)]
    node = make_node(*peers, *FAST_RETRY, *INDEX, COMPARE, "--prune=1000").start()
    height = bcoin.height()
    wait_for_index(node, height, timeout=120)
    wait_for_headers(node, height, timeout=120)
    for at in range(0, height + 1):
        found = node.call("getblockfilterheader", bcoin.block_hash(at))
        assert found["index"] == found["peers"], at
    print(f"{height + 1} filter headers of two btcds equal our own")
    mine(bcoin)
    bcoin.copy_blocks(btcd)
    assert btcd.best_hash() == bcoin.best_hash()
    bcoin.copy_blocks(second)
    wait_for_headers(node, height + 1, timeout=120)
