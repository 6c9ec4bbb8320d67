/* A proof works on a copy of the nodes it needs; the lock is held only to copy them out and in. */
#include "electrum/proof/header_proof.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/mutex.h"

enum { LEVELS = 10, SPAN = 1 << LEVELS, MAX_NODES = HEADER_PROOF_MAX_HEADERS / SPAN };

struct node {
    merkle_hash hash;
    merkle_hash last; /* hash of the last header below it */
};

struct header_prover {
    struct header_hashes hashes;
    struct mutex mu;
    struct node *nodes GUARDED_BY(mu);
    uint32_t n GUARDED_BY(mu), cap GUARDED_BY(mu);
};

/* What one proof works with. */
struct work {
    struct node *nodes; /* remembered ones first */
    merkle_hash *level; /* all nodes of the level, the partial last one included */
    merkle_hash *span;  /* SPAN leaves */
    uint32_t full;      /* nodes that have all their headers */
    uint32_t known;     /* of these: remembered */
    uint32_t total;
};

struct header_prover *header_prover_new(const struct header_hashes *hashes)
{
    struct header_prover *p = mem_zalloc(sizeof *p);

    if (!p)
        return NULL;
    p->hashes = *hashes;
    mutex_init(&p->mu);
    return p;
}

void header_prover_free(struct header_prover *p) NO_THREAD_SAFETY
{
    if (!p)
        return;
    mem_free(p->nodes);
    mutex_destroy(&p->mu);
    mem_free(p);
}

static int read_hashes(struct header_prover *p, merkle_hash *out, uint32_t first, uint32_t n)
{
    return p->hashes.read(p->hashes.arg, out, first, n);
}

static void recall(struct header_prover *p, struct work *w)
{
    mutex_lock(&p->mu);
    w->known = p->n < w->full ? p->n : w->full;
    if (w->known)
        memcpy(w->nodes, p->nodes, w->known * sizeof *w->nodes);
    mutex_unlock(&p->mu);
}

/* Put away what was computed; without memory it is computed again. */
static void remember(struct header_prover *p, const struct work *w)
{
    mutex_lock(&p->mu);
    if (w->full > p->cap) {
        uint32_t cap = w->full + 64 < MAX_NODES ? w->full + 64 : MAX_NODES;
        struct node *more = mem_realloc_array(p->nodes, cap, sizeof *more);

        if (more) {
            p->nodes = more;
            p->cap = cap;
        }
    }
    if (w->full <= p->cap && w->full > 0) {
        memcpy(p->nodes, w->nodes, w->full * sizeof *w->nodes);
        /* Nodes beyond stay only if what lies below them did not change. */
        p->n = p->n > w->full && w->known == w->full ? p->n : w->full;
    }
    mutex_unlock(&p->mu);
}

/* Let go of remembered nodes that are no longer on the active chain. */
static int drop_stale(struct header_prover *p, struct work *w)
{
    while (w->known > 0) {
        merkle_hash last;
        int rc = read_hashes(p, &last, w->known * SPAN - 1, 1);

        if (rc < 0)
            return rc;
        if (memcmp(last, w->nodes[w->known - 1].last, sizeof last) == 0)
            return 0;
        w->known--;
    }
    return 0;
}

static int compute_nodes(struct header_prover *p, struct work *w)
{
    for (uint32_t i = w->known; i < w->full; i++) {
        int rc = read_hashes(p, w->span, i * SPAN, SPAN);

        if (rc < 0)
            return rc;
        memcpy(w->nodes[i].last, w->span[SPAN - 1], sizeof w->nodes[i].last);
        merkle_fold(w->nodes[i].hash, NULL, w->span, SPAN, LEVELS, 0);
    }
    return 0;
}

/* Headers below node i, of `count` headers. */
static uint32_t span_of(uint32_t i, uint32_t count)
{
    return count - i * SPAN < SPAN ? count - i * SPAN : SPAN;
}

static int prove(struct header_prover *p, struct work *w, struct header_proof *out, uint32_t height,
                 uint32_t count)
{
    uint32_t mine = height / SPAN, in_span = span_of(mine, count);
    unsigned low = merkle_depth(count) < LEVELS ? merkle_depth(count) : LEVELS;
    int rc = compute_nodes(p, w);

    for (uint32_t i = 0; i < w->full; i++)
        memcpy(w->level[i], w->nodes[i].hash, sizeof w->level[i]);
    if (rc == 0 && w->total > w->full) {
        uint32_t n = span_of(w->full, count);

        rc = read_hashes(p, w->span, w->full * SPAN, n);
        if (rc == 0)
            merkle_fold(w->level[w->full], NULL, w->span, n, low, 0);
    }
    if (rc == 0)
        rc = read_hashes(p, w->span, mine * SPAN, in_span);
    if (rc < 0)
        return rc;
    merkle_fold(out->root, out->branch, w->span, in_span, low, height % SPAN);
    /* Node and branch were read at different times. */
    if (memcmp(out->root, w->level[mine], sizeof out->root) != 0)
        return PN_EAGAIN;
    out->depth = merkle_depth(count);
    merkle_fold(out->root, out->branch + low, w->level, w->total, out->depth - low, mine);
    return 0;
}

int header_prove(struct header_prover *p, struct header_proof *out, uint32_t height,
                 uint32_t cp_height)
{
    uint32_t count = cp_height + 1;
    struct work w = {.full = count / SPAN, .total = (count + SPAN - 1) / SPAN};
    merkle_hash before, after;
    int rc;

    if (cp_height >= HEADER_PROOF_MAX_HEADERS || height > cp_height)
        return PN_ENOENT;
    w.nodes = mem_alloc_array(w.full + 1, sizeof *w.nodes);
    w.level = mem_alloc_array(w.total, sizeof *w.level);
    w.span = mem_alloc_array(SPAN, sizeof *w.span);
    rc = w.nodes && w.level && w.span ? read_hashes(p, &before, cp_height, 1) : PN_ENOMEM;
    if (rc == 0) {
        recall(p, &w);
        rc = drop_stale(p, &w);
    }
    if (rc == 0)
        rc = prove(p, &w, out, height, count);
    if (rc == 0)
        rc = read_hashes(p, &after, cp_height, 1);
    if (rc == 0 && memcmp(before, after, sizeof before) != 0)
        rc = PN_EAGAIN;
    if (rc == 0)
        remember(p, &w);
    mem_free(w.nodes);
    mem_free(w.level);
    mem_free(w.span);
    return rc;
}
