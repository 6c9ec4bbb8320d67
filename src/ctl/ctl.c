/* A command is either one of the table below, which shows its result as a table for people, or the
 * name of a method, whose result is printed as JSON. */
#include "ctl/ctl.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "ctl/internal.h"
#include "rpc/rpc.h"
#include "store/read_file.h"

enum { ANSWER_MAX_BYTES = 64 << 20, REQUEST_MAX_BYTES = 2 << 20, COOKIE_MAX_BYTES = 256 };

/* --- calling --- */

static cJSON *argument(const char *text)
{
    cJSON *value;

    if (json_parse(&value, text, strlen(text)) == 0 && !cJSON_IsString(value))
        return value;
    return json_new_text(text);
}

static char *make_request(const char *method, int argc, const char *const *argv)
{
    cJSON *request = json_new_object(), *params = json_new_array();
    struct buf b;
    char *text = NULL;

    for (int i = 0; i < argc; i++)
        json_push(params, argument(argv[i]));
    json_set(request, "jsonrpc", json_new_text("2.0"));
    json_set(request, "id", json_new_int(1));
    json_set(request, "method", json_new_text(method));
    json_set(request, "params", params);
    buf_init(&b, REQUEST_MAX_BYTES);
    if (!json_ran_out() && json_print(&b, request) == 0 && buf_cstr(&b))
        text = mem_strdup(buf_cstr(&b));
    buf_free(&b);
    cJSON_Delete(request);
    return text;
}

static int complain(const struct ctl_client *c, int status, const struct buf *answer)
{
    char where[NET_ADDR_TEXT_BYTES];

    if (c->quiet)
        return 1;
    if (status == PN_EREFUSED)
        fprintf(stderr, "p2pnode ctl: no node answers at %s\n", net_addr_format(where, &c->addr));
    else if (status < 0)
        fprintf(stderr, "p2pnode ctl: %s\n", pn_strerror(status));
    else
        fprintf(stderr, "p2pnode ctl: status %d: %.*s", status, (int)answer->len,
                (const char *)answer->data);
    return 1;
}

/* Returns: an exit status, and with 0 the result, taken out of the answer. */
static int take_result(cJSON **result, const struct ctl_client *c, const struct buf *answer)
{
    cJSON *tree, *error;
    int code;

    if (json_parse(&tree, (const char *)answer->data, answer->len) < 0) {
        if (!c->quiet)
            fprintf(stderr, "p2pnode ctl: the answer is not JSON\n");
        return 1;
    }
    error = cJSON_GetObjectItemCaseSensitive(tree, "error");
    *result = cJSON_DetachItemFromObjectCaseSensitive(tree, "result");
    code = error ? cJSON_GetObjectItemCaseSensitive(error, "code")->valueint : 0;
    if (error && !c->quiet)
        fprintf(stderr, "error code: %d\nerror message:\n%s\n", code,
                cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(error, "message")));
    if (code == RPC_METHOD_NOT_FOUND && !c->quiet)
        fprintf(stderr, "\"p2pnode ctl help\" lists what there is.\n");
    cJSON_Delete(tree);
    return *result ? 0 : 1;
}

int ctl_call(cJSON **result, const struct ctl_client *c, const char *method, int argc,
             const char *const *argv)
{
    char *request = make_request(method, argc, argv);
    struct buf answer;
    int status;

    *result = NULL;
    buf_init(&answer, ANSWER_MAX_BYTES);
    status = request ? ctl_request(&answer, c, "/", request, NULL) : PN_ENOMEM;
    mem_free(request);
    status = status == 200 ? take_result(result, c, &answer) : complain(c, status, &answer);
    buf_free(&answer);
    return status;
}

/* --- commands --- */

static int run_peers(const struct ctl_client *c, int argc, const char *const *argv)
{
    cJSON *peers;
    int status = ctl_call(&peers, c, "getpeerinfo", 0, NULL);

    (void)argc;
    (void)argv;
    if (status == 0)
        ctl_print_peers(peers);
    cJSON_Delete(peers);
    return status;
}

