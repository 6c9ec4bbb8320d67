/* Writing peers.json. The book is copied in slices, so the copy may contradict itself where
 * addresses came and went meanwhile; what is written must not, for btcd throws such a file away. So
 * first the copy is straightened: one record an address, one address a place. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "addrbook/book.h"
#include "addrbook/peers_file.h"
#include "addrbook/peers_format.h"
#include "base/err.h"
#include "base/mem.h"
#include "codec/hex.h"
#include "crypto/sha256_stream.h"
#include "store/atomic_file.h"

enum { LINE_BYTES = 512 };

struct image {
    struct addrbook_record *records; /* those without slots are not written */
    size_t n;
    uint32_t *slots[2]; /* by table: record number + 1; 0: empty */
};

struct writer {
    struct atomic_file file;
    struct sha256_stream hash;
    const struct image *image;
};

static const struct net_addr *record_addr(const void *records, uint32_t id)
{
    return &((const struct addrbook_record *)records)[id - 1].addr;
}

/* Of two records of one address the later one is true. */
static int drop_duplicates(struct image *im)
{
    struct addr_index index;

    if (addr_index_init(&index, record_addr, im->records) < 0)
        return PN_ENOMEM;
    for (size_t i = 0; i < im->n; i++) {
        uint32_t earlier = addr_index_find(&index, &im->records[i].addr);

        if (earlier) {
            addr_index_remove(&index, earlier);
            im->records[earlier - 1].n_refs = 0;
        }
        addr_index_add(&index, (uint32_t)i + 1);
    }
    addr_index_free(&index);
    return 0;
}

/* Enter a record's slots; it loses those that another has already. */
static void claim_slots(struct image *im, size_t at)
{
    struct addrbook_record *r = &im->records[at];
    uint32_t *slots = im->slots[r->tried ? ADDRBOOK_TRIED : ADDRBOOK_NEW];

    for (unsigned i = 0; i < r->n_refs;) {
        if (slots[r->slots[i]] == 0)
            slots[r->slots[i++]] = (uint32_t)at + 1;
        else
            r->slots[i] = r->slots[--r->n_refs];
    }
}

static void image_free(struct image *im)
{
    mem_free(im->records);
    mem_free(im->slots[ADDRBOOK_NEW]);
    mem_free(im->slots[ADDRBOOK_TRIED]);
}

static int image_take(struct image *im, struct addrbook *b)
{
    int rc;

    *im = (struct image){0};
    im->slots[ADDRBOOK_NEW] =
        mem_zalloc_array(ADDRBOOK_NEW_BUCKETS * ADDRBOOK_BUCKET_SIZE, sizeof(uint32_t));
    im->slots[ADDRBOOK_TRIED] =
        mem_zalloc_array(ADDRBOOK_TRIED_BUCKETS * ADDRBOOK_BUCKET_SIZE, sizeof(uint32_t));
    rc = im->slots[0] && im->slots[1] ? addrbook_snapshot(b, &im->records, &im->n) : PN_ENOMEM;
    if (rc == 0)
        rc = drop_duplicates(im);
    if (rc < 0) {
        image_free(im);
        return rc;
    }
    for (size_t i = 0; i < im->n; i++)
        claim_slots(im, i);
    return 0;
}

/* Errors stick in the file. */
static void put(struct writer *w, const char *text, size_t len)
{
    sha256_stream_add(&w->hash, text, len);
    atomic_file_write(&w->file, text, len);
}

