/* geth's genesis files (go-ethereum core/genesis.go). The keys may come in any order, and which
 * fields the header has depends on the forks, so the file is read whole before the header is
 * completed. Forks are gathered as go-ethereum gathers them: by the ends of their names. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "codec/json_scan.h"
#include "ethereum/params/alloc.h"
#include "ethereum/params/json_value.h"
#include "ethereum/params/number.h"
#include "ethereum/params/params.h"
#include "ethereum/trie/trie.h"

enum { GENESIS_GAS_LIMIT = 4712388, GENESIS_DIFFICULTY = 131072 };

#define INITIAL_BASE_FEE UINT64_C(1000000000) /* EIP-1559 */

/* What the blob schedule says of a fork, until its time is known. */
struct schedule {
    const char *fork, *time_key;
    struct eth_blob_rule rule;
    bool given;
};

#define SCHEDULE_FORKS 8

struct draft {
    struct eth_params *p;
    struct json_scan *s;
    struct schedule schedule[SCHEDULE_FORKS];
    bool has_difficulty, has_config, has_ethash;
};

static void fail_on(struct draft *d, int rc)
{
    if (rc < 0)
        json_fail(d->s, rc);
}

static void take_u64(struct draft *d, uint64_t *out)
{
    fail_on(d, number_parse_64(out, json_take_value(d->s)));
}

static void take_u128(struct draft *d, eth_u128 *out)
{
    struct bytes text = json_take_value(d->s);

    fail_on(d, eth_u128_parse(out, (const char *)text.data, text.len));
}

static bool ends_with(struct bytes key, const char *tail)
{
    size_t len = strlen(tail);

    return key.len >= len && memcmp(key.data + key.len - len, tail, len) == 0;
}

static void add_fork(struct draft *d, uint64_t *list, unsigned *n, uint64_t at)
{
    if (*n == ETH_FORKS_MAX)
        fail_on(d, PN_ECOUNT);
    else
        list[(*n)++] = at;
}

