/* Seeds for Ethereum's targets. */
#include <stdlib.h>
#include <string.h>

#include "codec/rlp.h"
#include "ethereum/discv4/wire.h"
#include "fuzz.h"

static const uint8_t secret[EC_SECRET_BYTES] = {[31] = 1};

enum { EXPIRATION = 1136239445 }; /* EIP-8's */

/* One example of each type. */
static void make_packet(struct discv4_packet *p, enum discv4_type type, const struct enr *record)
{
    struct eth_endpoint v4 = {{.kind = NET_IPV4, .port = 30303, .bytes = {88, 7, 6, 5}}, 30303};
    struct eth_endpoint v6 = {{.kind = NET_IPV6, .port = 30303, .bytes = {0x2a, 1}}, 0};

    memset(p, 0, sizeof *p);
    p->type = type;
    p->expiration = EXPIRATION;
    switch (type) {
    case DISCV4_PING:
        p->u.ping.from = v4;
        p->u.ping.to = v6;
        p->u.ping.has_seq = true;
        p->u.ping.seq = 1000;
        break;
    case DISCV4_PONG:
        p->u.pong.to = v4;
        p->u.pong.ping_hash[0] = 1;
        break;
    case DISCV4_FINDNODE:
        memcpy(p->u.findnode.target, record->node.pubkey, EC_PUBKEY_BYTES);
        break;
    case DISCV4_NEIGHBORS:
        p->u.neighbors.count = 3;
        for (unsigned i = 0; i < 3; i++) {
            p->u.neighbors.nodes[i].at = i ? v4 : v6;
            p->u.neighbors.nodes[i].pubkey[0] = (uint8_t)i;
        }
        break;
    case DISCV4_ENR_RESPONSE:
        p->u.enr_response.record = (struct bytes){.data = record->raw, .len = record->len};
        break;
    case DISCV4_ENR_REQUEST:
    case DISCV4_TYPE_COUNT:
        break;
    }
}

/* Each type alone, and all in one conversation. */
static bool make_packets(const char *dir, const struct enr *record)
{
    struct discv4_packet p;
    struct buf b, talk;
    bool done = true;

    buf_init(&b, 2 * DISCV4_MAX_PACKET_BYTES);
    buf_init(&talk, 65536);
    for (unsigned round = 0; round < 2; round++)
        for (unsigned type = DISCV4_PING; type < DISCV4_TYPE_COUNT && done; type++) {
            char name[32] = "discv4_";

            make_packet(&p, (enum discv4_type)type, record);
            done = discv4_encode(&b, &p, secret) == 0;
            strncat(name, discv4_type_name(type), sizeof name - strlen(name) - 1);
            if (done && round == 0)
                done = fuzz_corpus_put(dir, name, b.data + DISCV4_HEAD_BYTES,
                                       b.len - DISCV4_HEAD_BYTES, 0);
            write_be16(&talk, (uint16_t)(b.len - DISCV4_HEAD_BYTES));
            write_u8(&talk, (uint8_t)type);
            buf_append(&talk, b.data + DISCV4_HEAD_BYTES, b.len - DISCV4_HEAD_BYTES);
            buf_append(&talk, (const uint8_t[]){0, 100, 0}, 3); /* ten seconds pass */
        }
    done = done && talk.err == 0 && fuzz_corpus_put(dir, "discv4_engine", talk.data, talk.len, 0);
    buf_free(&b);
    buf_free(&talk);
    return done;
}

/* A record's content: what is behind its signature. */
static bool make_record(const char *dir, const struct enr *record)
{
    struct reader r = reader_of(record->raw, record->len), list = rlp_read_list(&r);

    rlp_read_raw(&list);
    return list.err == 0 && fuzz_corpus_put(dir, "enr", list.pos, reader_left(&list), 0) &&
           fuzz_corpus_put(dir, "rlp", record->raw, record->len, 0);
}

static bool make_texts(const char *dir, const struct enr *record)
{
    static const char *const texts[] = {
        "enrtree-root:v1 e=QFT4PBCRX4XQCV3VUYJ6BTCEPU l=JGUFMSAGI7KZYB3P7IZW4S5Y3A seq=3 "
        "sig="
        "3FmXuVwpa8Y7OstZTx9PIb1mt8FrW7VpDOFv4AaGCsZ2EIHmhraWhe4NxYhQDlw5MjeFXYMbJjsPeKlHzmJREQE",
        "enrtree-branch:2XS2367YHAXJFGLZHVAWLQD4ZY,H4FHT4B454P6UXFD7JCYQ5PWDY",
        "enrtree://AKPYQIUQIL7PSIACI32J7FGZW56E5FKHEFCCOFHILBIMW3M6LWXS2@nodes.example.org",
    };
    char text[ENR_TEXT_BYTES], url[ENODE_TEXT_BYTES];
    bool done = true;

    for (unsigned i = 0; i < 3; i++)
        done &= fuzz_corpus_put(dir, "dnsdisc", (const uint8_t *)texts[i], strlen(texts[i]), i);
    enr_format(text, record);
    done &= fuzz_corpus_put(dir, "dnsdisc", (const uint8_t *)text, strlen(text), 3);
    enode_format(url, &record->node);
    return done && fuzz_corpus_put(dir, "enode", (const uint8_t *)url, strlen(url), 0);
}

bool fuzz_corpus_make_eth(const char *dir)
{
    const struct eth_fork_id fork_id = {{1, 2, 3, 4}, 5};
    const struct eth_endpoint at[ETH_FAMILIES] = {
        {{.kind = NET_IPV4, .port = 30303, .bytes = {88, 7, 6, 5}}, 30304}};
    struct enr record;

    return enr_sign(&record, secret, 7, at, &fork_id) == 0 && make_record(dir, &record) &&
           make_packets(dir, &record) && make_texts(dir, &record);
}
