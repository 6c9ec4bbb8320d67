#include "addrbook/placement.h"

#include <string.h>

#include "addrbook/index.h"
#include "base/bytes.h"

/* What a hash is for is its first byte, so that no two uses share an input. */
enum purpose {
    WITHIN_SOURCE_GROUP = 'n',
    NEW_BUCKET = 'N',
    WITHIN_GROUP = 't',
    TRIED_BUCKET = 'T',
    NEW_POSITION = 'p',
    TRIED_POSITION = 'P',
};

enum { MAX_INPUT_BYTES = 64 };

/* An input under construction. Its parts have fixed sizes, or come last. */
struct input {
    size_t len;
    uint8_t bytes[MAX_INPUT_BYTES];
};

static struct input input_for(enum purpose purpose)
{
    return (struct input){.len = 1, .bytes = {(uint8_t)purpose}};
}

static void put_group(struct input *in, const struct net_group *g)
{
    memcpy(in->bytes + in->len, g, sizeof *g);
    in->len += sizeof *g;
}

static void put_number(struct input *in, uint16_t v)
{
    store_le16(in->bytes + in->len, v);
    in->len += sizeof v;
}

static void put_addr(struct input *in, const struct net_addr *a)
{
    _Static_assert(1 + sizeof(struct net_group) + 2 + ADDR_KEY_BYTES <= MAX_INPUT_BYTES, "room");
    in->len += addr_key(in->bytes + in->len, a);
}

void placement_init(struct placement *p, const uint8_t secret[ADDRBOOK_KEY_BYTES])
{
    memcpy(p->secret, secret, sizeof p->secret);
    p->within_group = (struct siphash_key){load_le64(secret), load_le64(secret + 8)};
    p->bucket = (struct siphash_key){load_le64(secret + 16), load_le64(secret + 24)};
}

static uint16_t place(const struct placement *p, enum purpose purpose, uint64_t bucket,
                      const struct net_addr *addr)
{
    struct input in = input_for(purpose);

    put_number(&in, (uint16_t)bucket);
    put_addr(&in, addr);
    return (uint16_t)(bucket * ADDRBOOK_BUCKET_SIZE +
                      siphash(&p->bucket, in.bytes, in.len) % ADDRBOOK_BUCKET_SIZE);
}

uint16_t placement_in_new_bucket(const struct placement *p, const struct net_addr *addr,
                                 unsigned bucket)
{
    return place(p, NEW_POSITION, bucket, addr);
}

uint16_t placement_new(const struct placement *p, const struct net_addr *addr,
                       const struct net_group *group, const struct net_group *source_group)
{
    struct input in = input_for(WITHIN_SOURCE_GROUP);
    uint64_t choice;

    put_group(&in, group);
    put_group(&in, source_group);
    choice = siphash(&p->within_group, in.bytes, in.len) % PLACEMENT_NEW_BUCKETS_PER_SOURCE_GROUP;
    in = input_for(NEW_BUCKET);
    put_group(&in, source_group);
    put_number(&in, (uint16_t)choice);
    return place(p, NEW_POSITION, siphash(&p->bucket, in.bytes, in.len) % ADDRBOOK_NEW_BUCKETS,
                 addr);
}

uint16_t placement_tried(const struct placement *p, const struct net_addr *addr,
                         const struct net_group *group)
{
    struct input in = input_for(WITHIN_GROUP);
    uint64_t choice;

    put_addr(&in, addr);
    choice = siphash(&p->within_group, in.bytes, in.len) % PLACEMENT_TRIED_BUCKETS_PER_GROUP;
    in = input_for(TRIED_BUCKET);
    put_group(&in, group);
    put_number(&in, (uint16_t)choice);
    return place(p, TRIED_POSITION, siphash(&p->bucket, in.bytes, in.len) % ADDRBOOK_TRIED_BUCKETS,
                 addr);
}
