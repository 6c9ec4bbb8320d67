#include "codec/compact.h"

uint64_t read_compact_u64(struct reader *r)
{
    uint64_t v, least;
    uint8_t first = read_u8(r);

    switch (first) {
    case 0xfd:
        v = read_le16(r);
        least = 0xfd;
        break;
    case 0xfe:
        v = read_le32(r);
        least = UINT64_C(1) << 16;
        break;
    case 0xff:
        v = read_le64(r);
        least = UINT64_C(1) << 32;
        break;
    default:
        return first;
    }
    if (r->err)
        return 0;
    if (v < least) {
        reader_fail(r, PN_ENONCANONICAL);
        return 0;
    }
    return v;
}

size_t read_compact_len(struct reader *r, size_t max)
{
    uint64_t v = read_compact_u64(r);

    if (v > max || v > COMPACT_MAX) {
        reader_fail(r, PN_ETOOLARGE);
        return 0;
    }
    if (v > reader_left(r)) {
        reader_fail(r, PN_ETRUNCATED);
        return 0;
    }
    return (size_t)v;
}

size_t read_compact_count(struct reader *r, size_t max, size_t min_elem_bytes)
{
    uint64_t v = read_compact_u64(r);

    if (v > max || v > COMPACT_MAX || v > reader_left(r) / (min_elem_bytes ? min_elem_bytes : 1)) {
        reader_fail(r, PN_ECOUNT);
        return 0;
    }
    return (size_t)v;
}

void write_compact(struct buf *b, uint64_t v)
{
    if (v < 0xfd) {
        write_u8(b, (uint8_t)v);
    } else if (v <= UINT16_MAX) {
        write_u8(b, 0xfd);
        write_le16(b, (uint16_t)v);
    } else if (v <= UINT32_MAX) {
        write_u8(b, 0xfe);
        write_le32(b, (uint32_t)v);
    } else {
        write_u8(b, 0xff);
        write_le64(b, v);
    }
}

size_t compact_size(uint64_t v)
{
    if (v < 0xfd)
        return 1;
    if (v <= UINT16_MAX)
        return 3;
    return v <= UINT32_MAX ? 5 : 9;
}
