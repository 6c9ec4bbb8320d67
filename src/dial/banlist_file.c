/* The format:
 *
 *     {"banned_nets": [{"version": 1, "ban_created": SECONDS, "banned_until": SECONDS,
 *                       "address": "1.2.3.0/24", "ban_reason": "score",
 *                       "manual": false}, ...]}
 *
 * A file is read twice: once to see that it is whole, and only then into the list. */
#include "dial/banlist_file.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "codec/json_scan.h"
#include "log/log.h"
#include "store/atomic_file.h"
#include "store/move_aside.h"
#include "store/read_file.h"

enum { ENTRY_VERSION = 1 };

static void write_bans(struct atomic_file *f, const struct ban *bans, size_t n)
{
    int64_t now_s = clock_wall_s();
    const char *separator = "";
    char text[BAN_TEXT_BYTES];

    atomic_file_printf(f, "{\n  \"banned_nets\": [");
    for (size_t i = 0; i < n; i++) {
        if (bans[i].until_s <= now_s)
            continue;
        atomic_file_printf(
            f,
            "%s\n    {\"version\": %d, \"ban_created\": %" PRId64 ", \"banned_until\": %" PRId64
            ", \"address\": \"%s\", \"ban_reason\": \"%s\", \"manual\": %s}",
            separator, ENTRY_VERSION, bans[i].created_s, bans[i].until_s,
            ban_format(text, &bans[i].net), bans[i].reason, bans[i].manual ? "true" : "false");
        separator = ",";
    }
    atomic_file_printf(f, "\n  ]\n}\n");
}

int banlist_save(struct banlist *b, const char *path)
{
    size_t n = banlist_count(b);
    struct ban *bans = mem_alloc_array(n, sizeof *bans);
    struct atomic_file f;
    int rc;

    if (!bans)
        return PN_ENOMEM;
    n = banlist_copy(b, bans, n); /* what is added meanwhile is for the next time */
    rc = atomic_file_open(&f, path);
    if (rc == 0) {
        write_bans(&f, bans, n);
        rc = atomic_file_commit(&f);
    }
    mem_free(bans);
    return rc;
}

/* Read one entry. Returns: whether there is a ban in *out; what is malformed shows in s. */
static bool read_ban(struct ban *out, struct json_scan *s)
{
    char address[BAN_TEXT_BYTES] = "";
    int64_t version = 0;
    struct bytes key;

    *out = (struct ban){.manual = true}; /* bitcoind bans at its operator's word alone */
    json_object(s);
    while (json_next_key(s, &key)) {
        if (json_key_is(key, "version"))
            version = json_int(s);
        else if (json_key_is(key, "ban_created"))
            out->created_s = json_int(s);
        else if (json_key_is(key, "banned_until"))
            out->until_s = json_int(s);
        else if (json_key_is(key, "address"))
            json_text(s, address, sizeof address);
        else if (json_key_is(key, "ban_reason"))
            json_text(s, out->reason, sizeof out->reason);
        else if (json_key_is(key, "manual"))
            out->manual = json_bool(s);
        else
            json_skip(s);
    }
    return version == ENTRY_VERSION && subnet_parse(&out->net, address) == 0;
}

struct outcome {
    unsigned entered, left_out;
};

/* b == NULL: only see whether the text is whole. Returns: 0, PN_EFORMAT or PN_ETRUNCATED. */
static int read_bans(struct banlist *b, struct outcome *outcome, const uint8_t *text, size_t len)
{
    struct json_scan s = json_scan_of(text, len);
    struct bytes key;
    struct ban ban;

    json_object(&s);
    while (json_next_key(&s, &key)) {
        if (!json_key_is(key, "banned_nets")) {
            json_skip(&s);
            continue;
        }
        json_array(&s);
        while (json_next(&s)) {
            if (read_ban(&ban, &s) && b && banlist_enter(b, NULL, &ban) == 0)
                outcome->entered++;
            else
                outcome->left_out++;
        }
    }
    return json_finish(&s);
}

static void move_aside(const char *path, int why)
{
    char *aside;
    int rc = file_move_aside(&aside, path);

    if (rc < 0)
        log_error("dial", "%s is damaged (%s) and cannot be moved aside: %s", path,
                  pn_strerror(why), pn_strerror(rc));
    else
        log_error("dial", "%s is damaged (%s): moved to %s; starting without bans", path,
                  pn_strerror(why), aside);
    mem_free(aside);
}

static int load(struct banlist *b, const char *path, const uint8_t *text, size_t len)
{
    struct outcome outcome = {0};
    int rc = read_bans(NULL, &outcome, text, len);

    if (rc < 0)
        return rc;
    outcome = (struct outcome){0};
    read_bans(b, &outcome, text, len);
    log_info("dial", "%s: %u bans, %u more ended or not understood", path, outcome.entered,
             outcome.left_out);
    return 0;
}

int banlist_load(struct banlist *b, const char *path)
{
    uint8_t *text;
    size_t len;
    int rc = read_file(&text, &len, path, BANLIST_FILE_MAX_BYTES);

    if (rc == 0) {
        rc = load(b, path, text, len);
        mem_free(text);
    }
    if (rc == PN_EFORMAT || rc == PN_ETRUNCATED || rc == PN_ETOOLARGE)
        move_aside(path, rc);
    return rc;
}
