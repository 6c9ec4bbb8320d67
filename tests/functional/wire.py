"""The Bitcoin wire format, in Python.

Written from the protocol documentation (developer.bitcoin.org, the wiki's protocol page, BIP 14, 31,
34, 130, 155, 339) and not from p2pnode's codecs, so that an error made there is not made here too.
All integers are little endian unless a name says otherwise; hashes are kept in wire order.
"""

import hashlib
import struct
import time

MAGIC = bytes.fromhex("fabfb5da")  # regtest
HEADER_SIZE = 24
PROTOCOL_VERSION = 70016
NODE_NETWORK = 1
NODE_WITNESS = 8
MAX_PAYLOAD = 4_000_000
MSG_TX, MSG_BLOCK = 1, 2
MAX_HEADERS = 2000

REGTEST_BITS = 0x207FFFFF
REGTEST_TARGET = 0x7FFFFF << (8 * (0x20 - 3))


def sha256d(data):
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def compact_size(number):
    if number < 0xFD:
        return struct.pack("<B", number)
    if number <= 0xFFFF:
        return b"\xfd" + struct.pack("<H", number)
    if number <= 0xFFFFFFFF:
        return b"\xfe" + struct.pack("<I", number)
    return b"\xff" + struct.pack("<Q", number)


class Reader:
    """Reads a payload from front to back; struct.error when it ends too early."""

    def __init__(self, data):
        self.data = data
        self.position = 0

    def take(self, size):
        piece = self.data[self.position : self.position + size]
        if len(piece) != size:
            raise struct.error(f"{size} bytes wanted, {len(piece)} left")
        self.position += size
        return piece

    def unpack(self, form):
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def compact_size(self):
        first = self.unpack("<B")
        if first < 0xFD:
            return first
        return self.unpack({0xFD: "<H", 0xFE: "<I", 0xFF: "<Q"}[first])

    def string(self):
        return self.take(self.compact_size())


def frame(command, payload=b"", magic=MAGIC, length=None, checksum=None):
    """One message as it goes over the wire; length and checksum can be forged."""
    return b"".join(
        (
            magic,
            command.encode().ljust(12, b"\0"),
            struct.pack("<I", len(payload) if length is None else length),
            sha256d(payload)[:4] if checksum is None else checksum,
            payload,
        )
    )


def net_address(services, host, port_big_endian):
    ipv4 = bytes(int(part) for part in host.split("."))
    mapped = b"\0" * 10 + b"\xff\xff" + ipv4
    return struct.pack("<Q", services) + mapped + struct.pack(">H", port_big_endian)


def version_payload(
    nonce,
    version=PROTOCOL_VERSION,
    services=NODE_NETWORK | NODE_WITNESS,
    agent=b"/functional:1.0/",
    height=0,
    relay=True,
):
    return b"".join(
        (
            struct.pack("<iQq", version, services, int(time.time())),
            net_address(0, "127.0.0.1", 0),
            net_address(services, "127.0.0.1", 0),
            struct.pack("<Q", nonce),
            compact_size(len(agent)) + agent,
            struct.pack("<i?", height, relay),
        )
    )


def parse_version(payload):
    reader = Reader(payload)
    fields = {
        "version": reader.unpack("<i"),
        "services": reader.unpack("<Q"),
        "time": reader.unpack("<q"),
    }
    reader.take(2 * 26)
    fields["nonce"] = reader.unpack("<Q")
    fields["agent"] = reader.string().decode()
    fields["height"] = reader.unpack("<i")
    fields["relay"] = reader.unpack("<?")
    return fields


class Header:
    """A block header; the nonce is searched at once, which on regtest takes two tries."""

    def __init__(self, previous, merkle_root, block_time, version=0x20000000):
        self.previous = previous
        front = struct.pack("<i", version) + previous + merkle_root
        front += struct.pack("<II", block_time, REGTEST_BITS)
        self.time = block_time
        self._mine(front)

    def _mine(self, front):
        for nonce in range(1 << 32):
            self.raw = front + struct.pack("<I", nonce)
            self.hash = sha256d(self.raw)
            if int.from_bytes(self.hash, "little") <= REGTEST_TARGET:
                return


