#include "app/option_rules.h"

#include <stdio.h>
#include <string.h>

#include "app/option_list.h"
#include "base/err.h"
#include "base/mem.h"
#include "config.h"

#ifdef HAVE_LIBZMQ
#define HAS_ZMQ true
#else
#define HAS_ZMQ false
#endif

static const char *variable_value(char *const *envp, const char *name)
{
    size_t len = strlen(name);

    for (; envp && *envp; envp++)
        if (strncmp(*envp, name, len) == 0 && (*envp)[len] == '=')
            return *envp + len + 1;
    return "";
}

static int join(char **out, const char *dir, size_t dir_len, const char *below)
{
    size_t size = dir_len + strlen(below) + 1;

    *out = mem_alloc(size);
    if (!*out)
        return PN_ENOMEM;
    snprintf(*out, size, "%.*s%s", (int)dir_len, dir, below);
    return 0;
}

int option_default_datadir(char **out, char *const *envp)
{
    const char *dir = variable_value(envp, "STATE_DIRECTORY");

    /* systemd.exec(5): several directories are separated by colons; ours is the first. */
    if (*dir)
        return join(out, dir, strcspn(dir, ":"), "");
    /* XDG Base Directory Specification: a relative path is to be ignored. */
    dir = variable_value(envp, "XDG_STATE_HOME");
    if (*dir == '/')
        return join(out, dir, strlen(dir), "/p2pnode");
    dir = variable_value(envp, "HOME");
    if (*dir)
        return join(out, dir, strlen(dir), "/.local/state/p2pnode");
    return PN_ENOENT;
}

/* A rule that can be broken: who is to blame, and what to say. */
struct rule {
    bool broken;
    enum option_id id;
    const char *why;
};

static bool network_is(const struct options *o, const char *name)
{
    return o->bitcoin && strcmp(o->bitcoin, name) == 0;
}

static bool names_net(const struct options *o, const char *name)
{
    for (size_t i = 0; i < o->onlynet.n; i++)
        if (strcmp(o->onlynet.items[i], name) == 0)
            return true;
    return false;
}

static bool is_strange_url(const char *text)
{
    return text && strstr(text, "://") && strncmp(text, "http://", 7) != 0 &&
           strncmp(text, "https://", 8) != 0;
}

static bool wants_ip(const struct options *o)
{
    return o->onlynet.n == 0 || names_net(o, "ipv4") || names_net(o, "ipv6");
}

/* Returns: the first of the options that publish by ZeroMQ and are used, or OPTION_COUNT. */
static enum option_id publishing(const struct options *o)
{
    return o->zmqpubhashblock.n > 0  ? OPTION_ZMQPUBHASHBLOCK
           : o->zmqpubrawblock.n > 0 ? OPTION_ZMQPUBRAWBLOCK
           : o->zmqpubhashtx.n > 0   ? OPTION_ZMQPUBHASHTX
           : o->zmqpubrawtx.n > 0    ? OPTION_ZMQPUBRAWTX
           : o->zmqpubsequence.n > 0 ? OPTION_ZMQPUBSEQUENCE
                                     : OPTION_COUNT;
}

