/* Reading peers.json: into records first, so that a damaged file leaves no trace in the book.
 * Strict, as btcd is: an address in no list, in lists of both tables, or a list with an unknown one
 * is damage. */
#include <string.h>

#include "addrbook/index.h"
#include "addrbook/peers_format.h"
#include "base/err.h"
#include "base/mem.h"
#include "codec/hex.h"
#include "codec/json_scan.h"
#include "crypto/sha256.h"

enum { FIRST_ROWS = 1024, TOR_V2_CHARS = 16 };

struct parser {
    struct json_scan s;
    const uint8_t *text;
    struct peers_content *out;
    struct addr_index index; /* of out->records, by number + 1 */
    size_t cap;              /* of out->records */
    int64_t version;
    bool has_key, has_rows, has_new, has_tried, has_sum;
};

static const struct net_addr *record_addr(const void *records, uint32_t id)
{
    return &((const struct addrbook_record *)records)[id - 1].addr;
}

/* "abcdefghijklmnop.onion:8333": gone from the network since 2021, but btcd still keeps them. */
static bool is_tor_v2(const char *text)
{
    return strlen(text) > TOR_V2_CHARS && strncmp(text + TOR_V2_CHARS, ".onion:", 7) == 0;
}

/* An address with its port. Returns: false, without failing, for one of a kind that is no more. */
static bool read_addr(struct parser *p, struct net_addr *out)
{
    char text[NET_ADDR_TEXT_BYTES];
    int rc;

    json_text(&p->s, text, sizeof text);
    *out = (struct net_addr){0};
    if (p->s.err || is_tor_v2(text))
        return false;
    rc = net_addr_parse(out, text, 0);
    if (rc < 0)
        json_fail(&p->s, rc);
    return rc == 0;
}

static int64_t read_time(struct json_scan *s)
{
    int64_t v = json_int(s);

    if (v < 0)
        return 0;
    return v < UINT32_MAX ? v : UINT32_MAX;
}

static uint16_t read_attempts(struct json_scan *s)
{
    int64_t v = json_int(s);

    if (v < 0)
        return 0;
    return v < UINT16_MAX ? (uint16_t)v : UINT16_MAX;
}

static void add_bucket(struct parser *p, struct addrbook_record *r, uint64_t bucket)
{
    if (bucket >= ADDRBOOK_NEW_BUCKETS)
        json_fail(&p->s, PN_ECOUNT);
    else if (r->n_refs < ADDRBOOK_MAX_REFS)
        r->slots[r->n_refs++] = (uint16_t)(bucket * ADDRBOOK_BUCKET_SIZE);
}

/* The members of the rows that only we write. */
static void read_own_buckets(struct parser *p, struct addrbook_record *r)
{
    json_array(&p->s);
    while (json_next(&p->s))
        add_bucket(p, r, json_uint(&p->s));
}

/* One member of a row. Returns: false when the row is to be skipped. */
static bool read_member(struct parser *p, struct addrbook_record *r, struct bytes key)
{
    struct json_scan *s = &p->s;

    if (json_key_is(key, "Addr"))
        return read_addr(p, &r->addr);
    if (json_key_is(key, "Src"))
        return read_addr(p, &r->source);
    if (json_key_is(key, "Attempts"))
        r->attempts = read_attempts(s);
    else if (json_key_is(key, "TimeStamp"))
        r->last_seen_s = read_time(s);
    else if (json_key_is(key, "LastAttempt"))
        r->last_try_s = read_time(s);
    else if (json_key_is(key, "LastSuccess"))
        r->last_success_s = read_time(s);
    else if (json_key_is(key, "Services") && p->version > 1)
        r->services = json_uint(s);
    else if (json_key_is(key, "Tried"))
        r->tried = json_bool(s);
    else if (json_key_is(key, "Buckets"))
        read_own_buckets(p, r);
    else
        json_skip(s);
    return true;
}

/* Returns: 0 or the sticky error. */
static int keep_row(struct parser *p, const struct addrbook_record *r)
{
    struct peers_content *c = p->out;

    if (c->n == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : FIRST_ROWS;
        struct addrbook_record *more;

        if (cap > PEERS_MAX_ROWS)
            return json_fail(&p->s, PN_ECOUNT);
        more = mem_realloc_array(c->records, cap, sizeof *more);
        if (!more)
            return json_fail(&p->s, PN_ENOMEM);
        c->records = more;
        p->index.entries = more;
        p->cap = cap;
    }
    if (addr_index_find(&p->index, &r->addr))
        return json_fail(&p->s, PN_EDUPLICATE);
    c->records[c->n++] = *r;
    addr_index_add(&p->index, (uint32_t)c->n);
    return 0;
}

static void read_row(struct parser *p)
{
    struct addrbook_record r = {.services = p->version == 1 ? PEERS_V1_SERVICES : 0};
    bool usable = true;
    struct bytes key;

    json_object(&p->s);
    while (json_next_key(&p->s, &key))
        usable = read_member(p, &r, key) && usable;
    if (p->s.err)
        return;
    if (!usable)
        p->out->skipped++;
    else if (r.addr.kind == NET_NONE || r.source.kind == NET_NONE)
        json_fail(&p->s, PN_EFORMAT);
    else
        keep_row(p, &r);
}

static void read_rows(struct parser *p)
{
    json_array(&p->s);
    while (json_next(&p->s))
        read_row(p);
}

