/* A whole Ethereum node over loopback. Header sync from another one on the same two cores: a
 * private chain with work, of empty blocks, that the other one has imported from a file; the time
 * runs from the first headers that are there to the last. And what peers cost that only keep their
 * connection: they are this process, on the same network. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "bench_process.h"
#include "codec/hex.h"
#include "codec/rlp.h"
#include "ethereum/chain/rules.h"
#include "ethereum/enr/node.h"
#include "ethereum/types/body.h"
#include "ethereum/wire/msg.h"
#include "rlpx_member.h"

enum { HEADERS = 300000, SECONDS = 13, POLL_MS = 5, PATIENCE_S = 180, RUNS = 3, IDLE_PEERS = 50 };

static const char genesis_json[] =
    "{\"config\": {\"chainId\": 71338, \"homesteadBlock\": 0, \"eip150Block\": 0, "
    "\"eip155Block\": 0, \"eip158Block\": 0, \"byzantiumBlock\": 0}, \"timestamp\": \"0x1\", "
    "\"gasLimit\": \"0x7a1200\", \"difficulty\": \"0x20000\", \"alloc\": {}}";

struct scene {
    char folder[48], genesis[96], chain[96];
    struct net_addr giver, taker; /* where they listen for RLPx */
    char bootnodes[32], network[112], import[112];
};

static struct scene s;

static void write_file(const char *path, const void *data, size_t len)
{
    FILE *f = fopen(path, "w");

    if (!f || fwrite(data, 1, len, f) != len || fclose(f) != 0)
        bench_die(path);
}

/* The block after *h, which becomes it. */
static void append_block(struct buf *file, struct eth_header *h, const struct eth_params *p)
{
    const struct eth_header parent = *h;
    const struct bytes none = {(const uint8_t *)"\xc0", 1};
    struct eth_block block = {.body = {.txs = none, .uncles = none}};
    struct buf rlp;

    memcpy(h->parent, parent.hash, ETH_HASH_BYTES);
    h->number++;
    h->time += SECONDS;
    h->difficulty = eth_difficulty(p, &parent, h->time);
    buf_init(&rlp, 4096);
    eth_header_encode(&rlp, h);
    block.header = (struct bytes){rlp.data, rlp.len};
    if (rlp.err || eth_header_decode(h, block.header) < 0)
        bench_die("cannot make a header");
    h->extra = (struct bytes){0};
    eth_block_encode(file, &block);
    buf_free(&rlp);
}

static void make_network(void)
{
    snprintf(s.folder, sizeof s.folder, "/tmp/p2pnode-bench-eth-XXXXXX");
    if (!mkdtemp(s.folder))
        bench_die("no folder");
    snprintf(s.genesis, sizeof s.genesis, "%s/genesis.json", s.folder);
    snprintf(s.network, sizeof s.network, "--ethereum=%s", s.genesis);
    snprintf(s.bootnodes, sizeof s.bootnodes, "--eth-bootnodes=");
    net_addr_parse(&s.giver, "127.0.0.1:19871", 0);
    net_addr_parse(&s.taker, "127.0.0.1:19872", 0);
    write_file(s.genesis, genesis_json, strlen(genesis_json));
}

static void forget_network(void)
{
    unlink(s.genesis);
    rmdir(s.folder);
}

static void make_chain(void)
{
    struct eth_params *p = calloc(1, sizeof *p);
    struct eth_header h;
    struct buf file;
    size_t at;

    if (!p || eth_params_from_genesis(p, &at, genesis_json, strlen(genesis_json)) < 0)
        bench_die("genesis");
    h = p->genesis;
    h.extra = (struct bytes){0};
    buf_init(&file, (size_t)HEADERS * 1024);
    for (unsigned i = 0; i < HEADERS; i++)
        append_block(&file, &h, p);
    if (file.err)
        bench_die("no memory for a chain");
    write_file(s.chain, file.data, file.len);
    buf_free(&file);
    free(p);
}

static void await(const struct node *n, double number)
{
    double start = bench_now();

    while (node_metric(n, "p2pnode_eth_head_header_number") < number) {
        if (bench_now() - start > PATIENCE_S)
            bench_die("the headers do not come");
        poll(NULL, 0, POLL_MS);
    }
}

