#include "electrum/peers/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "codec/hex.h"
#include "electrum/jsonrpc/answer.h"
#include "rpc/json.h"
#include "store/db.h"

enum { ROW_MAX_BYTES = 4096, SNAPSHOTS = 4, FILE_MAX_BYTES = 64 << 20 };

struct peers_store {
    struct db *db;
    unsigned table;
};

/* --- one server --- */

static void put_members(struct buf *out, const struct peers_entry *e)
{
    char hex[65], addr[NET_ADDR_TEXT_BYTES] = "";

    buf_puts(out, "\"host\": ");
    jrpc_put_text(out, e->host);
    buf_printf(out, ", \"tcp_port\": %u, \"ssl_port\": %u, \"source\": ", e->tcp_port, e->ssl_port);
    jrpc_put_text(out, e->source);
    buf_puts(out, ", \"server_version\": ");
    jrpc_put_text(out, e->software);
    if (e->addr.kind != NET_NONE)
        net_addr_format(addr, &e->addr);
    buf_puts(out, ", \"ip_addr\": ");
    jrpc_put_text(out, addr);
    buf_printf(out, ", \"bad\": %s, \"reason\": ", e->bad ? "true" : "false");
    jrpc_put_text(out, e->reason);
    buf_printf(out,
               ", \"last_good\": %" PRId64 ", \"last_try\": %" PRId64
               ", \"try_count\": %u, \"certificate_changes\": %u",
               e->last_good_s, e->last_try_s, e->tries, e->pin_changes);
    if (e->has_pin) {
        hex_encode(hex, e->pin, sizeof e->pin);
        buf_printf(out, ", \"certificate_sha256\": \"%s\"", hex);
    }
}

void peers_put_entry(struct buf *out, const struct peers_entry *e)
{
    buf_puts(out, "{");
    put_members(out, e);
    buf_puts(out, "}");
}

static void read_text(char *out, size_t size, const cJSON *tree, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, name);

    snprintf(out, size, "%s", cJSON_IsString(item) ? item->valuestring : "");
}

/* Returns: 0 for what is missing or out of range. */
static int64_t read_number(const cJSON *tree, const char *name, int64_t max)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, name);

    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0) || item->valuedouble > (double)max)
        return 0;
    return (int64_t)item->valuedouble;
}

static void read_members(struct peers_entry *out, const cJSON *tree)
{
    char text[NET_ADDR_TEXT_BYTES], hex[80];

    read_text(out->host, sizeof out->host, tree, "host");
    read_text(out->source, sizeof out->source, tree, "source");
    read_text(out->software, sizeof out->software, tree, "server_version");
    read_text(out->reason, sizeof out->reason, tree, "reason");
    read_text(text, sizeof text, tree, "ip_addr");
    read_text(hex, sizeof hex, tree, "certificate_sha256");
    if (!text[0] || net_addr_parse(&out->addr, text, 0) < 0)
        out->addr = (struct net_addr){0};
    out->has_pin = hex_decode(out->pin, sizeof out->pin, hex) == 0;
    out->tcp_port = (uint16_t)read_number(tree, "tcp_port", 65535);
    out->ssl_port = (uint16_t)read_number(tree, "ssl_port", 65535);
    out->last_good_s = read_number(tree, "last_good", INT64_C(1) << 40);
    out->last_try_s = read_number(tree, "last_try", INT64_C(1) << 40);
    out->tries = (unsigned)read_number(tree, "try_count", PEERS_TRIES_GOOD);
    out->pin_changes = (unsigned)read_number(tree, "certificate_changes", UINT32_MAX);
    out->bad = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(tree, "bad"));
}

int peers_read_entry(struct peers_entry *out, const char *json, size_t len)
{
    cJSON *tree = NULL;
    int rc = json_parse(&tree, json, len);

    *out = (struct peers_entry){0};
    if (rc == 0 && cJSON_IsObject(tree))
        read_members(out, tree);
    cJSON_Delete(tree);
    return rc == 0 && out->host[0] ? 0 : PN_EFORMAT;
}

/* --- the file --- */

static int load(struct peers_store *s, struct peers_table *table)
{
    struct db_cursor *cursor = NULL;
    struct db_txn *txn;
    struct db_value value;
    int rc = db_read(s->db, &txn);

    if (rc < 0)
        return rc;
    rc = db_cursor_open(&cursor, txn, s->table);
    while (rc == 0 && (rc = db_cursor_move(cursor, NULL, &value, DB_NEXT)) == 0) {
        struct peers_entry e;

        if (peers_read_entry(&e, value.data, value.len) == 0)
            peers_restore(table, &e);
    }
    db_cursor_close(cursor);
    db_end(txn);
    return rc == PN_ENOENT ? 0 : rc;
}

int peers_store_open(struct peers_store **out, struct peers_table *table, const char *path)
{
    const struct db_config config = {.path = path,
                                     .tables = 1,
                                     .snapshots = SNAPSHOTS,
                                     .max_bytes = FILE_MAX_BYTES,
                                     .replace_damaged = true};
    struct peers_store *s = mem_zalloc(sizeof *s);
    int rc;

    *out = NULL;
    if (!s)
        return PN_ENOMEM;
    rc = db_open(&s->db, &config);
    if (rc == 0)
        rc = db_table(s->db, &s->table, "servers");
    if (rc == 0)
        rc = load(s, table);
    if (rc < 0) {
        peers_store_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

void peers_store_close(struct peers_store *s)
{
    if (!s)
        return;
    db_close(s->db);
    mem_free(s);
}

static int save_one(struct peers_store *s, struct db_txn *txn, const struct peers_entry *e)
{
    struct buf row;
    int rc;

    if (!e->id) {
        rc = db_del(txn, s->table, e->host, strlen(e->host));
        return rc == PN_ENOENT ? 0 : rc;
    }
    buf_init(&row, ROW_MAX_BYTES);
    peers_put_entry(&row, e);
    rc = row.err ? row.err
                 : db_put(txn, s->table, e->host, strlen(e->host), row.data, row.len, DB_PUT);
    buf_free(&row);
    return rc;
}

int peers_store_save(struct peers_store *s, struct peers_table *table)
{
    struct peers_entry e;
    struct db_txn *txn = NULL;
    int rc = 0;

    while (rc == 0 && peers_take_dirty(table, &e)) {
        if (!txn)
            rc = db_write(s->db, &txn);
        if (rc == 0)
            rc = save_one(s, txn, &e);
    }
    if (!txn)
        return rc;
    if (rc == 0)
        return db_commit(txn);
    db_end(txn);
    return rc;
}

/* --- the dump --- */

struct dump {
    struct buf *out;
    unsigned n;
};

static void put_one(void *arg, const struct peers_entry *e)
{
    struct dump *d = arg;

    buf_puts(d->out, d->n++ ? ",\n {" : "\n {");
    put_members(d->out, e);
    buf_printf(d->out, ", \"status\": \"%s\"}", peers_status_name(peers_status_of(e)));
}

int peers_put_dump(struct buf *out, struct peers_table *table)
{
    unsigned counts[PEERS_STATUSES], total = 0;
    struct dump d = {.out = out};
    int rc;

    peers_count(table, counts);
    buf_puts(out, "{");
    for (int s = 0; s < PEERS_STATUSES; s++) {
        buf_printf(out, "\"%s\": %u, ", peers_status_name((enum peers_status)s), counts[s]);
        total += counts[s];
    }
    buf_printf(out, "\"total\": %u, \"servers\": [", total);
    rc = peers_each(table, put_one, &d);
    buf_puts(out, "]}\n");
    return rc < 0 ? rc : out->err;
}
