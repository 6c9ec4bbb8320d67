/* Trie roots: ethereum/tests' TrieTests, and small ones worked out there by hand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "codec/hex.h"
#include "codec/json_scan.h"
#include "crypto/keccak.h"
#include "ethereum/trie/trie.h"
#include "harness.h"

#define MAX_PAIRS 256

struct text {
    uint8_t data[512];
    size_t len;
};

struct model {
    struct text keys[MAX_PAIRS], values[MAX_PAIRS];
    size_t n;
};

/* A string of the vectors: hexadecimal behind 0x, else as it stands; "null" deletes. */
static struct text text_of(struct json_scan *s)
{
    static char raw[2 * sizeof((struct text *)0)->data];
    struct text t = {.len = 0};

    if (json_null(s))
        return t;
    json_text(s, raw, sizeof raw);
    if (strncmp(raw, "0x", 2) == 0) {
        t.len = strlen(raw + 2) / 2;
        ck_assert_int_eq(hex_decode(t.data, t.len, raw + 2), 0);
    } else {
        t.len = strlen(raw);
        memcpy(t.data, raw, t.len);
    }
    return t;
}

static struct text key_text(const char *raw, size_t len)
{
    struct text t = {.len = len};
    char copy[256];

    ck_assert_uint_lt(len, sizeof copy);
    memcpy(copy, raw, len);
    copy[len] = '\0';
    memcpy(t.data, raw, len);
    if (strncmp(copy, "0x", 2) == 0) {
        t.len = strlen(copy + 2) / 2;
        ck_assert_int_eq(hex_decode(t.data, t.len, copy + 2), 0);
    }
    return t;
}

static void put(struct model *m, const struct text *key, const struct text *value)
{
    size_t i = 0;

    while (i < m->n &&
           (m->keys[i].len != key->len || memcmp(m->keys[i].data, key->data, key->len) != 0))
        i++;
    if (i == m->n && value->len == 0)
        return;
    ck_assert_uint_lt(i, MAX_PAIRS);
    m->keys[i] = *key;
    m->values[i] = *value;
    if (i == m->n)
        m->n++;
    if (value->len == 0) {
        m->n--;
        m->keys[i] = m->keys[m->n];
        m->values[i] = m->values[m->n];
    }
}

static void read_pairs(struct model *m, struct json_scan *s)
{
    struct json_scan ahead = *s;
    struct bytes name;

    json_object(&ahead);
    if (!ahead.err) {
        json_object(s);
        while (json_next_key(s, &name)) {
            struct text key = key_text((const char *)name.data, name.len);
            struct text value = text_of(s);

            put(m, &key, &value);
        }
        return;
    }
    json_array(s);
    while (json_next(s)) {
        struct text key, value;

        json_array(s);
        ck_assert(json_next(s));
        key = text_of(s);
        ck_assert(json_next(s));
        value = text_of(s);
        ck_assert(!json_next(s));
        put(m, &key, &value);
    }
}

static void check_case(struct json_scan *s, const char *file, struct bytes name, bool secure)
{
    static struct model m;
    static struct trie_pair pairs[MAX_PAIRS];
    static uint8_t hashes[MAX_PAIRS][KECCAK256_BYTES];
    uint8_t want[32] = {0}, got[32];
    struct bytes key;

    m.n = 0;
    json_object(s);
    while (json_next_key(s, &key)) {
        if (json_key_is(key, "in")) {
            read_pairs(&m, s);
        } else if (json_key_is(key, "root")) {
            struct text root = text_of(s);

            ck_assert_uint_eq(root.len, sizeof want);
            memcpy(want, root.data, sizeof want);
        } else {
            json_skip(s);
        }
    }
    for (size_t i = 0; i < m.n; i++) {
        keccak256(hashes[i], m.keys[i].data, m.keys[i].len);
        pairs[i].key = secure ? (struct bytes){hashes[i], KECCAK256_BYTES}
                              : (struct bytes){m.keys[i].data, m.keys[i].len};
        pairs[i].value = (struct bytes){m.values[i].data, m.values[i].len};
    }
    ck_assert_int_eq(trie_root(got, pairs, m.n), 0);
    ck_assert_msg(memcmp(got, want, sizeof got) == 0, "%s: %.*s: another root", file, (int)name.len,
                  (const char *)name.data);
}

