#include "bitcoin/header_leads.h"

#include <assert.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"

enum { REST_DOUBLINGS_MAX = 5 };

int header_leads_init(struct header_leads *l, unsigned max)
{
    *l = (struct header_leads){.max = max};
    l->peers = mem_alloc_array(max, sizeof(struct header_lead *));
    return l->peers ? 0 : PN_ENOMEM;
}

void header_leads_free(struct header_leads *l)
{
    MEM_FREE(l->peers);
}

void header_leads_add(struct header_leads *l, struct header_lead *p, bool inbound, int64_t claims)
{
    assert(l->n < l->max);
    *p = (struct header_lead){.inbound = inbound, .claims = claims};
    l->peers[l->n++] = p;
}

void header_leads_remove(struct header_leads *l, struct header_lead *p)
{
    unsigned i = 0;

    header_leads_end(l, p);
    while (l->peers[i] != p)
        i++;
    l->peers[i] = l->peers[--l->n];
}

bool header_lead_has_more(const struct header_lead *p, int64_t height)
{
    return p->claims > height && p->silences == 0;
}

/* Outbound before inbound, the reliable before the silent; among equals chance decides, so that
 * nobody can arrange to be the first. */
static bool is_better(const struct header_lead *p, const struct header_lead *best, unsigned equals)
{
    if (!best || p->inbound != best->inbound)
        return !best || best->inbound;
    if (p->silences != best->silences)
        return p->silences < best->silences;
    return random_below(equals) == 0;
}

static bool is_equal(const struct header_lead *a, const struct header_lead *b)
{
    return b && a->inbound == b->inbound && a->silences == b->silences;
}

static struct header_lead *best_candidate(const struct header_leads *l, int64_t height,
                                          int64_t now_us)
{
    struct header_lead *best = NULL;
    unsigned equals = 1;

    for (unsigned i = 0; i < l->n; i++) {
        struct header_lead *p = l->peers[i];

        if (p->following || p->claims <= height || now_us < p->rest_until_us)
            continue;
        equals = is_equal(p, best) ? equals + 1 : 1;
        if (is_better(p, best, equals))
            best = p;
    }
    return best;
}

static unsigned wanted(const struct header_leads *l, int64_t now_us)
{
    int64_t extra = (now_us - l->proven_us) / HEADER_LEAD_EXTRA_US;

    return extra < HEADER_LEADS_MAX - 1 ? 1 + (unsigned)extra : HEADER_LEADS_MAX;
}

struct header_lead *header_leads_choose(struct header_leads *l, int64_t height, int64_t now_us)
{
    struct header_lead *p = best_candidate(l, height, now_us);

    if (!p)
        return NULL;
    if (l->n_following == 0)
        l->proven_us = now_us;
    else if (l->n_following >= wanted(l, now_us) && (p->inbound || l->n_outbound > 0))
        return NULL;
    header_leads_follow(l, p, now_us);
    return p;
}

void header_leads_follow(struct header_leads *l, struct header_lead *p, int64_t now_us)
{
    p->asked = true;
    p->heard_us = now_us;
    if (p->following)
        return;
    p->following = true;
    l->n_following++;
    l->n_outbound += !p->inbound;
}

void header_leads_end(struct header_leads *l, struct header_lead *p)
{
    if (!p->following)
        return;
    p->following = false;
    l->n_following--;
    l->n_outbound -= !p->inbound;
}

void header_leads_heard(struct header_lead *p, int64_t now_us)
{
    p->heard_us = now_us;
    p->silences = 0;
}

void header_leads_proven(struct header_leads *l, int64_t now_us)
{
    l->proven_us = now_us;
}

struct header_lead *header_leads_silent(struct header_leads *l, int64_t now_us)
{
    for (unsigned i = 0; i < l->n; i++) {
        struct header_lead *p = l->peers[i];

        if (!p->following || now_us - p->heard_us < HEADER_LEAD_SILENT_US)
            continue;
        header_leads_end(l, p);
        p->rest_until_us =
            now_us + (HEADER_LEAD_REST_US
                      << (p->silences < REST_DOUBLINGS_MAX ? p->silences : REST_DOUBLINGS_MAX));
        p->silences++;
        return p;
    }
    return NULL;
}