static int run_netinfo(const struct ctl_client *c, int argc, const char *const *argv)
{
    cJSON *peers = NULL, *network;
    int status = ctl_call(&network, c, "getnetworkinfo", 0, NULL);

    (void)argc;
    (void)argv;
    if (status == 0)
        status = ctl_call(&peers, c, "getpeerinfo", 0, NULL);
    if (status == 0)
        ctl_print_netinfo(network, peers);
    cJSON_Delete(network);
    cJSON_Delete(peers);
    return status;
}

static int run_ban(const struct ctl_client *c, int argc, const char *const *argv)
{
    const char *full[3] = {argc > 0 ? argv[0] : NULL, "add", argc > 1 ? argv[1] : NULL};
    cJSON *result;
    int status;

    if (argc < 1 || argc > 2) {
        fprintf(stderr, "usage: p2pnode ctl ban SUBNET [SECONDS]\n");
        return 2;
    }
    status = ctl_call(&result, c, "setban", argc + 1, full);
    cJSON_Delete(result);
    return status;
}

static int run_unban(const struct ctl_client *c, int argc, const char *const *argv)
{
    const char *full[2] = {argc > 0 ? argv[0] : NULL, "remove"};
    cJSON *result;
    int status;

    if (argc != 1) {
        fprintf(stderr, "usage: p2pnode ctl unban SUBNET\n");
        return 2;
    }
    status = ctl_call(&result, c, "setban", 2, full);
    cJSON_Delete(result);
    return status;
}

static int run_why(const struct ctl_client *c, int argc, const char *const *argv)
{
    cJSON *why;
    int status;

    (void)argv;
    if (argc > 0) {
        fprintf(stderr, "usage: p2pnode ctl why (for an address: p2pnode ctl explain ADDRESS)\n");
        return 2;
    }
    status = ctl_call(&why, c, "explain", 0, NULL);
    if (status == 0)
        ctl_print_funnel(why);
    cJSON_Delete(why);
    return status;
}

static void print_chunk(const char *text, size_t len)
{
    fwrite(text, 1, len, stdout);
    fflush(stdout);
}

static int run_events(const struct ctl_client *c, int argc, const char *const *argv)
{
    char path[512] = "/events";
    struct buf answer;
    int status;

    if (argc > 1) {
        fprintf(stderr, "usage: p2pnode ctl events [TOPIC[,TOPIC]]\n");
        return 2;
    }
    if (argc == 1)
        snprintf(path, sizeof path, "/events?topics=%s", argv[0]);
    buf_init(&answer, ANSWER_MAX_BYTES);
    status = ctl_request(&answer, c, path, NULL, print_chunk);
    status = status == 200 ? 0 : complain(c, status, &answer);
    buf_free(&answer);
    return status;
}

/* The answer of a health check, and whether it is 200. */
static int run_check(const struct ctl_client *c, const char *path, int argc)
{
    struct buf answer;
    int status;

    if (argc > 0) {
        fprintf(stderr, "usage: p2pnode ctl %s\n", path + 1);
        return 2;
    }
    buf_init(&answer, ANSWER_MAX_BYTES);
    status = ctl_request(&answer, c, path, NULL, NULL);
    if (status == 200 || status == 503)
        print_chunk((const char *)answer.data, answer.len);
    else
        complain(c, status, &answer);
    buf_free(&answer);
    return status == 200 ? 0 : 1;
}

static int run_livez(const struct ctl_client *c, int argc, const char *const *argv)
{
    (void)argv;
    return run_check(c, "/livez", argc);
}

static int run_readyz(const struct ctl_client *c, int argc, const char *const *argv)
{
    (void)argv;
    return run_check(c, "/readyz", argc);
}

static int run_method(const struct ctl_client *c, int argc, const char *const *argv)
{
    cJSON *result;
    int status = ctl_call(&result, c, argv[0], argc - 1, argv + 1);
    char *text = result && !cJSON_IsNull(result) ? cJSON_Print(result) : NULL;

    if (cJSON_IsString(result))
        puts(result->valuestring);
    else if (text)
        puts(text);
    cJSON_free(text);
    cJSON_Delete(result);
    return status;
}

