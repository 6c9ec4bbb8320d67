"""Ethereum's recursive length prefix: what the tests send and what they are sent.

An item is bytes, a number, a hexadecimal text, or a list of items.
"""


def encode(item):
    if isinstance(item, (list, tuple)):
        return _with_length(b"".join(encode(part) for part in item), 0xC0)
    if isinstance(item, int):
        item = item.to_bytes((item.bit_length() + 7) // 8, "big")
    elif isinstance(item, str):
        item = bytes.fromhex(item)
    if len(item) == 1 and item[0] < 0x80:
        return item
    return _with_length(item, 0x80)


def _with_length(payload, base):
    if len(payload) < 56:
        return bytes([base + len(payload)]) + payload
    length = len(payload).to_bytes((len(payload).bit_length() + 7) // 8, "big")
    return bytes([base + 55 + len(length)]) + length + payload


def items(data):
    """The items that follow each other in data; lists stay encoded, with their header."""
    while data:
        first = data[0]
        head, length = 1, 0
        if first >= 0x80:
            length = (first - 0x80) % 0x40
            if length > 55:
                head += length - 55
                length = int.from_bytes(data[1:head], "big")
        elif first < 0x80:
            head = 0
            length = 1
        end = head + length
        yield data[:end] if first >= 0xC0 else data[head:end]
        data = data[end:]


def content(encoded_list):
    """The items of one encoded list."""
    first = encoded_list[0]
    assert first >= 0xC0, "not a list"
    head = 1 if first < 0xF8 else 1 + first - 0xF7
    return list(items(encoded_list[head:]))