def coinbase(height, tag):
    """A coinbase that claims nothing: the same for every subsidy schedule. BIP 34 wants the height,
    as the shortest script that pushes it: numbers up to 16 have opcodes of their own."""
    height_bytes = height.to_bytes((height.bit_length() + 8) // 8, "little")
    push = bytes((0x50 + height,)) if height <= 16 else bytes((len(height_bytes),)) + height_bytes
    script = push + bytes((len(tag),)) + tag
    return b"".join(
        (
            struct.pack("<iB", 1, 1),
            bytes(32) + b"\xff" * 4,
            compact_size(len(script)) + script + b"\xff" * 4,
            struct.pack("<BqB", 1, 0, 1) + b"\x51",  # one output of 0 satoshi to OP_TRUE
            struct.pack("<I", 0),
        )
    )


GENESIS_RAW = b"".join(
    (
        struct.pack("<i", 1),
        bytes(32),
        bytes.fromhex("4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b")[::-1],
        struct.pack("<III", 1296688602, REGTEST_BITS, 2),
    )
)
GENESIS_HASH = sha256d(GENESIS_RAW)


class Chain:
    """A regtest chain of blocks that hold nothing but their coinbase."""

    def __init__(self, tag=b"functional"):
        self.tag = tag
        self.headers = []  # the header at height h is headers[h - 1]
        self.coinbases = []
        self.tip_hash = GENESIS_HASH
        self._next_time = int(time.time()) - 24 * 3600

    @property
    def height(self):
        return len(self.headers)

    def extend(self, count):
        """Adds count blocks and returns their headers."""
        for _ in range(count):
            transaction = coinbase(self.height + 1, self.tag)
            self.headers.append(Header(self.tip_hash, sha256d(transaction), self._next_time))
            self.coinbases.append(transaction)
            self.tip_hash = self.headers[-1].hash
            self._next_time += 1
        return self.headers[-count:]

    def fork(self, height, tag):
        """Another chain with the same blocks up to height."""
        other = Chain(tag)
        other.headers = self.headers[:height]
        other.coinbases = self.coinbases[:height]
        other.tip_hash = other.headers[-1].hash if height else GENESIS_HASH
        other._next_time = self._next_time
        return other

    def after(self, locator, stop):
        """The headers a getheaders with this locator asks for."""
        heights = {header.hash: index + 1 for index, header in enumerate(self.headers)}
        heights[GENESIS_HASH] = 0
        start = next((heights[known] for known in locator if known in heights), 0)
        found = self.headers[start : start + MAX_HEADERS]
        for index, header in enumerate(found):
            if header.hash == stop:
                return found[: index + 1]
        return found


def headers_payload(headers):
    return compact_size(len(headers)) + b"".join(header.raw + b"\0" for header in headers)


def parse_headers(payload):
    """The 80-byte headers of a headers message."""
    reader = Reader(payload)
    found = []
    for _ in range(reader.compact_size()):
        found.append(reader.take(80))
        if reader.compact_size() != 0:
            raise ValueError("a header announces transactions")
    return found


def locator_payload(locator, stop=bytes(32)):
    """The payload of getheaders and of getblocks."""
    return (
        struct.pack("<I", PROTOCOL_VERSION) + compact_size(len(locator)) + b"".join(locator) + stop
    )


def parse_locator(payload):
    reader = Reader(payload)
    reader.take(4)
    locator = [reader.take(32) for _ in range(reader.compact_size())]
    return locator, reader.take(32)


def inventory_payload(items):
    """items: pairs of type and hash."""
    return compact_size(len(items)) + b"".join(
        struct.pack("<I", kind) + item_hash for kind, item_hash in items
    )


def parse_inventory(payload):
    reader = Reader(payload)
    return [(reader.unpack("<I"), reader.take(32)) for _ in range(reader.compact_size())]
