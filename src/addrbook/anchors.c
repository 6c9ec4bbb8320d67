#include "addrbook/anchors.h"

#include <assert.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "codec/json_scan.h"
#include "log/log.h"
#include "store/atomic_file.h"
#include "store/read_file.h"

#define LOG_SUBSYSTEM "addrbook"

enum { VERSION = 1, MAX_BYTES = 4096 };

int anchors_save(const char *path, const struct net_addr *anchors, size_t n)
{
    char addr[NET_ADDR_TEXT_BYTES];
    struct buf b;
    int rc;

    assert(n <= ANCHORS_MAX);
    buf_init(&b, MAX_BYTES);
    buf_printf(&b, "{\"Version\":%d,\"Anchors\":[", VERSION);
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s\"%s\"", i > 0 ? "," : "", net_addr_format(addr, &anchors[i]));
    rc = buf_puts(&b, "]}\n");
    if (rc == 0)
        rc = atomic_file_replace(path, b.data, b.len);
    buf_free(&b);
    return rc;
}

static size_t parse_list(struct net_addr out[ANCHORS_MAX], struct json_scan *s)
{
    char text[NET_ADDR_TEXT_BYTES];
    size_t n = 0;

    json_array(s);
    while (json_next(s)) {
        json_text(s, text, sizeof text);
        if (n == ANCHORS_MAX || net_addr_parse(&out[n], text, 0) < 0)
            json_fail(s, PN_EFORMAT);
        else
            n++;
    }
    return n;
}

/* Returns: how many are in out, or a pn_err. */
static int parse(struct net_addr out[ANCHORS_MAX], const uint8_t *text, size_t len)
{
    struct json_scan s = json_scan_of(text, len);
    struct bytes key;
    int64_t version = 0;
    size_t n = 0;

    json_object(&s);
    while (json_next_key(&s, &key)) {
        if (json_key_is(key, "Version"))
            version = json_int(&s);
        else if (json_key_is(key, "Anchors"))
            n = parse_list(out, &s);
        else
            json_skip(&s);
    }
    if (json_finish(&s) < 0)
        return s.err;
    return version == VERSION ? (int)n : PN_EVERSION;
}

size_t anchors_take(struct net_addr out[ANCHORS_MAX], const char *path)
{
    uint8_t *text;
    size_t len;
    int n;

    atomic_file_sweep(path);
    n = read_file(&text, &len, path, MAX_BYTES);
    if (n == PN_ENOENT)
        return 0;
    if (n == 0)
        n = parse(out, text, len);
    mem_free(text);
    unlink(path);
    atomic_file_sync_dir(path);
    if (n < 0) {
        log_warn(LOG_SUBSYSTEM, "%s is of no use (%s) and was deleted: no anchors", path,
                 pn_strerror(n));
        return 0;
    }
    return (size_t)n;
}
