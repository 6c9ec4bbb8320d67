"""Transactions that anybody can make: they spend outputs whose script is hidden behind its hash and
asks for nothing (pay to script hash, BIP 16, of OP_TRUE). Such outputs are standard, and so is
spending them.
"""

import hashlib
import struct

import wire

OP_TRUE = b"\x51"
# hash160 of OP_TRUE; the hash function RIPEMD-160 is not in every Python.
OP_TRUE_HASH = bytes.fromhex("da1745e9b549bd0bfa1a569971c77eba30cd5a4b")
OP_TRUE_SCRIPT = b"\xa9\x14" + OP_TRUE_HASH + b"\x87"
FEE_SAT = 20_000

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def regtest_address(script_hash=OP_TRUE_HASH):
    """Where blocks are to pay to, as base58check with what bcoin takes for script hashes on regtest."""
    data = b"\x26" + script_hash
    data += hashlib.sha256(hashlib.sha256(data).digest()).digest()[:4]
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = BASE58[digit] + text
    return text


class Transaction:
    """One without witness: inputs are (txid, index), outputs (value, script)."""

    def __init__(self, inputs, outputs, version=2, lock_time=0):
        parts = [struct.pack("<i", version), wire.compact_size(len(inputs))]
        for txid, index in inputs:
            script = bytes((len(OP_TRUE),)) + OP_TRUE
            parts += [txid, struct.pack("<I", index), bytes((len(script),)), script, b"\xff" * 4]
        parts.append(wire.compact_size(len(outputs)))
        for value, script in outputs:
            parts += [struct.pack("<q", value), wire.compact_size(len(script)), script]
        parts.append(struct.pack("<I", lock_time))
        self.raw = b"".join(parts)
        self.txid = wire.sha256d(self.raw)
        self.outputs = outputs

    @property
    def display_id(self):
        return self.txid[::-1].hex()

    def with_witness(self, item):
        """The same with one item on the stack of its only input (BIP 144)."""
        witness = b"\x01" + wire.compact_size(len(item)) + item
        return self.raw[:4] + b"\0\1" + self.raw[4:-4] + witness + self.raw[-4:]


def unknown(number, outputs=1, script=OP_TRUE_SCRIPT):
    """Spends an output that nobody has heard of; different for every number."""
    previous = struct.pack("<Q", number).ljust(32, b"\xee")
    return Transaction([(previous, 0)], [(10_000, script)] * outputs)


def spend_coinbase(foreign, height):
    """Spends what the block at that height of a foreign node has paid to OP_TRUE, before the first
    halving."""
    txid = bytes.fromhex(foreign.rpc("getblock", foreign.block_hash(height))["tx"][0])[::-1]
    return Transaction([(txid, 0)], [(50 * 100_000_000 - FEE_SAT, OP_TRUE_SCRIPT)])


def inventory(*entries):
    """The payload of inv, getdata and notfound: entries are (type, hash)."""
    return wire.compact_size(len(entries)) + b"".join(
        struct.pack("<I", kind) + digest for kind, digest in entries
    )


def parse_inventory(payload):
    reader = wire.Reader(payload)
    return [(reader.unpack("<I"), reader.take(32)) for _ in range(reader.compact_size())]
