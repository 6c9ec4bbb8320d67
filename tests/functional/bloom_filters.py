"""Bloom filters in Python, written from BIP 37 and not from p2pnode's code."""

import struct

import wire

NODE_BLOOM = 1 << 2
MSG_FILTERED_BLOCK = 3
UPDATE_NONE, UPDATE_ALL, UPDATE_P2PUBKEY_ONLY = 0, 1, 2
MASK = 0xFFFFFFFF


def murmur3(seed, data):
    def rotate(x, n):
        return ((x << n) | (x >> (32 - n))) & MASK

    def scramble(k):
        return rotate(k * 0xCC9E2D51 & MASK, 15) * 0x1B873593 & MASK

    h = seed
    whole = len(data) // 4 * 4
    for (word,) in struct.iter_unpack("<I", data[:whole]):
        h = (rotate(h ^ scramble(word), 13) * 5 + 0xE6546B64) & MASK
    h ^= scramble(int.from_bytes(data[whole:], "little"))
    h ^= len(data)
    h = (h ^ h >> 16) * 0x85EBCA6B & MASK
    h = (h ^ h >> 13) * 0xC2B2AE35 & MASK
    return h ^ h >> 16


class BloomFilter:
    def __init__(self, size=512, functions=11, tweak=7, flags=UPDATE_ALL):
        self.bits = bytearray(size)
        self.functions, self.tweak, self.flags = functions, tweak, flags

    def add(self, item):
        for i in range(self.functions):
            bit = murmur3((i * 0xFBA4C795 + self.tweak) & MASK, item) % (len(self.bits) * 8)
            self.bits[bit // 8] |= 1 << bit % 8
        return self

    def payload(self):
        front = wire.compact_size(len(self.bits)) + bytes(self.bits)
        return front + struct.pack("<IIB", self.functions, self.tweak, self.flags)


def parse_merkle_block(payload):
    """The header and the transaction ids that the partial tree proves, after checking its root."""
    reader = wire.Reader(payload)
    header = reader.take(80)
    count = reader.unpack("<I")
    hashes = [reader.take(32) for _ in range(reader.compact_size())]
    packed = reader.string()
    flags = [packed[i // 8] >> i % 8 & 1 for i in range(len(packed) * 8)]
    height = 0
    while (count + (1 << height) - 1) >> height > 1:
        height += 1
    matched = []

    def walk(level, place):
        flag = flags.pop(0)
        if level == 0 or not flag:
            found = hashes.pop(0)
            if flag:
                matched.append(found)
            return found
        left = walk(level - 1, 2 * place)
        width = (count + (1 << level - 1) - 1) >> level - 1
        right = walk(level - 1, 2 * place + 1) if 2 * place + 1 < width else left
        return wire.sha256d(left + right)

    assert walk(height, 0) == header[36:68], "the tree does not have the block's merkle root"
    assert not hashes and len(flags) < 8
    return header, matched
