"""Blocks and headers of public networks, from the files below P2PNODE_TEST_DATA."""

import bz2
import functools
import os
import pathlib

import pytest

import wire
from bitcoin_blocks import read_block

MAINNET_MAGIC = bytes.fromhex("f9beb4d9")
SIGNET_MAGIC = bytes.fromhex("0a03cf40")
BLOCKS = (
    "mainnet-0227835 mainnet-0300025 mainnet-0413567 mainnet-0426884 mainnet-0482683 mainnet-0540107 "
    "mainnet-0702861 mainnet-0866342 mainnet-0951658 signet-0031500 testnet3-0928816 testnet4-0040000"
).split()

_FOLDER = os.environ.get("P2PNODE_TEST_DATA")
needs_data = pytest.mark.skipif(not _FOLDER, reason="P2PNODE_TEST_DATA is not set")


def data(name):
    """The content of a file of Bitcoin's."""
    return (pathlib.Path(_FOLDER) / "bitcoin" / name).read_bytes()


def transactions(name):
    """Those of a real block that could stand in any block: without the coinbase and locked ones."""
    return [tx for tx in read_block(data(f"blocks/{name}.blk"))[1][1:] if not tx.locked]


def framed_blocks(name):
    """The encoded blocks of a packed file in which each stands behind a magic and its length."""
    reader = wire.Reader(bz2.decompress(data(f"blocks/{name}")))
    while reader.position < len(reader.data):
        reader.take(4)
        yield reader.take(reader.unpack("<I"))


def headers(name):
    """The headers of a file, 80 bytes each."""
    raw = data(f"headers/{name}")
    return [raw[at : at + 80] for at in range(0, len(raw), 80)]


def speak(monkeypatch, magic):
    """Test peers belong to another network from now on."""
    monkeypatch.setattr(wire, "MAGIC", magic)
    monkeypatch.setattr(wire, "frame", functools.partial(wire.frame, magic=magic))


class RealHeader:
    def __init__(self, raw):
        self.raw = raw
        self.hash = wire.sha256d(raw)


class RealChain:
    """A chain as far as test peers need it: of these headers, the genesis first, up to a height that
    may be lowered and raised, and with these blocks, if any."""

    def __init__(self, raw_headers, raw_blocks=()):
        self.headers = [RealHeader(raw) for raw in raw_headers]
        self.blocks = {wire.sha256d(raw[:80]): raw for raw in raw_blocks}
        self.height = len(self.headers) - 1
        self._heights = {header.hash: height for height, header in enumerate(self.headers)}

    @property
    def tip_hash(self):
        return self.headers[self.height].hash

    def after(self, locator, stop):
        known = [self._heights[one] for one in locator if one in self._heights]
        start = next((height for height in known if height <= self.height), 0)
        end = min(start + wire.MAX_HEADERS, self.height)
        return self.headers[start + 1 : end + 1]
