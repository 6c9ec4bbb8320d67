/* What stands in files and in texts of operators: addresses, subnets, JSON, peers.json, maps of
 * systems. */
#include "addrbook/addrbook.h"
#include "addrbook/book.h"
#include "addrbook/peers_format.h"
#include "base/err.h"
#include "base/mem.h"
#include "codec/json_scan.h"
#include "fuzz.h"
#include "net/asmap.h"
#include "net/group.h"
#include "net/subnet.h"
#include "net/target.h"

enum { TEXT_MAX = 512 };

static void check_addr(const char *text)
{
    char shown[NET_ADDR_TEXT_BYTES];
    struct net_addr a, again;
    struct net_group group;

    if (net_addr_parse(&a, text, 8333) < 0)
        return;
    FUZZ_REQUIRE(net_addr_len(a.kind) > 0);
    net_addr_format(shown, &a);
    FUZZ_REQUIRE(net_addr_parse(&again, shown, 1) == 0 && net_addr_equal(&a, &again));
    group = net_group_of(NULL, &a);
    FUZZ_REQUIRE(group.len >= 1 && group.len <= sizeof group.bytes);
}

static void check_target(const char *text)
{
    char shown[NET_TARGET_TEXT_BYTES];
    struct net_target t, again;

    if (net_target_parse(&t, text, 8333) < 0)
        return;
    net_target_format(shown, &t);
    FUZZ_REQUIRE(net_target_parse(&again, shown, 1) == 0);
    FUZZ_REQUIRE(again.kind == t.kind && again.port == t.port && strcmp(again.host, t.host) == 0);
}

static void check_subnet(const char *text)
{
    struct subnet net;

    if (subnet_parse(&net, text) == 0)
        FUZZ_REQUIRE(subnet_contains(&net, &net.base));
}

/* What is an address is a target, too, and the same one. */
void fuzz_net_addr(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    char text[TEXT_MAX];

    (void)t;
    len = len < sizeof text ? len : sizeof text - 1;
    memcpy(text, data, len);
    text[len] = '\0';
    check_addr(text);
    check_target(text);
    check_subnet(text);
}

/* Take the members or elements one by one, as deep as the scanner itself would pass over. */
static void walk(struct json_scan *s, unsigned depth)
{
    struct bytes key;
    char text[64];

    char first = s->pos < s->end ? *s->pos : '\0';

    if (depth == 0 && (first == '{' || first == '[')) {
        json_fail(s, PN_EFORMAT);
        return;
    }
    switch (first) {
    case '{':
        json_object(s);
        while (json_next_key(s, &key)) {
            FUZZ_REQUIRE((const char *)key.data + key.len <= s->end);
            walk(s, depth - 1);
        }
        break;
    case '[':
        json_array(s);
        while (json_next(s))
            walk(s, depth - 1);
        break;
    case '"':
        json_text(s, text, sizeof text);
        break;
    case 't':
    case 'f':
        json_bool(s);
        break;
    case 'n':
        if (!json_null(s))
            json_skip(s);
        break;
    default:
        json_int(s);
        break;
    }
}

/* Whatever can be read value by value can also be passed over; nothing is read behind the end. */
void fuzz_json_scan(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    struct json_scan whole = json_scan_of(data, len), by_value = whole;
    int skipped, read;

    (void)t;
    json_skip(&whole);
    skipped = json_finish(&whole);
    walk(&by_value, JSON_MAX_DEPTH);
    read = json_finish(&by_value);
    FUZZ_REQUIRE(read != 0 || skipped == 0);
    FUZZ_REQUIRE(whole.pos <= whole.end && by_value.pos <= by_value.end);
    FUZZ_REQUIRE(whole.err == 0 || whole.err_at <= len);
}

/* A file is refused, or its addresses enter a book that is in order. */
void fuzz_peers_json(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    struct peers_content content;
    size_t at;
    int rc = peers_parse(&content, &at, data, len);

    (void)t;
    FUZZ_REQUIRE(at <= len);
    FUZZ_REQUIRE(rc == 0 || rc == PN_EFORMAT || rc == PN_ETRUNCATED || rc == PN_ECHECKSUM ||
                 rc == PN_EVERSION || rc == PN_ECOUNT);
    if (rc == 0 && content.n > 0) {
        struct addrbook *book = addrbook_new(NULL);

        FUZZ_REQUIRE(book);
        FUZZ_REQUIRE(book_restore(book, content.key, content.records, content.n, content.ours) <=
                     content.n);
        FUZZ_REQUIRE(addrbook_size(book) <= content.n);
        addrbook_free(book);
    }
    peers_content_free(&content);
}

/* A map that passed its check answers for every address, and always the same. */
void fuzz_asmap(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    struct asmap *map;
    uint8_t ip[16];

    (void)t;
    if (asmap_from_bytes(&map, data, len) < 0)
        return;
    for (unsigned i = 0; i < 256; i++) {
        uint32_t system;

        for (size_t k = 0; k < sizeof ip; k++)
            ip[k] = (uint8_t)(i * 167 + k * (i | 1));
        if (len >= sizeof ip && i < 16)
            memcpy(ip, data + i % (len - sizeof ip + 1), sizeof ip);
        system = asmap_lookup(map, ip);
        FUZZ_REQUIRE(system == asmap_lookup(map, ip));
    }
    asmap_free(map);
}
