/* A node covers a run of the sorted pairs that agree in their first `depth` nibbles: one pair is a
 * leaf, a longer common prefix an extension, the rest a branch. A node is written to the end of one
 * scratch buffer; as soon as it is complete it shrinks to its reference (itself when shorter than a
 * hash, else its hash), which then stands where its parent wants it. So the buffer never holds
 * more than the nodes of one path. */
#include "ethereum/trie/trie.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "codec/rlp.h"
#include "crypto/keccak.h"

enum {
    SCRATCH_MAX_BYTES = 64 << 20,
    BRANCH_ARMS = 16,
    INDEX_KEY_BYTES = 9, /* an RLP integer below 2^64 */
};

const uint8_t trie_empty_root[TRIE_ROOT_BYTES] = {
    0x56, 0xe8, 0x1f, 0x17, 0x1b, 0xcc, 0x55, 0xa6, 0xff, 0x83, 0x45, 0xe6, 0x92, 0xc0, 0xf8, 0x6e,
    0x5b, 0x48, 0xe0, 0x1b, 0x99, 0x6c, 0xad, 0xc0, 0x01, 0x62, 0x2f, 0xb5, 0xe3, 0x63, 0xb4, 0x21,
};

static size_t nibbles(struct bytes key)
{
    return 2 * key.len;
}

static unsigned nibble(struct bytes key, size_t i)
{
    return i % 2 ? key.data[i / 2] & 0x0f : key.data[i / 2] >> 4;
}

/* Hex-prefix encoding of the nibbles from..to, as a string (Yellow Paper, appendix C). */
static void write_path(struct buf *b, struct bytes key, size_t from, size_t to, bool leaf)
{
    uint8_t out[TRIE_KEY_MAX + 1];
    size_t len = 1;

    out[0] = leaf ? 0x20 : 0;
    if ((to - from) % 2)
        out[0] = (uint8_t)(out[0] | 0x10 | nibble(key, from++));
    for (; from < to; from += 2)
        out[len++] = (uint8_t)(nibble(key, from) << 4 | nibble(key, from + 1));
    rlp_write_bytes(b, out, len);
}

static void write_node(struct buf *b, const struct trie_pair *pairs, size_t n, size_t depth);

/* Replace what has been written since mark by its hash, where that is shorter. */
static void shrink(struct buf *b, size_t mark)
{
    uint8_t hash[KECCAK256_BYTES];

    if (b->err || b->len - mark < sizeof hash)
        return;
    keccak256(hash, b->data + mark, b->len - mark);
    b->len = mark;
    rlp_write_bytes(b, hash, sizeof hash);
}

static void write_reference(struct buf *b, const struct trie_pair *pairs, size_t n, size_t depth)
{
    size_t mark = b->len;

    write_node(b, pairs, n, depth);
    shrink(b, mark);
}

/* How far all the pairs agree: as far as the first and the last of a sorted run do. */
static size_t common_prefix(const struct trie_pair *pairs, size_t n, size_t depth)
{
    struct bytes first = pairs[0].key, last = pairs[n - 1].key;

    while (depth < nibbles(first) && depth < nibbles(last) &&
           nibble(first, depth) == nibble(last, depth))
        depth++;
    return depth;
}

static void write_branch(struct buf *b, const struct trie_pair *pairs, size_t n, size_t depth)
{
    struct bytes own = {0};
    size_t at = 0;

    if (nibbles(pairs[0].key) == depth)
        own = pairs[at++].value;
    for (unsigned arm = 0; arm < BRANCH_ARMS; arm++) {
        size_t from = at;

        while (at < n && nibble(pairs[at].key, depth) == arm)
            at++;
        if (at > from)
            write_reference(b, pairs + from, at - from, depth + 1);
        else
            rlp_write_bytes(b, NULL, 0);
    }
    rlp_write_bytes(b, own.data, own.len);
}

