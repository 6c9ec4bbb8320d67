/* The state is a trie of accounts under the hashes of their addresses; an account has a trie of its
 * own for its storage. Nothing of it is kept: for each account the encoded leaf goes to an arena,
 * and in the end the root is computed from all leaves. */
#include "ethereum/params/alloc.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "codec/rlp.h"
#include "crypto/keccak.h"
#include "ethereum/params/json_value.h"
#include "ethereum/params/number.h"
#include "ethereum/trie/trie.h"

enum {
    ARENA_MAX_BYTES = 256 << 20,
    ACCOUNT_MAX_BYTES = 128, /* the encoding of one: four fields of at most 33 bytes */
    CODE_MAX_BYTES = 4 << 20,
};

struct account {
    uint8_t balance[32], storage_root[ETH_HASH_BYTES], code_hash[ETH_HASH_BYTES];
    uint64_t nonce;
};

static unsigned count_members(struct json_scan ahead)
{
    struct bytes key;
    unsigned n = 0;

    json_object(&ahead);
    while (json_next_key(&ahead, &key)) {
        json_skip(&ahead);
        n++;
    }
    return n;
}

/* A leaf: the key's hash and a copy of the value, both in the arena. */
static int make_leaf(struct trie_pair *out, struct arena *a, const uint8_t *key, size_t key_len,
                     const struct buf *value)
{
    uint8_t *copy = arena_alloc(a, 1, KECCAK256_BYTES + value->len);

    if (value->err || !copy)
        return value->err ? value->err : PN_ENOMEM;
    keccak256(copy, key, key_len);
    memcpy(copy + KECCAK256_BYTES, value->data, value->len);
    *out = (struct trie_pair){.key = {copy, KECCAK256_BYTES},
                              .value = {copy + KECCAK256_BYTES, value->len}};
    return 0;
}

static void read_slot(struct json_scan *s, struct bytes name, struct trie_pair *pairs, size_t *n,
                      struct arena *a)
{
    static const uint8_t zero[32];
    uint8_t key[32], value[32];
    struct buf b;
    int rc = number_parse_fixed(key, sizeof key, name);

    if (rc == 0)
        rc = number_parse_fixed(value, sizeof value, json_take_value(s));
    if (rc == 0 && memcmp(value, zero, sizeof zero) != 0) { /* a zero is not in the trie */
        buf_init(&b, 64);
        rlp_write_uint(&b, value, sizeof value);
        rc = make_leaf(&pairs[*n], a, key, sizeof key, &b);
        *n += rc == 0;
        buf_free(&b);
    }
    if (rc < 0)
        json_fail(s, rc);
}

static void read_storage(uint8_t root[ETH_HASH_BYTES], struct json_scan *s)
{
    struct trie_pair *pairs = mem_alloc_array(count_members(*s), sizeof *pairs);
    struct arena a;
    struct bytes key;
    size_t n = 0;
    int rc;

    arena_init(&a, ARENA_MAX_BYTES);
    if (!pairs)
        json_fail(s, PN_ENOMEM);
    json_object(s);
    while (json_next_key(s, &key))
        read_slot(s, key, pairs, &n, &a);
    rc = s->err ? s->err : trie_root(root, pairs, n);
    if (rc < 0)
        json_fail(s, rc);
    arena_free(&a);
    mem_free(pairs);
}

static void read_code(uint8_t hash[ETH_HASH_BYTES], struct json_scan *s)
{
    struct bytes text = json_take_value(s);
    uint8_t *code;
    int len;

    if (text.len / 2 > CODE_MAX_BYTES) {
        json_fail(s, PN_ETOOLARGE);
        return;
    }
    code = mem_alloc(text.len / 2 + 1);
    if (!code) {
        json_fail(s, PN_ENOMEM);
        return;
    }
    len = number_parse_bytes(code, text);
    if (len < 0)
        json_fail(s, len);
    else
        keccak256(hash, code, (size_t)len);
    mem_free(code);
}

static void read_account(struct account *out, struct json_scan *s)
{
    struct bytes key;
    int rc = 0;

    *out = (struct account){0};
    memcpy(out->storage_root, trie_empty_root, sizeof out->storage_root);
    keccak256(out->code_hash, "", 0);
    json_object(s);
    while (json_next_key(s, &key)) {
        if (json_key_is(key, "balance"))
            rc = number_parse_256(out->balance, json_take_value(s));
        else if (json_key_is(key, "nonce"))
            rc = number_parse_64(&out->nonce, json_take_value(s));
        else if (json_key_is(key, "code"))
            read_code(out->code_hash, s);
        else if (json_key_is(key, "storage"))
            read_storage(out->storage_root, s);
        else
            json_skip(s);
        if (rc < 0)
            json_fail(s, rc);
    }
}

static void encode_account(struct buf *b, const struct account *a)
{
    size_t mark = rlp_list_begin(b);

    rlp_write_u64(b, a->nonce);
    rlp_write_uint(b, a->balance, sizeof a->balance);
    rlp_write_bytes(b, a->storage_root, sizeof a->storage_root);
    rlp_write_bytes(b, a->code_hash, sizeof a->code_hash);
    rlp_list_end(b, mark);
}

static void add_account(struct json_scan *s, struct bytes name, struct trie_pair *out,
                        struct arena *a)
{
    uint8_t address[ETH_ADDRESS_BYTES];
    struct account account;
    struct buf b;
    int rc = number_parse_fixed(address, sizeof address, name);

    if (rc == 0)
        read_account(&account, s);
    if (rc == 0 && !s->err) {
        buf_init(&b, ACCOUNT_MAX_BYTES);
        encode_account(&b, &account);
        rc = make_leaf(out, a, address, sizeof address, &b);
        buf_free(&b);
    }
    if (rc < 0)
        json_fail(s, rc);
}

void alloc_read_root(uint8_t root[ETH_HASH_BYTES], struct json_scan *s)
{
    struct trie_pair *pairs = mem_alloc_array(count_members(*s), sizeof *pairs);
    struct arena a;
    struct bytes name;
    size_t n = 0;
    int rc;

    memcpy(root, trie_empty_root, ETH_HASH_BYTES);
    arena_init(&a, ARENA_MAX_BYTES);
    if (!pairs)
        json_fail(s, PN_ENOMEM);
    json_object(s);
    while (json_next_key(s, &name)) {
        add_account(s, name, &pairs[n], &a);
        n += !s->err;
    }
    rc = s->err ? s->err : trie_root(root, pairs, n);
    if (rc < 0)
        json_fail(s, rc);
    arena_free(&a);
    mem_free(pairs);
}
