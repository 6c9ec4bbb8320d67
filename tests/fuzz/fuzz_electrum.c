/* Electrum: whatever a client or server says, a line is refused before it reaches a parser, or
 * gives a tree of bounded size, of which each message is a request or none; and what is written of
 * it is JSON again. */
#include "base/buf.h"
#include "electrum/jsonrpc/answer.h"
#include "electrum/jsonrpc/prescan.h"
#include "fuzz.h"
#include "rpc/json.h"

enum { ANSWER_MAX = 1 << 22 };

static size_t count_values(const cJSON *tree)
{
    size_t n = 0;

    for (; tree; tree = tree->next)
        n += (tree->string ? 2u : 1u) + count_values(tree->child);
    return n;
}

static void require_json(struct buf *b)
{
    cJSON *tree = NULL;

    FUZZ_REQUIRE(b->err == 0);
    FUZZ_REQUIRE(json_parse(&tree, (const char *)b->data, b->len) == 0);
    cJSON_Delete(tree);
    buf_reset(b);
}

static void take_message(struct buf *b, const cJSON *message)
{
    struct jrpc_request r;
    int rc = jrpc_request_read(&r, message);

    FUZZ_REQUIRE(rc < 0 || r.method || r.result || r.error);
    jrpc_begin_result(b, r.version);
    buf_puts(b, "[]");
    jrpc_end_result(b, r.version, r.id);
    require_json(b);
    jrpc_put_error(b, r.version, r.id, -1, rc == 0 && r.method ? r.method : "none");
    require_json(b);
}

void fuzz_jsonrpc(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    cJSON *tree = NULL;
    struct buf b;

    (void)t;
    json_init();
    if (jrpc_parse(&tree, (const char *)data, len) < 0)
        return;
    FUZZ_REQUIRE(count_values(tree) <= 2 * JRPC_MAX_VALUES);
    buf_init(&b, ANSWER_MAX);
    if (cJSON_IsArray(tree))
        for (const cJSON *item = tree->child; item; item = item->next)
            take_message(&b, item);
    else
        take_message(&b, tree);
    buf_free(&b);
    cJSON_Delete(tree);
}
