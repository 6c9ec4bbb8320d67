/* The options of the program: one table (option_table.def) makes the command line, the
 * environment, the configuration file, --help, the manual page, the sample file and the shells'
 * completion.
 *
 * Precedence: default < configuration file < environment P2PNODE_* < command line. The highest
 * source that names an option decides it alone; lists are replaced, not joined. `--no-KEY`, or an
 * empty value in the file and the environment, switches off what can be off and empties a list. */
#ifndef APP_OPTIONS_H
#define APP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "log/log.h"

enum option_id {
#define OPTION(id, ...) OPTION_##id,
#include "app/option_table.def"
#undef OPTION
    OPTION_COUNT
};

/* Where an option's value came from, lowest precedence first. */
enum option_source {
    OPTION_FROM_DEFAULT,
    OPTION_FROM_FILE,
    OPTION_FROM_ENVIRONMENT,
    OPTION_FROM_COMMAND_LINE
};

/* How many items the lists may have. */
enum {
    OPTION_LISTEN_MAX = 16,
    OPTION_DIAL_MAX = 128,
    OPTION_SEEDS_MAX = 64,
    OPTION_SUBNETS_MAX = 64,
    OPTION_NAMES_MAX = 16,
    OPTION_ONLYNET_MAX = 8,
    OPTION_PUBLISH_MAX = 4
};

/* How the addresses of the zmqpub options begin. */
#define OPTION_TCP "tcp://"
#define OPTION_IPC "ipc://"

struct option_list {
    char **items;
    size_t n;
};

struct option_bits {
    bool set;
    uint64_t bits;
};

/* Addresses are numeric text, checked: "127.0.0.1", "127.0.0.1:8333", "::1", "[::1]:8333".
 * A HOST is such an address or a name, which is not resolved here.
 * A string that may be absent is then NULL. Times are in milliseconds. */
struct options {
    /* Instead of running: see options_answer. */
    bool help;
    bool version;
    bool check_config;
    bool print_config;
    const char *dump_options; /* one of its choices, or NULL; static text */

    char *conf;    /* the file that was read, or NULL */
    char *datadir; /* never NULL after loading; it need not exist */
    char *pidfile;
    bool sandbox;

    const char *bitcoin;           /* "mainnet", "testnet3", "testnet4", "signet", "regtest", or
                                      NULL when switched off; static text */
    char *signet_challenge;        /* hexadecimal script, or NULL for the default signet */
    char *minimum_chain_work;      /* hexadecimal, or NULL for the network's */
    struct option_list listen;     /* ADDR[:PORT]; port 0 lets the system choose; empty: none */
    struct option_list connect;    /* HOST[:PORT]; not empty: dial these peers only */
    struct option_list addnode;    /* HOST[:PORT] */
    struct option_list seednode;   /* HOST[:PORT] */
    struct option_list externalip; /* ADDR[:PORT] */
    bool discover;                 /* unless said, only without externalip, proxy and connect */
    const char *blocks;            /* "recent" or "none" */
    int64_t prune;                 /* blocks that are kept, if any are */
    bool blockfilterindex, peerblockfilters, blockfilterheaders, peerbloomfilters;
    const char *tx_relay;                  /* "off", "trusted" or "on"; static text */
    int64_t generate_interval_ms;          /* 0: off; regtest only */
    struct option_bits advertise_services; /* regtest only */
    char *user_agent_comment;

    bool dnsseed, fixedseeds;        /* unless said, only when peers are to be found */
    struct option_list dnsseed_name; /* in place of the network's own; regtest only */
    char *dns_server;                /* ADDR:PORT, or NULL: the system's */

    char *ethereum;        /* "mainnet", ..., a genesis file, or NULL */
    int64_t eth_networkid; /* 0: the network's own */
    char *eth_import;      /* file, or NULL */
    char *eth_head;        /* hexadecimal hash, or NULL */
    bool eth_receipts, eth_verify_seals, eth_legacy;
    struct option_list eth_listen;   /* ADDR[:PORT], at most one of each family */
    struct option_list eth_external; /* ADDR[:PORT], likewise */
    int64_t eth_maxpeers;
    char *eth_static;  /* enode URLs, comma-separated, or NULL */
    char *eth_trusted; /* likewise */
    int64_t eth_redial_ms;
    char *eth_bootnodes; /* enode URLs, comma-separated, or NULL */
    char *eth_dnsdisc;   /* enrtree URLs or "network", comma-separated, or NULL */

    char *ntp_server; /* HOST[:PORT], or NULL: the clock is not checked */

    const char *nat;   /* "any", "pcp", "natpmp", "upnp", or NULL; static text */
    char *nat_gateway; /* ADDR:PORT, or NULL: the default route's */

