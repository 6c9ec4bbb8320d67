#include "bitcoin/seeds/fixed.h"

#include <string.h>

#include "base/bug.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/seeds/fixed_data.h"
#include "codec/base64url.h"
#include "codec/cursor.h"

enum { SMALLEST_ENTRY_BYTES = 1 + 4 + 2 };

static const struct {
    const char *network, *text;
} lists[] = {
    {"mainnet", fixed_mainnet},
    {"testnet3", fixed_testnet3},
    {"testnet4", fixed_testnet4},
    {"signet", fixed_signet},
};

/* Returns: NULL for a network without a list. */
static const char *list_of(const char *network)
{
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (strcmp(lists[i].network, network) == 0)
            return lists[i].text;
    return NULL;
}

static void read_entry(struct reader *r, struct net_addr *out)
{
    size_t len;

    *out = (struct net_addr){.kind = (enum net_kind)read_u8(r)};
    len = net_addr_len(out->kind);
    if (len == 0)
        reader_fail(r, PN_EFORMAT);
    read_copy(r, out->bytes, len);
    out->port = read_be16(r);
}

static int read_all(struct net_addr **out, size_t *n, const uint8_t *data, size_t len)
{
    struct reader r = reader_of(data, len);

    *out = mem_alloc_array(len / SMALLEST_ENTRY_BYTES, sizeof **out);
    if (!*out)
        return PN_ENOMEM;
    while (reader_left(&r) >= SMALLEST_ENTRY_BYTES)
        read_entry(&r, &(*out)[(*n)++]);
    if (BUG(r.err || reader_left(&r) > 0)) {
        MEM_FREE(*out);
        *n = 0;
    }
    return 0;
}

int fixed_seeds_load(struct net_addr **out, size_t *n, const char *network)
{
    const char *text = list_of(network);
    size_t text_len = text ? strlen(text) : 0, len;
    uint8_t *data;
    int rc;

    *out = NULL;
    *n = 0;
    if (!text)
        return 0;
    data = mem_alloc(text_len);
    if (!data)
        return PN_ENOMEM;
    rc = base64url_decode(data, &len, text_len, text, text_len);
    if (BUG(rc < 0))
        rc = 0; /* our own table is broken: as good as none */
    else
        rc = read_all(out, n, data, len);
    mem_free(data);
    return rc;
}