static unsigned check_file(const char *file, bool secure)
{
    size_t len;
    uint8_t *text = harness_data(&len, file);
    struct json_scan s;
    struct bytes name;
    unsigned n = 0;

    if (!text)
        return 0;
    s = json_scan_of(text, len);
    json_object(&s);
    while (json_next_key(&s, &name)) {
        check_case(&s, file, name, secure);
        n++;
    }
    ck_assert_int_eq(json_finish(&s), 0);
    ck_assert_uint_gt(n, 0);
    free(text);
    return n;
}

#define FOLDER "ethereum/vectors/rlp-trie/TrieTests/"

START_TEST(roots_are_those_of_the_published_vectors)
{
    check_file(FOLDER "trietest.json", false);
    check_file(FOLDER "trieanyorder.json", false);
    check_file(FOLDER "trietest_secureTrie.json", true);
    check_file(FOLDER "trieanyorder_secureTrie.json", true);
    check_file(FOLDER "hex_encoded_securetrie_test.json", true);
}
END_TEST

static struct bytes lit(const char *s)
{
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static void assert_root(const uint8_t got[32], const char *want)
{
    char hex[65];

    hex_encode(hex, got, 32);
    ck_assert_str_eq(hex, want);
}

/* ethereum/tests trieanyorder.json: "dogs" and "singleItem" */
START_TEST(small_tries_have_their_known_roots)
{
    struct trie_pair dogs[] = {{lit("dogglesworth"), lit("cat")},
                               {lit("doe"), lit("reindeer")},
                               {lit("dog"), lit("puppy")}};
    struct trie_pair one[] = {
        {lit("A"), lit("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")}};
    uint8_t root[32];

    ck_assert_int_eq(trie_root(root, dogs, 3), 0);
    assert_root(root, "8aad789dff2f538bca5d8ea56e8abe10f4c7ba3a5dea95fea4cd6e7c3a1168d3");
    ck_assert_int_eq(trie_root(root, one, 1), 0);
    assert_root(root, "d23786fb4a010da3ce639d66d5e904a11dbc02746d1ce25029e53290cabf28ab");
    ck_assert_int_eq(trie_root(root, NULL, 0), 0);
    ck_assert_mem_eq(root, trie_empty_root, 32);
}
END_TEST

START_TEST(a_key_that_occurs_twice_or_a_value_that_is_empty_is_refused)
{
    struct trie_pair twice[] = {{lit("a"), lit("1")}, {lit("b"), lit("2")}, {lit("a"), lit("3")}};
    struct trie_pair empty[] = {{lit("a"), lit("")}};
    uint8_t root[32];

    ck_assert_int_eq(trie_root(root, twice, 3), PN_EDUPLICATE);
    ck_assert_int_eq(trie_root(root, empty, 1), PN_EINVAL);
}
END_TEST

/* The order of the places as bytes is computed, not sorted: both ways must agree. */
START_TEST(a_list_has_the_root_of_its_places_as_keys)
{
    enum { MANY = 300 };
    static uint8_t keys[MANY][3];
    static char values[MANY][8];
    static struct trie_pair pairs[MANY];
    static struct bytes list[MANY];

    for (size_t n = 0; n <= MANY; n += n < 3 || (n > 125 && n < 131) || n > 253 ? 1 : 61) {
        uint8_t by_list[32], by_pairs[32];

        for (size_t i = 0; i < n; i++) {
            size_t len = i < 0x80 ? 1 : i < 0x100 ? 2 : 3;

            keys[i][0] = i == 0 ? 0x80 : i < 0x80 ? (uint8_t)i : (uint8_t)(0x7f + len);
            if (len == 2)
                keys[i][1] = (uint8_t)i;
            if (len == 3) {
                keys[i][1] = (uint8_t)(i >> 8);
                keys[i][2] = (uint8_t)i;
            }
            snprintf(values[i], sizeof values[i], "v%zu", i);
            list[i] = lit(values[i]);
            pairs[i] = (struct trie_pair){{keys[i], len}, list[i]};
        }
        ck_assert_int_eq(trie_list_root(by_list, list, n), 0);
        ck_assert_int_eq(trie_root(by_pairs, pairs, n), 0);
        ck_assert_msg(memcmp(by_list, by_pairs, 32) == 0, "%zu values", n);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trie");
    TCase *tc = tcase_create("roots");

    tcase_add_test(tc, roots_are_those_of_the_published_vectors);
    tcase_add_test(tc, small_tries_have_their_known_roots);
    tcase_add_test(tc, a_key_that_occurs_twice_or_a_value_that_is_empty_is_refused);
    tcase_add_test(tc, a_list_has_the_root_of_its_places_as_keys);
    suite_add_tcase(suite, tc);
    return harness_run(suite);
}
