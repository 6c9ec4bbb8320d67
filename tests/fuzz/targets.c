#include "fuzz.h"

const uint8_t fuzz_magic[4] = {0xfa, 0xbf, 0xb5, 0xda};

static const struct fuzz_target targets[] = {
#define BTC_MSG(id, name, limit, since, type, decode, encode) {#name, fuzz_msg, BTC_CMD_##id},
#include "bitcoin/wire/msgs.def"
    {"stream", fuzz_stream, BTC_CMD_UNKNOWN},
    {"compact", fuzz_compact, BTC_CMD_UNKNOWN},
    {"address", fuzz_address, BTC_CMD_UNKNOWN},
    {"hex", fuzz_hex, BTC_CMD_UNKNOWN},
    {"socks5", fuzz_socks5, BTC_CMD_UNKNOWN},
    {"sam", fuzz_sam, BTC_CMD_UNKNOWN},
    {"script", fuzz_script, BTC_CMD_UNKNOWN},
    {"reconstruct", fuzz_reconstruct, BTC_CMD_UNKNOWN},
    {"gcs", fuzz_gcs, BTC_CMD_UNKNOWN},
    {"txrelay", fuzz_txrelay, BTC_CMD_UNKNOWN},
    {"jsonrpc", fuzz_jsonrpc, BTC_CMD_UNKNOWN},
    {"nat", fuzz_nat, BTC_CMD_UNKNOWN},
    {"net_addr", fuzz_net_addr, BTC_CMD_UNKNOWN},
    {"json_scan", fuzz_json_scan, BTC_CMD_UNKNOWN},
    {"peers_json", fuzz_peers_json, BTC_CMD_UNKNOWN},
    {"asmap", fuzz_asmap, BTC_CMD_UNKNOWN},
    {"rlp", fuzz_rlp, BTC_CMD_UNKNOWN},
    {"enr", fuzz_enr, BTC_CMD_UNKNOWN},
    {"enode", fuzz_enode, BTC_CMD_UNKNOWN},
    {"dnsdisc", fuzz_dnsdisc, BTC_CMD_UNKNOWN},
    {"discv4_ping", fuzz_discv4, BTC_CMD_UNKNOWN},
    {"discv4_pong", fuzz_discv4, BTC_CMD_UNKNOWN},
    {"discv4_findnode", fuzz_discv4, BTC_CMD_UNKNOWN},
    {"discv4_neighbors", fuzz_discv4, BTC_CMD_UNKNOWN},
    {"discv4_enr_request", fuzz_discv4, BTC_CMD_UNKNOWN},
    {"discv4_enr_response", fuzz_discv4, BTC_CMD_UNKNOWN},
    {"discv4_engine", fuzz_discv4_engine, BTC_CMD_UNKNOWN},
    {"rlpx_packet", fuzz_rlpx_packet, BTC_CMD_UNKNOWN},
    {"rlpx_auth", fuzz_rlpx_auth, BTC_CMD_UNKNOWN},
    {"rlpx_stream", fuzz_rlpx_stream, BTC_CMD_UNKNOWN},
    {"rlpx_data", fuzz_rlpx_data, BTC_CMD_UNKNOWN},
    {"rlpx_hello", fuzz_rlpx_hello, BTC_CMD_UNKNOWN},
#define ETH_MSG(id, code, name, first, last, part, max, has_id) \
    {"eth_" name, fuzz_eth_msg, BTC_CMD_UNKNOWN},
#include "ethereum/wire/msgs.def"
#undef ETH_MSG
    {"eth_header", fuzz_eth_header, BTC_CMD_UNKNOWN},
    {"eth_block", fuzz_eth_block, BTC_CMD_UNKNOWN},
    {"eth_tx", fuzz_eth_tx, BTC_CMD_UNKNOWN},
    {"eth_receipts_list", fuzz_eth_receipts, BTC_CMD_UNKNOWN},
    {"eth_serve", fuzz_eth_serve, BTC_CMD_UNKNOWN},
};

const struct fuzz_target *fuzz_targets(size_t *count)
{
    *count = sizeof targets / sizeof targets[0];
    return targets;
}

const struct fuzz_target *fuzz_target_find(const char *name)
{
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++)
        if (strcmp(targets[i].name, name) == 0)
            return &targets[i];
    return NULL;
}
