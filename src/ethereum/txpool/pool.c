#include "ethereum/txpool/pool.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"

struct pool_sender {
    uint8_t address[ETH_ADDRESS_BYTES];
    uint64_t next; /* the lowest nonce that is not spent */
    UT_hash_handle hh;
};

enum { INIT_CODE_MAX = 49152 /* EIP-3860 */ };

static int check(const struct eth_params *p, const struct eth_tx *t)
{
    bool blob = t->type == ETH_TX_BLOB;

    if (t->is_protected && t->chain_id != p->chain_id)
        return PN_ECHAINID;
    if (t->size > (blob ? POOL_BLOB_MAX_BYTES : POOL_TX_MAX_BYTES))
        return PN_ETOOLARGE;
    if (t->creates && (t->data.len > INIT_CODE_MAX || blob || t->type == ETH_TX_CODE))
        return PN_ETOOLARGE;
    if (eth_number_compare(t->tip_cap, t->fee_cap) > 0 ||
        t->gas_limit < eth_tx_intrinsic_gas(t, false))
        return PN_EGAS;
    if (t->nonce == UINT64_MAX)
        return PN_EFORMAT;
    return blob ? eth_tx_check_sidecar(t) : 0;
}

int pool_tx_make(struct pool_tx **out, const struct eth_params *p, struct bytes item)
{
    struct pool_tx *made;
    struct eth_tx t;
    int rc = eth_tx_decode(&t, item);

    *out = NULL;
    if (rc == 0)
        rc = check(p, &t);
    if (rc < 0)
        return rc;
    made = mem_alloc(sizeof *made + item.len);
    if (!made)
        return PN_ENOMEM;
    memset(made, 0, sizeof *made);
    rc = eth_tx_sender(made->sender, &t);
    if (rc < 0) {
        mem_free(made);
        return rc;
    }
    memcpy(made->hash, t.hash, sizeof made->hash);
    made->nonce = t.nonce;
    made->type = t.type;
    made->size = t.size;
    made->len = item.len;
    memcpy(made->item, item.data, item.len);
    *out = made;
    return 0;
}

void pool_tx_free(struct pool_tx *t)
{
    mem_free(t);
}

void pool_init(struct pool *p)
{
    memset(p, 0, sizeof *p);
}

static void drop(struct pool *p, struct pool_tx *t)
{
    HASH_DEL(p->by_hash, t);
    DL_DELETE(p->list, t);
    p->n--;
    p->bytes -= t->len;
    pool_tx_free(t);
}

static void drop_sender(struct pool *p, struct pool_sender *s)
{
    HASH_DEL(p->senders, s);
    p->n_senders--;
    mem_free(s);
}

void pool_free(struct pool *p)
{
    while (p->list)
        drop(p, p->list);
    while (p->senders)
        drop_sender(p, p->senders);
}

static bool is_spent(const struct pool *p, const struct pool_tx *t)
{
    struct pool_sender *s;

    HASH_FIND(hh, p->senders, t->sender, sizeof s->address, s);
    return s && t->nonce < s->next;
}

int pool_add(struct pool *p, struct pool_tx *t)
{
    if (pool_find(p, t->hash))
        return PN_EDUPLICATE;
    if (is_spent(p, t))
        return PN_ESEQUENCE;
    while (p->list && (p->n >= POOL_MAX_TXS || p->bytes + t->len > POOL_MAX_BYTES))
        drop(p, p->list);
    HASH_ADD(hh, p->by_hash, hash, sizeof t->hash, t);
    DL_APPEND(p->list, t);
    p->n++;
    p->bytes += t->len;
    return 0;
}

const struct pool_tx *pool_find(const struct pool *p, const uint8_t hash[ETH_HASH_BYTES])
{
    struct pool_tx *t;

    HASH_FIND(hh, p->by_hash, hash, ETH_HASH_BYTES, t);
    return t;
}

void pool_note_mined(struct pool *p, const uint8_t sender[ETH_ADDRESS_BYTES], uint64_t nonce)
{
    struct pool_sender *s;

    HASH_FIND(hh, p->senders, sender, sizeof s->address, s);
    if (s) {
        HASH_DEL(p->senders, s); /* and to the end again: it has just been shown */
        p->n_senders--;
    } else {
        s = mem_zalloc(sizeof *s);
        if (!s)
            return;
        memcpy(s->address, sender, sizeof s->address);
    }
    while (p->n_senders >= POOL_MAX_SENDERS)
        drop_sender(p, p->senders);
    if (nonce + 1 > s->next)
        s->next = nonce + 1;
    HASH_ADD(hh, p->senders, address, sizeof s->address, s);
    p->n_senders++;
}

void pool_sweep(struct pool *p)
{
    struct pool_tx *t, *next;

    DL_FOREACH_SAFE (p->list, t, next)
        if (is_spent(p, t))
            drop(p, t);
}
