#include "ethereum/types/receipts.h"

#include <string.h>

#include "base/mem.h"
#include "codec/rlp.h"
#include "crypto/keccak.h"
#include "ethereum/trie/trie.h"
#include "ethereum/types/body.h"

enum {
    LOG_TOPICS_MAX = 4,
    TYPE_MAX = 0x7f, /* EIP-2718 */
    CONSENSUS_MAX_BYTES = 64 << 20,
};

struct receipt {
    uint8_t type;
    struct bytes status; /* empty, 01, or the state's root before Byzantium */
    uint64_t gas;
    struct bytes logs; /* one RLP list */
};

static void read_status(struct reader *r, struct receipt *out)
{
    out->status = rlp_read_bytes(r, ETH_HASH_BYTES);
    if (out->status.len > 1 && out->status.len != ETH_HASH_BYTES)
        reader_fail(r, PN_EFORMAT);
    if (out->status.len == 1 && out->status.data[0] != 1)
        reader_fail(r, PN_EFORMAT);
}

static void read_logs(struct reader *r, struct receipt *out)
{
    if (!rlp_next_is_list(r))
        reader_fail(r, PN_EFORMAT);
    out->logs = rlp_read_raw(r);
}

static void read_flat(struct reader *r, struct receipt *out)
{
    struct reader list = rlp_read_list(r);
    uint64_t type = rlp_read_u64(&list);

    if (type > TYPE_MAX)
        reader_fail(&list, PN_EFORMAT);
    out->type = (uint8_t)type;
    read_status(&list, out);
    out->gas = rlp_read_u64(&list);
    read_logs(&list, out);
    rlp_leave(r, &list);
}

static void read_fields(struct reader *r, struct receipt *out)
{
    struct reader list = rlp_read_list(r);
    uint8_t bloom[ETH_BLOOM_BYTES]; /* computed anew, so that a false one shows in the root */

    read_status(&list, out);
    out->gas = rlp_read_u64(&list);
    rlp_read_fixed(&list, bloom, sizeof bloom);
    read_logs(&list, out);
    rlp_leave(r, &list);
}

static void read_consensus(struct reader *r, struct receipt *out)
{
    struct bytes typed;
    struct reader inner;

    if (rlp_next_is_list(r)) {
        read_fields(r, out);
        return;
    }
    typed = rlp_read_bytes(r, SIZE_MAX);
    inner = reader_of(typed.data, typed.len);
    out->type = read_u8(&inner);
    if (out->type == 0 || out->type > TYPE_MAX)
        reader_fail(&inner, PN_EFORMAT);
    read_fields(&inner, out);
    if (reader_finish(&inner) < 0)
        reader_fail(r, inner.err);
}

static void read_receipt(struct reader *r, struct receipt *out, enum eth_receipt_form form)
{
    *out = (struct receipt){0};
    if (form == ETH_RECEIPTS_FLAT)
        read_flat(r, out);
    else
        read_consensus(r, out);
}

/* Three of the filter's 2,048 bits for each address and topic (Yellow Paper 4.3.1). */
static void bloom_add(uint8_t bloom[ETH_BLOOM_BYTES], const uint8_t *data, size_t len)
{
    uint8_t hash[KECCAK256_BYTES];

    keccak256(hash, data, len);
    for (unsigned i = 0; i < 6; i += 2) {
        unsigned bit = load_be16(hash + i) % (8 * ETH_BLOOM_BYTES);

        bloom[ETH_BLOOM_BYTES - 1 - bit / 8] |= (uint8_t)(1u << bit % 8);
    }
}

static void bloom_add_log(uint8_t bloom[ETH_BLOOM_BYTES], struct reader *logs)
{
    uint8_t address[ETH_ADDRESS_BYTES], topic[ETH_HASH_BYTES];
    struct reader log = rlp_read_list(logs), topics;

    rlp_read_fixed(&log, address, sizeof address);
    topics = rlp_read_list(&log);
    bloom_add(bloom, address, sizeof address);
    for (unsigned i = 0; reader_left(&topics) > 0; i++) {
        rlp_read_fixed(&topics, topic, sizeof topic);
        if (i == LOG_TOPICS_MAX)
            reader_fail(&topics, PN_ECOUNT);
        bloom_add(bloom, topic, sizeof topic);
    }
    rlp_leave(&log, &topics);
    rlp_read_bytes(&log, SIZE_MAX);
    rlp_leave(logs, &log);
}

static int make_bloom(uint8_t bloom[ETH_BLOOM_BYTES], struct bytes logs)
{
    struct reader r = reader_of(logs.data, logs.len);
    struct reader list = rlp_read_list(&r);

    memset(bloom, 0, ETH_BLOOM_BYTES);
    while (reader_left(&list) > 0)
        bloom_add_log(bloom, &list);
    rlp_leave(&r, &list);
    return reader_finish(&r);
}

