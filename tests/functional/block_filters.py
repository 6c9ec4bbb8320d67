"""Compact block filters in Python: BIP 158 filters and BIP 157 messages, written from the BIPs and not
from p2pnode's code, and test peers that serve them, truthfully or not."""

import hashlib
import struct

import wire

NODE_COMPACT_FILTERS = 1 << 6
BASIC = 0
P, M = 19, 784931
OP_RETURN = 0x6A
MASK = (1 << 64) - 1


def siphash(key, data):
    """SipHash-2-4 with a key of 16 bytes."""
    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def rotate(x, b):
        return ((x << b) | (x >> (64 - b))) & MASK

    def round_():
        v[0] = (v[0] + v[1]) & MASK
        v[1] = rotate(v[1], 13) ^ v[0]
        v[0] = rotate(v[0], 32)
        v[2] = (v[2] + v[3]) & MASK
        v[3] = rotate(v[3], 16) ^ v[2]
        v[0] = (v[0] + v[3]) & MASK
        v[3] = rotate(v[3], 21) ^ v[0]
        v[2] = (v[2] + v[1]) & MASK
        v[1] = rotate(v[1], 17) ^ v[2]
        v[2] = rotate(v[2], 32)

    padded = data + bytes(-(len(data) + 1) % 8) + bytes([len(data) & 0xFF])
    for (word,) in struct.iter_unpack("<Q", padded):
        v[3] ^= word
        round_()
        round_()
        v[0] ^= word
    v[2] ^= 0xFF
    for _ in range(4):
        round_()
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def build_filter(block_hash, scripts):
    """The Golomb-coded set of distinct scripts under the key of a block."""
    scripts = set(scripts)
    count = len(scripts)
    values = sorted((siphash(block_hash[:16], s) * (count * M)) >> 64 for s in scripts)
    bits, last = [], 0
    for value in values:
        difference = value - last
        last = value
        bits.append("1" * (difference >> P) + "0" + format(difference & ((1 << P) - 1), f"0{P}b"))
    stream = "".join(bits)
    stream += "0" * (-len(stream) % 8)
    encoded = int(stream, 2).to_bytes(len(stream) // 8, "big") if stream else b""
    return wire.compact_size(count) + encoded


def filter_header(filter_bytes, previous):
    return wire.sha256d(wire.sha256d(filter_bytes) + previous)


def scripts_of(raw_block):
    """The scripts of a block's outputs that its filter holds."""
    reader = wire.Reader(raw_block)
    reader.take(80)
    scripts = []
    for _ in range(reader.compact_size()):
        scripts += _output_scripts(reader)
    return [s for s in scripts if s and s[0] != OP_RETURN]


def _output_scripts(reader):
    reader.take(4)
    witness = reader.data[reader.position] == 0
    if witness:
        reader.take(2)
    inputs = reader.compact_size()
    for _ in range(inputs):
        reader.take(36)
        reader.string()
        reader.take(4)
    scripts = []
    for _ in range(reader.compact_size()):
        reader.take(8)
        scripts.append(reader.string())
    for _ in range(inputs if witness else 0):
        for _ in range(reader.compact_size()):
            reader.string()
    reader.take(4)
    return scripts


# --- messages ---


def range_payload(start, stop_hash, kind=BASIC):
    return struct.pack("<BI", kind, start) + stop_hash


def parse_cfilter(payload):
    reader = wire.Reader(payload)
    assert reader.unpack("<B") == BASIC
    return reader.take(32), reader.string()


def parse_cfheaders(payload):
    """Stop hash, header before, hashes."""
    reader = wire.Reader(payload)
    assert reader.unpack("<B") == BASIC
    stop, previous = reader.take(32), reader.take(32)
    return stop, previous, [reader.take(32) for _ in range(reader.compact_size())]


def parse_cfcheckpt(payload):
    reader = wire.Reader(payload)
    assert reader.unpack("<B") == BASIC
    return reader.take(32), [reader.take(32) for _ in range(reader.compact_size())]


def get_filters(connection, start, stop_hash, count, timeout=30):
    connection.send("getcfilters", range_payload(start, stop_hash))
    return [parse_cfilter(connection.wait_for("cfilter", timeout)) for _ in range(count)]


def get_filter_headers(connection, start, stop_hash, timeout=30):
    connection.send("getcfheaders", range_payload(start, stop_hash))
    return parse_cfheaders(connection.wait_for("cfheaders", timeout))


def get_checkpoints(connection, stop_hash, timeout=30):
    connection.send("getcfcheckpt", struct.pack("<B", BASIC) + stop_hash)
    return parse_cfcheckpt(connection.wait_for("cfcheckpt", timeout))


WITNESS_SCRIPT_HASH = b"\x00\x20" + hashlib.sha256(b"\x51").digest()  # of OP_TRUE