/* Rules of headers that begin with a fork. */
static uint64_t *rule_of(struct eth_params *p, struct bytes key)
{
    const struct {
        const char *key;
        uint64_t *rule;
    } rows[] = {
        {"homesteadBlock", &p->homestead},
        {"eip155Block", &p->eip155},
        {"byzantiumBlock", &p->byzantium},
        {"constantinopleBlock", &p->constantinople},
        {"muirGlacierBlock", &p->muir_glacier},
        {"berlinBlock", &p->berlin},
        {"londonBlock", &p->london},
        {"arrowGlacierBlock", &p->arrow_glacier},
        {"grayGlacierBlock", &p->gray_glacier},
        {"shanghaiTime", &p->shanghai},
        {"cancunTime", &p->cancun},
        {"pragueTime", &p->prague},
        {"osakaTime", &p->osaka},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (json_key_is(key, rows[i].key))
            return rows[i].rule;
    return NULL;
}

static void note_schedule_time(struct draft *d, struct bytes key, uint64_t time)
{
    for (unsigned i = 0; i < SCHEDULE_FORKS; i++)
        if (json_key_is(key, d->schedule[i].time_key))
            d->schedule[i].rule.time = time;
}

static void read_fork(struct draft *d, struct bytes key)
{
    struct eth_params *p = d->p;
    uint64_t at, *rule = rule_of(p, key);

    if (json_null(d->s))
        return;
    take_u64(d, &at);
    if (rule)
        *rule = at;
    note_schedule_time(d, key, at);
    if (ends_with(key, "Time"))
        add_fork(d, p->fork_times, &p->n_fork_times, at);
    else
        add_fork(d, p->fork_blocks, &p->n_fork_blocks, at);
}

static void read_blob_rule(struct draft *d, struct eth_blob_rule *rule)
{
    struct bytes key;

    json_object(d->s);
    while (json_next_key(d->s, &key)) {
        if (json_key_is(key, "target"))
            take_u64(d, &rule->target);
        else if (json_key_is(key, "max"))
            take_u64(d, &rule->max);
        else if (json_key_is(key, "baseFeeUpdateFraction"))
            take_u64(d, &rule->update_fraction);
        else
            json_skip(d->s);
    }
    /* What divides, and what is multiplied by the gas of a blob, must be sane. */
    if (!d->s->err && (rule->max == 0 || rule->max > UINT32_MAX || rule->target > rule->max ||
                       rule->update_fraction == 0))
        fail_on(d, PN_EINVAL);
}

static void read_schedule(struct draft *d)
{
    struct bytes key;

    json_object(d->s);
    while (json_next_key(d->s, &key)) {
        struct schedule *found = NULL;

        for (unsigned i = 0; i < SCHEDULE_FORKS; i++)
            if (json_key_is(key, d->schedule[i].fork))
                found = &d->schedule[i];
        if (found) {
            read_blob_rule(d, &found->rule);
            found->given = true;
        } else {
            json_skip(d->s);
        }
    }
}

static void read_config(struct draft *d)
{
    struct eth_params *p = d->p;
    struct bytes key;

    d->has_config = true;
    json_object(d->s);
    while (json_next_key(d->s, &key)) {
        if (json_key_is(key, "chainId"))
            take_u64(d, &p->chain_id);
        else if (json_key_is(key, "terminalTotalDifficulty"))
            take_u128(d, &p->merge_difficulty);
        else if (json_key_is(key, "blobSchedule"))
            read_schedule(d);
        else if (ends_with(key, "Block") || ends_with(key, "Time"))
            read_fork(d, key);
        else if (json_key_is(key, "clique")) {
            p->seal = ETH_SEAL_CLIQUE;
            json_skip(d->s);
        } else {
            d->has_ethash |= json_key_is(key, "ethash");
            json_skip(d->s);
        }
    }
}

static void take_extra(struct draft *d)
{
    struct bytes text = json_take_value(d->s);
    int len;

    if (text.len > 2 * ETH_GENESIS_EXTRA_MAX) {
        fail_on(d, PN_ETOOLARGE);
        return;
    }
    len = number_parse_bytes(d->p->genesis_extra, text);
    fail_on(d, len);
    d->p->genesis.extra = (struct bytes){d->p->genesis_extra, len < 0 ? 0 : (size_t)len};
}

static void take_fixed(struct draft *d, uint8_t *out, size_t len)
{
    fail_on(d, number_parse_fixed(out, len, json_take_value(d->s)));
}

static void take_nonce(struct draft *d, struct eth_header *h)
{
    uint64_t nonce;

    take_u64(d, &nonce);
    for (unsigned i = 0; i < ETH_NONCE_BYTES; i++)
        h->nonce[i] = (uint8_t)(nonce >> (8 * (ETH_NONCE_BYTES - 1 - i)));
}

static void read_member(struct draft *d, struct bytes key)
{
    struct eth_header *h = &d->p->genesis;

    if (json_null(d->s)) /* as good as absent: geth writes blob gas so before Cancun */
        return;
    if (json_key_is(key, "config"))
        read_config(d);
    else if (json_key_is(key, "alloc"))
        alloc_read_root(h->state_root, d->s);
    else if (json_key_is(key, "nonce"))
        take_nonce(d, h);
    else if (json_key_is(key, "timestamp"))
        take_u64(d, &h->time);
    else if (json_key_is(key, "extraData"))
        take_extra(d);
    else if (json_key_is(key, "gasLimit"))
        take_u64(d, &h->gas_limit);
    else if (json_key_is(key, "difficulty")) {
        take_u128(d, &h->difficulty);
        d->has_difficulty = true;
    } else if (json_key_is(key, "mixHash") || json_key_is(key, "mixhash"))
        take_fixed(d, h->mix, sizeof h->mix);
    else if (json_key_is(key, "coinbase"))
        take_fixed(d, h->coinbase, sizeof h->coinbase);
    else if (json_key_is(key, "number"))
        take_u64(d, &h->number);
    else if (json_key_is(key, "gasUsed"))
        take_u64(d, &h->gas_used);
    else if (json_key_is(key, "parentHash"))
        take_fixed(d, h->parent, sizeof h->parent);
    else if (json_key_is(key, "baseFeePerGas"))
        take_u64(d, &h->base_fee);
    else if (json_key_is(key, "excessBlobGas"))
        take_u64(d, &h->excess_blob_gas);
    else if (json_key_is(key, "blobGasUsed"))
        take_u64(d, &h->blob_gas_used);
    else
        json_skip(d->s);
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Ascending, each once, without those that the genesis block has passed already. */
static void tidy_forks(uint64_t *list, unsigned *n, uint64_t genesis)
{
    unsigned kept = 0;

    qsort(list, *n, sizeof *list, compare_u64);
    for (unsigned i = 0; i < *n; i++)
        if (list[i] > genesis && (kept == 0 || list[kept - 1] != list[i]))
            list[kept++] = list[i];
    *n = kept;
}

/* Forks of which the schedule says nothing keep the rule before them. */
static void set_blob_rules(struct draft *d)
{
    struct eth_params *p = d->p;

    for (unsigned i = 0; i < SCHEDULE_FORKS; i++) {
        const struct schedule *fork = &d->schedule[i];
        unsigned at = p->n_blobs;

        if (!fork->given || fork->rule.time == ETH_NEVER)
            continue;
        for (; at > 0 && p->blobs[at - 1].time > fork->rule.time; at--)
            p->blobs[at] = p->blobs[at - 1];
        p->blobs[at] = fork->rule;
        p->n_blobs++;
    }
}

static unsigned fields_of(const struct eth_params *p)
{
    if (p->london != 0)
        return ETH_FIELDS_FRONTIER;
    if (p->genesis.time >= p->prague)
        return ETH_FIELDS_PRAGUE;
    if (p->genesis.time >= p->cancun)
        return ETH_FIELDS_CANCUN;
    return p->genesis.time >= p->shanghai ? ETH_FIELDS_SHANGHAI : ETH_FIELDS_LONDON;
}

static void complete(struct draft *d)
{
    static const uint8_t zero[ETH_HASH_BYTES];
    struct eth_params *p = d->p;
    struct eth_header *h = &p->genesis;

    memcpy(h->tx_root, trie_empty_root, ETH_HASH_BYTES);
    memcpy(h->receipts_root, trie_empty_root, ETH_HASH_BYTES);
    memcpy(h->withdrawals_root, trie_empty_root, ETH_HASH_BYTES);
    memcpy(h->requests_hash, eth_empty_requests_hash, ETH_HASH_BYTES);
    h->n_fields = fields_of(p);
    if (h->gas_limit == 0)
        h->gas_limit = GENESIS_GAS_LIMIT;
    if (!d->has_difficulty && memcmp(h->mix, zero, sizeof zero) == 0 &&
        (d->has_ethash || !d->has_config))
        h->difficulty = GENESIS_DIFFICULTY;
    if (h->base_fee == 0)
        h->base_fee = INITIAL_BASE_FEE;
    tidy_forks(p->fork_blocks, &p->n_fork_blocks, 0);
    tidy_forks(p->fork_times, &p->n_fork_times, h->time);
    set_blob_rules(d);
    p->network_id = p->chain_id;
    p->merged = p->merge_difficulty == 0;
}

static const struct schedule forks_with_blobs[SCHEDULE_FORKS] = {
    {"cancun", "cancunTime", {ETH_NEVER, 3, 6, 3338477}, true},
    {"prague", "pragueTime", {ETH_NEVER, 6, 9, 5007716}, true},
    {"osaka", "osakaTime", {ETH_NEVER, 0, 0, 0}, false},
    {"bpo1", "bpo1Time", {ETH_NEVER, 0, 0, 0}, false},
    {"bpo2", "bpo2Time", {ETH_NEVER, 0, 0, 0}, false},
    {"bpo3", "bpo3Time", {ETH_NEVER, 0, 0, 0}, false},
    {"bpo4", "bpo4Time", {ETH_NEVER, 0, 0, 0}, false},
    {"bpo5", "bpo5Time", {ETH_NEVER, 0, 0, 0}, false},
};

int eth_params_from_genesis(struct eth_params *p, size_t *err_at, const char *json, size_t len)
{
    struct json_scan s = json_scan_of(json, len);
    struct draft d = {.p = p, .s = &s};
    struct bytes key;
    int rc;

    eth_params_init(p, "private");
    memcpy(p->genesis.state_root, trie_empty_root, ETH_HASH_BYTES);
    memcpy(d.schedule, forks_with_blobs, sizeof d.schedule);
    json_object(&s);
    while (json_next_key(&s, &key))
        read_member(&d, key);
    rc = json_finish(&s);
    *err_at = s.err_at;
    if (rc < 0)
        return rc;
    complete(&d);
    return eth_header_rehash(&p->genesis);
}