/* As consensus has it, without the string around a typed one. */
static void write_consensus(struct buf *b, const struct receipt *t,
                            const uint8_t bloom[ETH_BLOOM_BYTES])
{
    size_t mark;

    if (t->type > 0)
        write_u8(b, t->type);
    mark = rlp_list_begin(b);
    rlp_write_bytes(b, t->status.data, t->status.len);
    rlp_write_u64(b, t->gas);
    rlp_write_bytes(b, bloom, ETH_BLOOM_BYTES);
    buf_append(b, t->logs.data, t->logs.len);
    rlp_list_end(b, mark);
}

static void write_flat(struct buf *b, const struct receipt *t)
{
    size_t mark = rlp_list_begin(b);

    rlp_write_u64(b, t->type);
    rlp_write_bytes(b, t->status.data, t->status.len);
    rlp_write_u64(b, t->gas);
    buf_append(b, t->logs.data, t->logs.len);
    rlp_list_end(b, mark);
}

/* One block's receipts under check. */
struct checked {
    struct buf consensus; /* all of them, one after the other */
    struct bytes *values; /* where each lies; only the lengths are true while the buffer grows */
    size_t n;
    uint8_t bloom[ETH_BLOOM_BYTES]; /* of the block */
};

static int take_receipt(struct checked *c, struct buf *flat, struct reader *list,
                        enum eth_receipt_form form)
{
    uint8_t bloom[ETH_BLOOM_BYTES];
    size_t before = c->consensus.len;
    struct receipt t;
    int rc;

    read_receipt(list, &t, form);
    rc = list->err ? list->err : make_bloom(bloom, t.logs);
    if (rc < 0)
        return rc;
    write_consensus(&c->consensus, &t, bloom);
    write_flat(flat, &t);
    c->values[c->n++].len = c->consensus.len - before;
    for (size_t i = 0; i < sizeof bloom; i++)
        c->bloom[i] |= bloom[i];
    return c->consensus.err ? c->consensus.err : flat->err;
}

static int compare_roots(struct checked *c, const struct eth_header *h)
{
    uint8_t root[ETH_HASH_BYTES];
    const uint8_t *at = c->consensus.data;
    int rc;

    for (size_t i = 0; i < c->n; i++) {
        c->values[i].data = at;
        at += c->values[i].len;
    }
    rc = trie_list_root(root, c->values, c->n);
    if (rc < 0)
        return rc;
    if (memcmp(root, h->receipts_root, sizeof root) != 0 ||
        memcmp(c->bloom, h->bloom, sizeof c->bloom) != 0)
        return PN_ERECEIPTS;
    return 0;
}

static int check_list(struct checked *c, struct buf *flat, struct reader *list,
                      enum eth_receipt_form form, const struct eth_header *h)
{
    size_t mark = rlp_list_begin(flat);
    int rc = 0;

    while (rc == 0 && reader_left(list) > 0)
        rc = take_receipt(c, flat, list, form);
    rlp_list_end(flat, mark);
    if (rc == 0)
        rc = flat->err;
    return rc < 0 ? rc : compare_roots(c, h);
}

int eth_receipts_check(struct buf *flat, struct bytes list, enum eth_receipt_form form,
                       const struct eth_header *h)
{
    struct reader r = reader_of(list.data, list.len);
    struct reader in = rlp_read_list(&r);
    size_t n = rlp_count(&in, eth_header_max_txs(h));
    struct checked *c;
    int rc = reader_finish(&r);

    if (rc < 0 || in.err)
        return rc < 0 ? rc : in.err;
    c = mem_zalloc(sizeof *c);
    if (!c)
        return PN_ENOMEM;
    buf_init(&c->consensus, CONSENSUS_MAX_BYTES);
    c->values = mem_alloc_array(n, sizeof *c->values);
    rc = c->values ? check_list(c, flat, &in, form, h) : PN_ENOMEM;
    mem_free(c->values);
    buf_free(&c->consensus);
    mem_free(c);
    return rc;
}

static void write_wrapped(struct buf *b, const struct receipt *t,
                          const uint8_t bloom[ETH_BLOOM_BYTES])
{
    struct buf one;

    if (t->type == 0) {
        write_consensus(b, t, bloom);
        return;
    }
    buf_init(&one, CONSENSUS_MAX_BYTES);
    write_consensus(&one, t, bloom);
    if (one.err)
        b->err = b->err ? b->err : one.err;
    else
        rlp_write_bytes(b, one.data, one.len);
    buf_free(&one);
}

int eth_receipts_write(struct buf *b, struct bytes flat, enum eth_receipt_form form)
{
    struct reader r = reader_of(flat.data, flat.len);
    struct reader list = rlp_read_list(&r);
    size_t mark = rlp_list_begin(b);
    int rc = r.err;

    while (rc == 0 && reader_left(&list) > 0) {
        uint8_t bloom[ETH_BLOOM_BYTES];
        struct receipt t;

        read_receipt(&list, &t, ETH_RECEIPTS_FLAT);
        rc = list.err ? list.err : make_bloom(bloom, t.logs);
        if (rc < 0)
            break;
        if (form == ETH_RECEIPTS_FLAT)
            write_flat(b, &t);
        else
            write_wrapped(b, &t, bloom);
    }
    rlp_list_end(b, mark);
    return rc < 0 ? rc : b->err;
}