/* By the key in its data directory. */
static void identify(struct eth_node *out, const struct node *n, const struct net_addr *at)
{
    uint8_t secret[EC_SECRET_BYTES], pubkey[EC_PUBKEY_BYTES];
    char path[128], text[2 * EC_SECRET_BYTES + 1] = "";
    FILE *f;

    snprintf(path, sizeof path, "%s/nodekey", n->dir);
    f = fopen(path, "r");
    if (!f || fread(text, 1, sizeof text - 1, f) != sizeof text - 1 || fclose(f) != 0 ||
        hex_decode(secret, sizeof secret, text) < 0 || ec_pubkey(pubkey, secret) < 0)
        bench_die(path);
    eth_node_init(out, pubkey, at, at->port);
}

/* Options for a node that is found and finds nobody by itself. */
static const char *listen_option(char out[64], const struct net_addr *at)
{
    char text[NET_ADDR_TEXT_BYTES];

    snprintf(out, 64, "--eth-listen=%s", net_addr_format(text, at));
    return out;
}

static double sync_rate(void *arg)
{
    const char *giver_enode = arg;
    char listen[64], statics[ENODE_TEXT_BYTES + 16];
    double first, start, took;
    struct node taker;

    snprintf(statics, sizeof statics, "--eth-static=%s", giver_enode);
    node_start(&taker, 8,
               (const char *const[]){s.network, s.bootnodes, listen_option(listen, &s.taker),
                                     statics, NULL});
    await(&taker, 1);
    start = bench_now();
    first = node_metric(&taker, "p2pnode_eth_head_header_number");
    await(&taker, HEADERS);
    took = bench_now() - start;
    node_stop(&taker);
    return (HEADERS - first) / took;
}

void bench_eth(void)
{
    char listen[64], enode[ENODE_TEXT_BYTES];
    struct eth_node identity;
    struct node giver;

    make_network();
    snprintf(s.chain, sizeof s.chain, "%s/chain.rlp", s.folder);
    snprintf(s.import, sizeof s.import, "--eth-import=%s", s.chain);
    make_chain();
    node_start(&giver, 8,
               (const char *const[]){s.network, s.bootnodes, listen_option(listen, &s.giver),
                                     s.import, NULL});
    await(&giver, HEADERS);
    identify(&identity, &giver, &s.giver);
    enode_format(enode, &identity);
    bench_rate("eth_header_sync", bench_median(RUNS, sync_rate, enode), "headers");
    node_stop(&giver);
    unlink(s.chain);
    forget_network();
}

/* A peer up to the answer to its first question, which shows that its threads run and that the
 * manager knows it. */
static void join(struct member *m, const struct eth_node *node)
{
    static const uint8_t genesis_please[] = {0xc6, 1, 0xc4, 0x80, 1, 0x80, 0x80};
    struct rlpx_item item;
    struct buf status;

    member_connect(m, node);
    buf_init(&status, 4096);
    member_read_status(m, &status);
    member_say_status(m, &status);
    buf_free(&status);
    member_send(m, MEMBER_STATUS + ETH_GET_BLOCK_HEADERS,
                (struct bytes){genesis_please, sizeof genesis_please});
    do
        member_need(member_next(m, &item), "no answer");
    while (item.code != MEMBER_STATUS + ETH_BLOCK_HEADERS);
}

void bench_eth_peers(void)
{
    static struct member first, peers[IDLE_PEERS];
    struct eth_node identity;
    char listen[64];
    struct node n;
    long before, after;
    double start;

    make_network();
    node_start(&n, 8,
               (const char *const[]){s.network, s.bootnodes, listen_option(listen, &s.taker),
                                     "--eth-maxpeers=100", NULL});
    await(&n, 0);
    identify(&identity, &n, &s.taker);
    join(&first, &identity); /* what the first peer costs once is not a peer's cost */
    before = node_resident_kib(&n);
    start = bench_now();
    for (int i = 0; i < IDLE_PEERS; i++)
        join(&peers[i], &identity);
    bench_rate("eth_handshakes", IDLE_PEERS / (bench_now() - start), "handshakes");
    after = node_resident_kib(&n);
    bench_value("eth_idle_peer_memory", (double)(after - before) / IDLE_PEERS, "KiB");
    bench_value("eth_node_with_50_peers_memory", (double)after / 1024, "MiB");
    for (int i = 0; i < IDLE_PEERS; i++)
        member_free(&peers[i]);
    member_free(&first);
    node_stop(&n);
    forget_network();
}