/* An address in a list of a table. */
static void read_listed(struct parser *p, bool tried, unsigned bucket)
{
    struct addrbook_record *r;
    struct net_addr addr;
    uint32_t id;

    if (!read_addr(p, &addr))
        return;
    id = addr_index_find(&p->index, &addr);
    if (id == 0) {
        json_fail(&p->s, PN_EFORMAT);
        return;
    }
    r = &p->out->records[id - 1];
    if (r->tried || (tried && r->n_refs > 0))
        json_fail(&p->s, PN_EDUPLICATE);
    else if (tried)
        r->tried = true;
    else
        add_bucket(p, r, bucket);
}

static void read_lists(struct parser *p, bool tried)
{
    unsigned bucket = 0;

    if (!p->has_rows) {
        json_fail(&p->s, PN_EFORMAT); /* btcd writes the rows first, and so do we */
        return;
    }
    json_array(&p->s);
    for (; json_next(&p->s); bucket++) {
        if (bucket == ADDRBOOK_NEW_BUCKETS) {
            json_fail(&p->s, PN_ECOUNT);
            return;
        }
        json_array(&p->s);
        while (json_next(&p->s))
            read_listed(p, tried, bucket);
    }
}

static void read_key(struct parser *p)
{
    unsigned n = 0;

    json_array(&p->s);
    while (json_next(&p->s)) {
        uint64_t v = json_uint(&p->s);

        if (n == ADDRBOOK_KEY_BYTES || v > UINT8_MAX) {
            json_fail(&p->s, PN_EFORMAT);
            return;
        }
        p->out->key[n++] = (uint8_t)v;
    }
    if (n != ADDRBOOK_KEY_BYTES)
        json_fail(&p->s, PN_EFORMAT);
}

static void read_version(struct parser *p)
{
    p->version = json_int(&p->s);
    if (!p->s.err && (p->version < 1 || p->version > PEERS_VERSION))
        json_fail(&p->s, PN_EVERSION);
}

static void read_own_member(struct parser *p)
{
    struct bytes key;

    p->out->ours = true;
    json_object(&p->s);
    while (json_next_key(&p->s, &key)) {
        if (json_key_is(key, "Asmap"))
            json_text(&p->s, p->out->asmap, sizeof p->out->asmap);
        else if (json_key_is(key, "Addresses"))
            read_rows(p);
        else
            json_skip(&p->s);
    }
}

/* `covered` bytes stand before the comma in front of this member. After it the object ends, byte
 * for byte as we write it, so that no byte of the file is outside of the sum. */
static void read_checksum(struct parser *p, size_t covered)
{
    static const char end[] = "}\n";
    char said[2 * SHA256_BYTES + 1], is[2 * SHA256_BYTES + 1];
    uint8_t sum[SHA256_BYTES];

    json_text(&p->s, said, sizeof said);
    if (p->s.err)
        return;
    sha256(sum, p->text, covered);
    hex_encode(is, sum, sizeof sum);
    if (strcmp(said, is) != 0 || (size_t)(p->s.end - p->s.pos) != sizeof end - 1 ||
        memcmp(p->s.pos, end, sizeof end - 1) != 0)
        json_fail(&p->s, PN_ECHECKSUM);
    p->has_sum = true;
}

static void read_top_member(struct parser *p, struct bytes key, size_t covered)
{
    if (json_key_is(key, "Version")) {
        read_version(p);
    } else if (json_key_is(key, "Key")) {
        p->has_key = true;
        read_key(p);
    } else if (json_key_is(key, "Addresses")) {
        p->has_rows = true;
        read_rows(p);
    } else if (json_key_is(key, "NewBuckets")) {
        p->has_new = true;
        read_lists(p, false);
    } else if (json_key_is(key, "TriedBuckets")) {
        p->has_tried = true;
        read_lists(p, true);
    } else if (json_key_is(key, "P2pnode")) {
        read_own_member(p);
    } else if (json_key_is(key, "Checksum")) {
        read_checksum(p, covered);
    } else {
        json_skip(&p->s);
    }
}

static bool all_have_a_place(const struct peers_content *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (!c->records[i].tried && c->records[i].n_refs == 0)
            return false;
    return true;
}

static void parse(struct parser *p)
{
    struct bytes key;
    const char *start = p->s.pos, *before;

    json_object(&p->s);
    for (before = p->s.pos; json_next_key(&p->s, &key); before = p->s.pos)
        read_top_member(p, key, (size_t)(before - start));
    if (json_finish(&p->s) < 0)
        return;
    if (p->version == 0 || !p->has_key || !p->has_rows || !p->has_new || !p->has_tried ||
        !all_have_a_place(p->out))
        json_fail(&p->s, PN_EFORMAT);
    else if (p->out->ours && !p->has_sum)
        json_fail(&p->s, PN_ECHECKSUM);
}

int peers_parse(struct peers_content *out, size_t *at, const uint8_t *text, size_t len)
{
    struct parser p = {.s = json_scan_of(text, len), .text = text, .out = out};

    *out = (struct peers_content){0};
    *at = 0;
    if (addr_index_init(&p.index, record_addr, NULL) < 0)
        return PN_ENOMEM;
    parse(&p);
    *at = p.s.err_at;
    addr_index_free(&p.index);
    return p.s.err;
}

void peers_content_free(struct peers_content *c)
{
    MEM_FREE(c->records);
}