int option_apply_rules(struct options *o, struct option_report *report,
                       const struct settings *settings)
{
    /* The pause that was set, rather than the one that stands by default, is to blame. */
    const enum option_id pause = o->source[OPTION_RETRY_MAX] != OPTION_FROM_DEFAULT
                                     ? OPTION_RETRY_MAX
                                     : OPTION_RETRY_INTERVAL;
    const struct rule rules[] = {
        {!o->bitcoin, OPTION_BITCOIN, "no network is left to join"},
        {o->signet_challenge && !network_is(o, "signet"), OPTION_SIGNET_CHALLENGE,
         "only with bitcoin = signet"},
        {o->generate_interval_ms > 0 && !network_is(o, "regtest"), OPTION_GENERATE,
         "only with bitcoin = regtest"},
        {o->advertise_services.set && !network_is(o, "regtest"), OPTION_ADVERTISE_SERVICES,
         "only with bitcoin = regtest"},
        {o->loopback_routable && !network_is(o, "regtest"), OPTION_LOOPBACK_ROUTABLE,
         "only with bitcoin = regtest"},
        {o->dnsseed_name.n > 0 && !network_is(o, "regtest"), OPTION_DNSSEED_NAME,
         "only with bitcoin = regtest"},
        {o->blockfilterindex && strcmp(o->blocks, "none") == 0, OPTION_BLOCKFILTERINDEX,
         "not with blocks = none"},
        {o->blockfilterheaders && strcmp(o->blocks, "none") == 0, OPTION_BLOCKFILTERHEADERS,
         "not with blocks = none"},
        {o->peerblockfilters && !o->blockfilterindex, OPTION_PEERBLOCKFILTERS,
         "only with blockfilterindex"},
        {o->zmqpubrawblock.n > 0 && strcmp(o->blocks, "none") == 0, OPTION_ZMQPUBRAWBLOCK,
         "not with blocks = none"},
        {publishing(o) != OPTION_COUNT && !HAS_ZMQ,
         publishing(o) == OPTION_COUNT ? OPTION_ZMQPUBHASHBLOCK : publishing(o),
         "this build has no libzmq"},
        {o->event_log && !o->api_listen, OPTION_EVENT_LOG, "only with api-listen"},
        {!o->api_user != !o->api_password, o->api_user ? OPTION_API_USER : OPTION_API_PASSWORD,
         "api-user and api-password belong together"},
        {o->electrum && !o->bitcoin, OPTION_ELECTRUM, "only with a Bitcoin network"},
        {is_strange_url(o->electrum_blacklist), OPTION_ELECTRUM_BLACKLIST,
         "a URL begins with http:// or https://"},
        {!o->electrum_certificate != !o->electrum_key,
         o->electrum_key ? OPTION_ELECTRUM_KEY : OPTION_ELECTRUM_CERTIFICATE,
         "a certificate and its key go together"},
        {names_net(o, "onion") && !o->onion && o->source[OPTION_ONION] != OPTION_FROM_DEFAULT,
         OPTION_ONLYNET, "names onion, but --no-onion forbids it"},
        {names_net(o, "onion") && !o->onion && o->source[OPTION_ONION] == OPTION_FROM_DEFAULT &&
             !o->proxy,
         OPTION_ONLYNET, "names onion, but neither --proxy nor --onion leads there"},
        {names_net(o, "i2p") && !o->i2psam, OPTION_ONLYNET,
         "names i2p, but no --i2psam leads there"},
        {names_net(o, "cjdns") && !o->cjdns_reachable, OPTION_ONLYNET,
         "names cjdns, but --cjdns-reachable does not say that it can be reached"},
        {o->dnsseed && o->source[OPTION_DNSSEED] != OPTION_FROM_DEFAULT && !wants_ip(o),
         OPTION_DNSSEED, "DNS seeds tell addresses of ipv4 and ipv6, and --onlynet names neither"},
        {o->retry_max_ms < o->retry_interval_ms, pause,
         "retry-max would be shorter than retry-interval"},
    };
    bool looks_around;
    int err = 0;

    for (size_t i = 0; i < sizeof rules / sizeof rules[0] && err == 0; i++)
        if (rules[i].broken)
            err = setting_complain(report,
                                   settings_last(settings, o->source[rules[i].id], rules[i].id),
                                   rules[i].id, o->conf, rules[i].why);
    /* As bitcoind does: a node that is told whom to dial does not invite others. */
    if (o->connect.n > 0 && o->source[OPTION_LISTEN] == OPTION_FROM_DEFAULT)
        option_list_free(&o->listen);
    if (o->connect.n > 0)
        o->outbound = o->block_relay = 0;
    if (o->source[OPTION_DISCOVER] == OPTION_FROM_DEFAULT)
        o->discover = o->externalip.n == 0 && !o->proxy && o->connect.n == 0;
    /* Nor does one that wants no peers of its own choice, or is told where to stay, ask strangers
     * for addresses, unless told to. */
    looks_around = o->outbound + o->block_relay > 0 && o->netrestrict.n == 0;
    if (o->source[OPTION_DNSSEED] == OPTION_FROM_DEFAULT)
        o->dnsseed = looks_around && wants_ip(o);
    if (o->source[OPTION_ELECTRUM_PEERS] == OPTION_FROM_DEFAULT)
        o->electrum_peers = looks_around;
    if (o->source[OPTION_FIXEDSEEDS] == OPTION_FROM_DEFAULT)
        o->fixedseeds = looks_around;
    /* Nor the time. */
    if (o->source[OPTION_NTP_SERVER] == OPTION_FROM_DEFAULT &&
        (o->netrestrict.n > 0 || o->proxy || o->onion))
        MEM_FREE(o->ntp_server);
    return err;
}