/* The recursion is as deep as the keys are long: at most 2 × TRIE_KEY_MAX branches. */
static void write_node(struct buf *b, const struct trie_pair *pairs, size_t n, size_t depth)
{
    struct bytes key = pairs[0].key;
    size_t mark = rlp_list_begin(b);
    size_t end;

    if (n == 1) {
        write_path(b, key, depth, nibbles(key), true);
        rlp_write_bytes(b, pairs[0].value.data, pairs[0].value.len);
    } else if ((end = common_prefix(pairs, n, depth)) > depth) {
        write_path(b, key, depth, end, false);
        write_reference(b, pairs, n, end);
    } else {
        write_branch(b, pairs, n, depth);
    }
    rlp_list_end(b, mark);
}

static int compare(const void *a, const void *b)
{
    const struct trie_pair *x = a, *y = b;
    size_t shorter = x->key.len < y->key.len ? x->key.len : y->key.len;
    int rc = shorter ? memcmp(x->key.data, y->key.data, shorter) : 0;

    if (rc == 0)
        rc = (x->key.len > y->key.len) - (x->key.len < y->key.len);
    return rc;
}

static int check_sorted(const struct trie_pair *pairs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (pairs[i].value.len == 0 || pairs[i].key.len > TRIE_KEY_MAX)
            return PN_EINVAL;
        if (i > 0 && compare(&pairs[i - 1], &pairs[i]) == 0)
            return PN_EDUPLICATE;
    }
    return 0;
}

static int sorted_root(uint8_t root[TRIE_ROOT_BYTES], const struct trie_pair *pairs, size_t n)
{
    struct buf b;
    int rc = check_sorted(pairs, n);

    memcpy(root, trie_empty_root, TRIE_ROOT_BYTES);
    if (rc < 0 || n == 0)
        return rc;
    buf_init(&b, SCRATCH_MAX_BYTES);
    write_node(&b, pairs, n, 0);
    rc = b.err;
    if (rc == 0)
        keccak256(root, b.data, b.len); /* the root is hashed, however short it is */
    buf_free(&b);
    return rc;
}

int trie_root(uint8_t root[TRIE_ROOT_BYTES], struct trie_pair *pairs, size_t n)
{
    if (n > 1)
        qsort(pairs, n, sizeof *pairs, compare);
    return sorted_root(root, pairs, n);
}

/* The RLP of a place. Returns: its length. */
static size_t index_key(uint8_t out[INDEX_KEY_BYTES], size_t index)
{
    size_t len = 0;

    if (index == 0) {
        out[0] = 0x80;
        return 1;
    }
    if (index < 0x80) {
        out[0] = (uint8_t)index;
        return 1;
    }
    for (size_t rest = index; rest; rest >>= 8)
        len++;
    out[0] = (uint8_t)(0x80 + len);
    for (size_t i = 0; i < len; i++)
        out[len - i] = (uint8_t)(index >> (8 * i));
    return len + 1;
}

/* As bytes the keys stand in the order 1 to 127, 0, 128 and so on. */
static size_t nth_index(size_t i, size_t n)
{
    size_t zero_at = n > 0x80 ? 0x7f : n - 1;

    if (i < zero_at)
        return i + 1;
    return i == zero_at ? 0 : i;
}

int trie_list_root(uint8_t root[TRIE_ROOT_BYTES], const struct bytes *values, size_t n)
{
    struct trie_pair *pairs = mem_alloc_array(n, sizeof *pairs);
    uint8_t(*keys)[INDEX_KEY_BYTES] = mem_alloc_array(n, sizeof *keys);
    int rc = PN_ENOMEM;

    if (pairs && keys) {
        for (size_t i = 0; i < n; i++) {
            size_t index = nth_index(i, n);

            pairs[i].key = (struct bytes){keys[i], index_key(keys[i], index)};
            pairs[i].value = values[index];
        }
        rc = sorted_root(root, pairs, n);
    }
    mem_free(keys);
    mem_free(pairs);
    return rc;
}
