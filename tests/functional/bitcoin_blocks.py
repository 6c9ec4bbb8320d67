"""Blocks with transactions, in Python, and a test peer that serves them, well or badly.

Written from the protocol documentation and BIP 34, 141, 144, 152, not from p2pnode's codecs.
"""

import struct
import time

import wire
from bitcoin_p2p import HeaderServer
from waiting import wait_for_value

COMMITMENT_PREFIX = bytes.fromhex("6a24aa21a9ed")
FAST_RETRY = ("--retry-interval=0.2", "--retry-max=1")
MSG_CMPCT_BLOCK, MSG_WITNESS_FLAG = 4, 1 << 30


class Transaction:
    """One transaction in both encodings."""

    def __init__(self, raw, stripped, locked):
        self.raw = raw
        self.stripped = stripped
        self.locked = locked  # has a lock time, and an input that lets it count
        self.txid = wire.sha256d(stripped)
        self.wtxid = wire.sha256d(raw)

    @classmethod
    def read(cls, reader):
        start = reader.position
        version = reader.take(4)
        witness = reader.data[reader.position] == 0
        if witness:
            reader.take(2)
        body = reader.position
        inputs = reader.compact_size()
        sequences = []
        for _ in range(inputs):
            reader.take(36)
            reader.string()
            sequences.append(reader.unpack("<I"))
        for _ in range(reader.compact_size()):
            reader.take(8)
            reader.string()
        end = reader.position
        if witness:
            for _ in range(inputs):
                for _ in range(reader.compact_size()):
                    reader.string()
        lock_time = reader.take(4)
        locked = lock_time != bytes(4) and any(s != 0xFFFFFFFF for s in sequences)
        raw = reader.data[start : reader.position]
        return cls(raw, version + reader.data[body:end] + lock_time, locked)


def read_block(raw):
    """The header and the transactions of an encoded block."""
    reader = wire.Reader(raw)
    header = reader.take(80)
    return header, [Transaction.read(reader) for _ in range(reader.compact_size())]


def filler(size, seed, with_witness):
    """A transaction of about that size, which spends nothing that exists."""
    script = seed.to_bytes(8, "little") * (size // 8)
    spent = seed.to_bytes(32, "little") + struct.pack("<I", 0)
    front = b"\x01" + spent + b"\0" + b"\xff" * 4
    if with_witness:
        outputs = b"\x01" + struct.pack("<q", 0) + b"\x01\x51"
        witness = b"\x01" + wire.compact_size(len(script)) + script
    else:
        outputs = b"\x01" + struct.pack("<q", 0) + wire.compact_size(len(script)) + script
        witness = b""
    version, lock_time = struct.pack("<i", 2), bytes(4)
    stripped = version + front + outputs + lock_time
    raw = version + b"\0\x01" + front + outputs + witness + lock_time if witness else stripped
    return Transaction(raw, stripped, False)


def merkle_root(hashes):
    while len(hashes) > 1:
        if len(hashes) % 2:
            hashes = hashes + hashes[-1:]
        hashes = [wire.sha256d(a + b) for a, b in zip(hashes[::2], hashes[1::2])]
    return hashes[0]


def committed_coinbase(height, transactions, commitment=None):
    """A coinbase with the height and the witness commitment, in both encodings."""
    plain = wire.coinbase(height, b"blocks")
    front, lock_time = plain[:-4], plain[-4:]
    root = merkle_root([bytes(32)] + [tx.wtxid for tx in transactions])
    script = COMMITMENT_PREFIX + (commitment or wire.sha256d(root + bytes(32)))
    outputs = struct.pack("<BqB", 2, 0, 1) + b"\x51" + struct.pack("<qB", 0, len(script)) + script
    front = front[: front.rindex(struct.pack("<BqB", 1, 0, 1))] + outputs
    stripped = front + lock_time
    raw = front[:4] + b"\0\x01" + front[4:] + b"\x01\x20" + bytes(32) + lock_time
    return Transaction(raw, stripped, False)


class BlockChain(wire.Chain):
    """A regtest chain whose blocks hold transactions; blocks is by hash, encoded with witness."""

    def __init__(self, tag=b"blocks"):
        super().__init__(tag)
        self.blocks = {}
        self.transactions = {}

    def add(self, transactions=(), commitment=None):
        """Adds a block with these transactions behind its coinbase. Returns its header."""
        coinbase = committed_coinbase(self.height + 1, transactions, commitment)
        everything = [coinbase, *transactions]
        root = merkle_root([tx.txid for tx in everything])
        header = wire.Header(self.tip_hash, root, self._next_time)
        self.headers.append(header)
        self.tip_hash = header.hash
        self._next_time += 1
        self.blocks[header.hash] = b"".join(
            (header.raw, wire.compact_size(len(everything)), *(tx.raw for tx in everything))
        )
        self.transactions[header.hash] = everything
        return header


def chain_with_old_transactions(blocks, height):
    """A chain of so many blocks, of which the one at that height holds five transactions."""
    chain = BlockChain()
    for at in range(1, blocks + 1):
        chain.add([filler(200, at * 10 + i, i % 2) for i in range(5 if at == height else 0)])
    return chain


class BlockServer(HeaderServer):
    """Serves the blocks of a BlockChain.

    bytes_per_second throttles blocks; silent peers never answer a getdata; spoil(raw) may change what
    is sent.
    """

    def __init__(self, chain, host="127.0.0.1", bytes_per_second=None, silent=False, spoil=None):
        self.bytes_per_second = bytes_per_second
        self.silent = silent
        self.spoil = spoil or (lambda raw: raw)
        self.asked = []  # hashes of blocks
        self.served = 0
        super().__init__(chain, host)

    def _answer(self, connection, command, payload):
        if command != "getdata":
            super()._answer(connection, command, payload)
            return
        for kind, block_hash in wire.parse_inventory(payload):
            self.asked.append(block_hash)
            if self.silent:
                continue
            raw = self.chain.blocks.get(block_hash)
            if raw is None:
                connection.send("notfound", wire.inventory_payload([(kind, block_hash)]))
                continue
            self._send_slowly(connection, wire.frame("block", self.spoil(raw)))
            self.served += 1

    def _send_slowly(self, connection, data):
        if not self.bytes_per_second:
            connection.send_raw(data)
            return
        step = max(1, self.bytes_per_second // 10)
        for start in range(0, len(data), step):
            connection.send_raw(data[start : start + step])
            time.sleep(0.1)


def kept(node):
    """How many blocks a node holds."""
    return int(node.metrics().total("p2pnode_blocks_kept"))


def wait_for_kept(node, count, timeout=20):
    wait_for_value("the blocks that are kept", lambda: kept(node), count, timeout)


def get_block(connection, block_hash, witness=True, timeout=5):
    """Asks for a block; None when the other side does not have it."""
    kind = wire.MSG_BLOCK | (MSG_WITNESS_FLAG if witness else 0)
    connection.send("getdata", wire.inventory_payload([(kind, block_hash)]))
    while True:
        command, payload = connection.receive(timeout)
        if command in ("block", "notfound"):
            return payload if command == "block" else None