static const struct {
    const char *name, *usage;
    int (*run)(const struct ctl_client *c, int argc, const char *const *argv);
} commands[] = {
    {"ban", "ban SUBNET [SECONDS]    keep an address or subnet out, for a day", run_ban},
    {"events", "events [TOPIC,...]      follow what is decided, until interrupted", run_events},
    {"livez", "livez                   whether every thread turns; status 1 if not", run_livez},
    {"netinfo", "netinfo                 peers by network and direction", run_netinfo},
    {"peers", "peers                   every peer, a line each", run_peers},
    {"readyz", "readyz                  whether it can be of use; status 1 if not", run_readyz},
    {"top", "top [SECONDS]           a live view of the peers; keys are shown at its foot",
     ctl_run_top},
    {"unban", "unban SUBNET            lift a ban", run_unban},
    {"why", "why                     how addresses become peers, and where that ends", run_why},
};

static void list_commands(FILE *to)
{
    fputs("usage: p2pnode ctl [--datadir=DIR] [--api-listen=ADDR:PORT] COMMAND [ARGUMENT...]\n\n",
          to);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        fprintf(to, "  %s\n", commands[i].usage);
    fputs("  help [METHOD]           this, and the methods of a node that runs; or what one does\n"
          "  METHOD [PARAMETER...]   any method of the node\n",
          to);
}

/* --- reaching the node --- */

static int read_cookie(struct ctl_client *c)
{
    const struct ctl_config *config = c->config;
    uint8_t *cookie = NULL;
    struct buf path;
    size_t len;
    int rc;

    buf_init(&path, PATH_MAX);
    if (config->cookie_file)
        buf_puts(&path, config->cookie_file);
    else
        buf_printf(&path, "%s/.cookie", config->datadir);
    rc = buf_cstr(&path) ? read_file(&cookie, &len, buf_cstr(&path), COOKIE_MAX_BYTES) : path.err;
    if (rc < 0 && !c->quiet)
        fprintf(stderr,
                "p2pnode ctl: cannot read the cookie %s: %s; does the node run? If so, name "
                "its --datadir.\n",
                buf_cstr(&path), pn_strerror(rc));
    if (rc == 0)
        snprintf(c->credential, sizeof c->credential, "%.*s", (int)len, (const char *)cookie);
    mem_free(cookie);
    buf_free(&path);
    return rc < 0 ? 1 : 0;
}

int ctl_reach(struct ctl_client *c)
{
    const struct ctl_config *config = c->config;
    static const uint8_t any[16];

    if (!config->api_listen || net_addr_parse(&c->addr, config->api_listen, 0) < 0) {
        if (!c->quiet)
            fprintf(stderr, "p2pnode ctl: the node has no API (--api-listen)\n");
        return 2;
    }
    /* A node that listens everywhere also listens here. */
    if (memcmp(c->addr.bytes, any, net_addr_len(c->addr.kind)) == 0) {
        uint16_t port = c->addr.port;

        net_addr_parse(&c->addr, c->addr.kind == NET_IPV4 ? "127.0.0.1" : "::1", port);
    }
    if (!config->user)
        return read_cookie(c);
    snprintf(c->credential, sizeof c->credential, "%s:%s", config->user, config->password);
    return 0;
}

/* What can be said without a node, and what a node adds when there is one. */
static int help(struct ctl_client *c)
{
    cJSON *methods = NULL;

    list_commands(stdout);
    c->quiet = true;
    if (ctl_reach(c) == 0 && ctl_call(&methods, c, "help", 0, NULL) == 0 && cJSON_IsString(methods))
        printf("\nmethods of the node:\n\n%s\n", methods->valuestring);
    cJSON_Delete(methods);
    return 0;
}

int ctl_run(const struct ctl_config *config, int argc, const char *const *argv)
{
    struct ctl_client client = {.config = config};
    int status;

    json_init();
    if (argc == 0) {
        list_commands(stderr);
        return 2;
    }
    if (argc == 1 && strcmp(argv[0], "help") == 0)
        return help(&client);
    status = ctl_reach(&client);
    if (status != 0)
        return status;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[0], commands[i].name) == 0)
            return commands[i].run(&client, argc - 1, argv + 1);
    return run_method(&client, argc, argv);
}
