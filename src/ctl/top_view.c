#include "ctl/top_view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

/* The columns; a width below zero is flush left. */
static const struct {
    const char *title;
    int width;
    char key;
} columns[TOP_COLUMNS] = {
    [TOP_ID] = {"ID", 6, 'i'},
    [TOP_DIRECTION] = {"DIR", -3, 'd'},
    [TOP_TYPE] = {"TYPE", -11, 't'},
    [TOP_NETWORK] = {"NET", -5, 'n'},
    [TOP_PING] = {"PING ms", 7, 'p'},
    [TOP_IN_RATE] = {"IN/s", 6, 'r'},
    [TOP_OUT_RATE] = {"OUT/s", 6, 's'},
    [TOP_IN] = {"IN", 6, 'g'},
    [TOP_OUT] = {"OUT", 6, 'o'},
    [TOP_AGE] = {"AGE", 6, 'a'},
    [TOP_ADDRESS] = {"ADDRESS", -21, 'x'},
};

char top_key(enum top_column column)
{
    return columns[column].key;
}

/* --- reading answers --- */

static double number_of(const cJSON *o, const char *name)
{
    const cJSON *n = cJSON_GetObjectItemCaseSensitive(o, name);

    return cJSON_IsNumber(n) ? n->valuedouble : -1;
}

/* A remote text may hold anything; a terminal obeys some of it. */
static void copy_text(char *out, size_t size, const cJSON *o, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, name));

    snprintf(out, size, "%s", text ? text : "");
    for (; *out; out++)
        if (*out < 0x20 || *out > 0x7e)
            *out = '?';
}

static void read_peer(struct top_peer *p, const cJSON *o)
{
    double since = number_of(o, "conntime"), ping = number_of(o, "pingtime");

    *p = (struct top_peer){
        .id = (int64_t)number_of(o, "id"),
        .inbound = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "inbound")),
        .ping_ms = ping < 0 ? -1 : ping * 1000,
        .age_s = since > 0 ? (double)clock_wall_s() - since : -1,
        .in = number_of(o, "bytesrecv"),
        .out = number_of(o, "bytessent"),
    };
    copy_text(p->type, sizeof p->type, o, "connection_type");
    copy_text(p->network, sizeof p->network, o, "network");
    if (strncmp(p->network, "not_publicly_routable", sizeof p->network - 1) == 0)
        snprintf(p->network, sizeof p->network, "local");
    copy_text(p->address, sizeof p->address, o, "addr");
    copy_text(p->version, sizeof p->version, o, "subver");
}

static const struct top_peer *find(const struct top_view *v, int64_t id)
{
    for (unsigned i = 0; i < v->n; i++)
        if (v->peers[i].id == id)
            return &v->peers[i];
    return NULL;
}

static double rate(double now, double before, double seconds)
{
    return seconds > 0 && now > before ? (now - before) / seconds : 0;
}

static int take_peers(struct top_view *v, const cJSON *peers, double seconds)
{
    unsigned count = 0, max = (unsigned)cJSON_GetArraySize(peers);
    struct top_peer *fresh;
    const cJSON *o;

    max = max < TOP_PEERS_MAX ? max : TOP_PEERS_MAX;
    fresh = mem_zalloc_array(max + 1, sizeof *fresh);
    if (!fresh)
        return PN_ENOMEM;
    cJSON_ArrayForEach(o, peers)
    {
        const struct top_peer *before;

        if (count == max)
            break;
        read_peer(&fresh[count], o);
        before = find(v, fresh[count].id);
        if (before) {
            fresh[count].in_rate = rate(fresh[count].in, before->in, seconds);
            fresh[count].out_rate = rate(fresh[count].out, before->out, seconds);
        }
        count++;
    }
    mem_free(v->peers);
    v->peers = fresh;
    v->n = count;
    return 0;
}

/* --- numbers as people read them --- */

/* At most six characters. */
static const char *bytes_text(char out[16], double n)
{
    static const char units[] = " kMGTP";
    unsigned u = 0;

    if (n < 0)
        return "";
    while (n >= 999.5 && u < sizeof units - 2) {
        n /= 1000;
        u++;
    }
    snprintf(out, 16, u > 0 && n < 99.95 ? "%.1f%c" : "%.0f%c", n, units[u]);
    if (u == 0)
        out[strlen(out) - 1] = '\0';
    return out;
}

static const char *age_text(char out[32], double seconds)
{
    int64_t s = (int64_t)seconds;

    if (seconds < 0)
        return "";
    if (s < 3600)
        snprintf(out, 32, "%" PRId64 ":%02" PRId64, s / 60, s % 60);
    else if (s < 86400)
        snprintf(out, 32, "%" PRId64 "h%02" PRId64, s / 3600, s / 60 % 60);
    else
        snprintf(out, 32, "%" PRId64 "d%02" PRId64, s / 86400, s / 3600 % 24);
    return out;
}

/* --- order --- */

static int by_number(double a, double b)
{
    return (a > b) - (a < b);
}

/* Names and numbers rise, amounts fall, and who has none comes last. */
static int compare_peers(const struct top_peer *a, const struct top_peer *b, enum top_column by)
{
    switch (by) {
    case TOP_DIRECTION:
        return (int)a->inbound - (int)b->inbound;
    case TOP_TYPE:
        return strcmp(a->type, b->type);
    case TOP_NETWORK:
        return strcmp(a->network, b->network);
    case TOP_ADDRESS:
        return strcmp(a->address, b->address);
    case TOP_PING:
        if ((a->ping_ms < 0) != (b->ping_ms < 0))
            return a->ping_ms < 0 ? 1 : -1;
        return by_number(a->ping_ms, b->ping_ms);
    case TOP_IN_RATE:
        return by_number(b->in_rate, a->in_rate);
    case TOP_OUT_RATE:
        return by_number(b->out_rate, a->out_rate);
    case TOP_IN:
        return by_number(b->in, a->in);
    case TOP_OUT:
        return by_number(b->out, a->out);
    case TOP_AGE:
        return by_number(b->age_s, a->age_s);
    case TOP_ID:
    case TOP_COLUMNS:
        break;
    }
    return 0;
}