    bool electrum;
    struct option_list electrum_listen;     /* ADDR[:PORT] */
    struct option_list electrum_tls_listen; /* ADDR[:PORT] */
    char *electrum_certificate, *electrum_key;
    char *electrum_banner; /* file, or NULL */
    char *electrum_donation_address;
    int64_t electrum_sessions;
    int64_t electrum_sessions_per_address; /* 0: no bound */
    int64_t electrum_idle_timeout_ms;
    bool electrum_peers; /* unless said, only when peers are to be found */
    bool electrum_allow_private;
    char *electrum_server, *electrum_announce; /* HOST:PORT:KIND, comma-separated, or NULL */
    char *electrum_blacklist;                  /* file or URL, or NULL */
    int64_t electrum_blacklist_interval_ms;
    int64_t electrum_cost_soft, electrum_cost_hard; /* hard 0: no bound */
    int64_t electrum_max_tokens;                    /* 0: requests are not limited */
    int64_t electrum_rate_window_ms;
    int64_t electrum_rate_delay_after, electrum_rate_delay_ms;

    int64_t maxpeers;
    int64_t outbound;                          /* 0 with --connect */
    int64_t block_relay;                       /* 0 with --connect */
    char *asmap;                               /* file, or NULL */
    bool loopback_routable;                    /* regtest only */
    char *proxy, *proxy_user, *proxy_password; /* ADDR:PORT, or NULL */
    char *onion, *onion_user, *onion_password;
    bool tor_isolation;
    char *i2psam;
    char *i2psam_options; /* or NULL */
    bool i2pacceptincoming;
    struct option_list onlynet; /* names of networks; empty: all that can be reached */
    bool cjdns_reachable;
    struct option_list whitelist; /* CIDR */
    int64_t bantime_ms;
    struct option_list netrestrict; /* CIDR; empty: no restriction */
    int64_t max_send_buffer_bytes;  /* per peer */

    int64_t handshake_timeout_ms;
    int64_t idle_timeout_ms;
    int64_t ping_interval_ms;
    int64_t stall_tick_ms;
    int64_t stall_timeout_ms;
    int64_t trickle_interval_ms;
    int64_t gossip_interval_ms;
    int64_t write_timeout_ms;
    int64_t connect_timeout_ms;
    int64_t retry_interval_ms;
    int64_t retry_max_ms;

    char *event_log;               /* or NULL */
    char *api_listen;              /* ADDR:PORT, or NULL: no HTTP */
    struct option_list api_allow;  /* CIDR; empty: this machine alone */
    char *api_cookie_file;         /* or NULL: in datadir */
    char *api_user, *api_password; /* or NULL */

    /* tcp://ADDR:PORT or ipc:///PATH; and how many messages wait for one subscriber. */
    struct option_list zmqpubhashblock, zmqpubrawblock, zmqpubhashtx, zmqpubrawtx, zmqpubsequence;
    int64_t zmqpubhashblockhwm, zmqpubrawblockhwm, zmqpubhashtxhwm, zmqpubrawtxhwm;
    int64_t zmqpubsequencehwm;

    const char *log_level;  /* static text; options_log_level gives the enum */
    const char *log_format; /* static text; options_log_format gives the enum */
    char *log_file;         /* NULL: standard error */

    enum option_source source[OPTION_COUNT];
};

/* What is wrong with the input, one sentence each, with file and line where there is one. */
struct option_report {
    struct option_list errors;
    struct option_list warnings;
    int exit_status; /* with errors: STATUS_USAGE when the command line is at fault, else
                        STATUS_CONFIG */
};

/* Read all sources into a fresh `out`, and complain into a fresh `report`: all errors, not the
 * first. After --help and the like nothing else is read. The same arguments give the reloaded
 * options after the file changed. `argv` is not permuted.
 * Thread: one at a time; getopt(3) keeps state. Owns: the caller frees both, also on failure.
 * Returns: 0, PN_EINVAL with errors in the report, or PN_ENOMEM. */
int options_load(struct options *out, struct option_report *report, int argc, char *const *argv,
                 char *const *envp);

/* Accept zeroed structs; leave them zeroed. */
void options_free(struct options *o);
void option_report_free(struct option_report *r);

/* When the options ask for a text instead of a run (help, version, the effective or a checked
 * configuration, a dump), append it to `out`. Returns: 1 when they do, 0 when the program should
 * run, or the buffer's error. */
int options_answer(struct buf *out, const struct options *o);

/* Whether the two agree on one option. Thread: any. */
bool options_equal(const struct options *a, const struct options *b, enum option_id id);

/* The keys whose values differ although they cannot change while the program runs. `keys` holds
 * OPTION_COUNT static names. Returns: how many. */
size_t options_reload_diff(const char **keys, const struct options *running,
                           const struct options *fresh);

/* Exchange the values of all options that can change while the program runs, and where they came
 * from; both stay whole. */
void options_take_reloadable(struct options *running, struct options *fresh);

enum log_level options_log_level(const struct options *o);
enum log_format options_log_format(const struct options *o);

#endif