__attribute__((format(printf, 2, 3))) static void putf(struct writer *w, const char *fmt, ...)
{
    char line[LINE_BYTES];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    put(w, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

static int64_t go_time(int64_t time_s)
{
    return time_s > 0 ? time_s : PEERS_GO_ZERO_TIME_S;
}

/* Whether btcd would take the host of the address or of its source for a name to be resolved. */
static bool is_ours_alone(const struct addrbook_record *r)
{
    return r->addr.kind == NET_I2P || r->source.kind == NET_I2P;
}

/* The members of a row, without its braces. */
static void put_row(struct writer *w, const struct addrbook_record *r)
{
    char addr[NET_ADDR_TEXT_BYTES], source[NET_ADDR_TEXT_BYTES];

    putf(w,
         "\"Addr\":\"%s\",\"Src\":\"%s\",\"Attempts\":%u,\"TimeStamp\":%lld,"
         "\"LastAttempt\":%lld,\"LastSuccess\":%lld,\"Services\":%llu,\"SrcServices\":0",
         net_addr_format(addr, &r->addr), net_addr_format(source, &r->source), r->attempts,
         (long long)r->last_seen_s, (long long)go_time(r->last_try_s),
         (long long)go_time(r->last_success_s), (unsigned long long)r->services);
}

static void put_rows(struct writer *w)
{
    const char *comma = "";

    putf(w, ",\"Addresses\":[");
    for (size_t i = 0; i < w->image->n; i++) {
        const struct addrbook_record *r = &w->image->records[i];

        if (r->n_refs == 0 || is_ours_alone(r))
            continue;
        putf(w, "%s\n{", comma);
        put_row(w, r);
        putf(w, "}");
        comma = ",";
    }
    putf(w, "]");
}

/* The addresses in `n` slots from `first` on, as a list. */
static void put_list(struct writer *w, enum addrbook_table table, unsigned first, unsigned n)
{
    const char *comma = "";

    putf(w, "[");
    for (unsigned slot = first; slot < first + n; slot++) {
        uint32_t id = w->image->slots[table][slot];
        char addr[NET_ADDR_TEXT_BYTES];

        if (id == 0 || is_ours_alone(&w->image->records[id - 1]))
            continue;
        putf(w, "%s\"%s\"", comma, net_addr_format(addr, &w->image->records[id - 1].addr));
        comma = ",";
    }
    putf(w, "]");
}

static void put_lists(struct writer *w, const char *name, enum addrbook_table table,
                      unsigned n_lists, unsigned slots_a_list)
{
    putf(w, ",\n\"%s\":[", name);
    for (unsigned i = 0; i < n_lists; i++) {
        putf(w, i > 0 ? ",\n" : "\n");
        put_list(w, table, i * slots_a_list, slots_a_list);
    }
    putf(w, "]");
}

/* A row with what its place in no list would say. */
static void put_own_row(struct writer *w, const struct addrbook_record *r, const char *comma)
{
    putf(w, "%s\n{", comma);
    put_row(w, r);
    putf(w, ",\"Tried\":%s,\"Buckets\":[", r->tried ? "true" : "false");
    for (unsigned i = 0; i < r->n_refs; i++)
        putf(w, "%s%u", i > 0 ? "," : "", r->slots[i] / ADDRBOOK_BUCKET_SIZE);
    putf(w, "]}");
}

const char *peers_asmap_text(char out[PEERS_ID_TEXT_BYTES], const struct net_policy *policy)
{
    out[0] = '\0';
    if (policy && policy->asmap)
        hex_encode(out, asmap_id(policy->asmap), ASMAP_ID_BYTES);
    return out;
}

static void put_own_member(struct writer *w, const struct net_policy *policy)
{
    char asmap[PEERS_ID_TEXT_BYTES];
    const char *comma = "";

    putf(w, ",\n\"P2pnode\":{\"Asmap\":\"%s\",\"Addresses\":[", peers_asmap_text(asmap, policy));
    for (size_t i = 0; i < w->image->n; i++) {
        const struct addrbook_record *r = &w->image->records[i];

        if (r->n_refs == 0 || !is_ours_alone(r))
            continue;
        put_own_row(w, r, comma);
        comma = ",";
    }
    putf(w, "]}");
}

static void put_key(struct writer *w, struct addrbook *b)
{
    uint8_t key[ADDRBOOK_KEY_BYTES];

    book_secret(b, key);
    putf(w, "\"Key\":[");
    for (unsigned i = 0; i < sizeof key; i++)
        putf(w, "%s%u", i > 0 ? "," : "", key[i]);
    putf(w, "]");
}

static void put_checksum(struct writer *w)
{
    uint8_t sum[SHA256_BYTES];
    char text[2 * SHA256_BYTES + 1];

    sha256_stream_final(sum, &w->hash);
    hex_encode(text, sum, sizeof sum);
    atomic_file_printf(&w->file, ",\"Checksum\":\"%s\"}\n", text);
}

static int write_image(struct addrbook *b, const struct image *im, const char *path)
{
    struct writer w = {.image = im};
    int rc = atomic_file_open(&w.file, path);

    if (rc < 0)
        return rc;
    sha256_stream_init(&w.hash);
    putf(&w, "{\"Version\":%d,", PEERS_VERSION);
    put_key(&w, b);
    put_rows(&w);
    put_lists(&w, "NewBuckets", ADDRBOOK_NEW, ADDRBOOK_NEW_BUCKETS, ADDRBOOK_BUCKET_SIZE);
    put_lists(&w, "TriedBuckets", ADDRBOOK_TRIED, PEERS_TRIED_LISTS,
              PEERS_BUCKETS_A_LIST * ADDRBOOK_BUCKET_SIZE);
    put_own_member(&w, addrbook_policy(b));
    put_checksum(&w);
    return atomic_file_commit(&w.file);
}

int peers_file_save(struct addrbook *b, const char *path)
{
    struct image im;
    int rc = image_take(&im, b);

    if (rc < 0)
        return rc;
    rc = write_image(b, &im, path);
    image_free(&im);
    return rc;
}