static int compare(const void *a, const void *b, void *arg)
{
    const struct top_peer *left = a, *right = b;
    const struct top_view *v = arg;
    int order = compare_peers(left, right, v->by);

    if (order == 0)
        order = by_number((double)left->id, (double)right->id);
    return v->reverse ? -order : order;
}

static void sort(struct top_view *v)
{
    if (v->n > 1)
        qsort_r(v->peers, v->n, sizeof *v->peers, compare, v);
}

void top_sort_by(struct top_view *v, enum top_column by)
{
    v->reverse = by == v->by && !v->reverse;
    v->by = by;
    sort(v);
}

/* --- lines --- */

static void write_head(struct top_view *v, const struct top_answers *a)
{
    char software[64], chain[16], in[16], out[16], in_rate[16], out_rate[16], up[32], eth[64] = "";
    const char *ethereum = cJSON_GetStringValue(a->ethereum);

    copy_text(software, sizeof software, a->network, "subversion");
    copy_text(chain, sizeof chain, a->chain, "chain");
    if (ethereum)
        snprintf(eth, sizeof eth, ", ethereum %lu", strtoul(ethereum, NULL, 16));
    snprintf(v->head[0], TOP_LINE_BYTES, "%s on %s, up %s, block %.0f, header %.0f", software,
             chain, age_text(up, cJSON_IsNumber(a->uptime) ? a->uptime->valuedouble : 0),
             number_of(a->chain, "blocks"), number_of(a->chain, "headers"));
    snprintf(v->head[1], TOP_LINE_BYTES,
             "peers %.0f (%.0f in, %.0f out)%s; in %sB, %sB/s; out %sB, %sB/s",
             number_of(a->network, "connections"), number_of(a->network, "connections_in"),
             number_of(a->network, "connections_out"), eth, bytes_text(in, v->total_in),
             bytes_text(in_rate, v->in_rate), bytes_text(out, v->total_out),
             bytes_text(out_rate, v->out_rate));
}

int top_take(struct top_view *v, const struct top_answers *a, int64_t now_us)
{
    double seconds = v->taken_us ? (double)(now_us - v->taken_us) / 1e6 : 0;
    double in = number_of(a->totals, "totalbytesrecv"),
           out = number_of(a->totals, "totalbytessent");
    int rc = take_peers(v, a->peers, seconds);

    if (rc < 0)
        return rc;
    v->in_rate = rate(in, v->total_in, seconds);
    v->out_rate = rate(out, v->total_out, seconds);
    v->total_in = in;
    v->total_out = out;
    v->taken_us = now_us;
    write_head(v, a);
    sort(v);
    return 0;
}

struct line {
    char *text;
    size_t len, max;
};

static void put(struct line *l, enum top_column column, const char *text, char mark)
{
    int width = columns[column].width, n;
    char field[80];

    snprintf(field, sizeof field, "%s%.*s", text, mark != 0, &mark);
    n = snprintf(l->text + l->len, l->max - l->len, "%*s ", width, field);
    l->len += n > 0 ? (size_t)n : 0;
    if (l->len >= l->max)
        l->len = l->max - 1;
}

static struct line begin(char out[TOP_LINE_BYTES], unsigned width)
{
    *out = '\0';
    return (struct line){.text = out,
                         .max = width + 1 < TOP_LINE_BYTES ? width + 1 : TOP_LINE_BYTES};
}

void top_title(char out[TOP_LINE_BYTES], const struct top_view *v, unsigned width)
{
    struct line l = begin(out, width);

    for (unsigned c = 0; c < TOP_COLUMNS; c++)
        put(&l, (enum top_column)c, columns[c].title, c == v->by ? (v->reverse ? '^' : '*') : '\0');
    snprintf(l.text + l.len, l.max - l.len, "VERSION");
}

void top_line(char out[TOP_LINE_BYTES], const struct top_peer *p, unsigned width)
{
    struct line l = begin(out, width);
    char text[32], b[16];

    snprintf(text, sizeof text, "%" PRId64, p->id);
    put(&l, TOP_ID, text, 0);
    put(&l, TOP_DIRECTION, p->inbound ? "in" : "out", 0);
    snprintf(text, sizeof text, "%.11s", p->type);
    put(&l, TOP_TYPE, text, 0);
    snprintf(text, sizeof text, "%.5s", p->network);
    put(&l, TOP_NETWORK, text, 0);
    snprintf(text, sizeof text, p->ping_ms < 10 ? "%.1f" : "%.0f", p->ping_ms);
    put(&l, TOP_PING, p->ping_ms < 0 ? "" : text, 0);
    put(&l, TOP_IN_RATE, bytes_text(b, p->in_rate), 0);
    put(&l, TOP_OUT_RATE, bytes_text(b, p->out_rate), 0);
    put(&l, TOP_IN, bytes_text(b, p->in), 0);
    put(&l, TOP_OUT, bytes_text(b, p->out), 0);
    put(&l, TOP_AGE, age_text(text, p->age_s), 0);
    put(&l, TOP_ADDRESS, p->address, 0);
    snprintf(l.text + l.len, l.max - l.len, "%s", p->version);
}

void top_free(struct top_view *v)
{
    mem_free(v->peers);
    *v = (struct top_view){.n = 0};
}
