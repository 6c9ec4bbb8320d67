/* The limits of the Bitcoin wire format. Where no source is named the value is Bitcoin Core's
 * (net.h, net_processing.cpp, protocol.h of 31.99); btcd's wire package agrees unless stated. */
#ifndef BITCOIN_WIRE_LIMITS_H
#define BITCOIN_WIRE_LIMITS_H

/* No payload is larger (MAX_PROTOCOL_MESSAGE_LENGTH), and no block (MAX_BLOCK_SERIALIZED_SIZE). */
#define BTC_PAYLOAD_MAX_BYTES 4000000
#define BTC_BLOCK_MAX_BYTES   4000000
#define BTC_BLOCK_MAX_WEIGHT  4000000 /* BIP141 */
#define BTC_WITNESS_SCALE     4       /* weight units of a byte outside the witness, BIP141 */
#define BTC_UNKNOWN_MAX_BYTES \
    65536 /* ours: a command we cannot name is skipped, so keep it cheap */
#define BTC_VERSION_MAX_BYTES   1024   /* ours: 346 today, the rest is room for fields to come */
#define BTC_USER_AGENT_MAX      256    /* bytes; MAX_SUBVERSION_LENGTH */
#define BTC_INV_MAX             50000  /* entries of inv, getdata, notfound; MAX_INV_SZ */
#define BTC_HEADERS_MAX         2000   /* MAX_HEADERS_RESULTS */
#define BTC_LOCATOR_MAX         101    /* MAX_LOCATOR_SZ; btcd takes 500 and sends far fewer */
#define BTC_ADDR_MAX            1000   /* entries of addr and addrv2; MAX_ADDR_TO_SEND */
#define BTC_ADDRV2_MAX_BYTES    512    /* one address, BIP155 */
#define BTC_FILTER_MAX_BYTES    36000  /* filterload, BIP37 */
#define BTC_FILTER_MAX_FUNCS    50     /* BIP37 */
#define BTC_FILTERADD_MAX_BYTES 520    /* largest script element, BIP37 */
#define BTC_BLOCK_TXS_MAX       16666  /* MAX_BLOCK_WEIGHT / MIN_TRANSACTION_WEIGHT */
#define BTC_COMPACT_TXS_MAX     65535  /* transaction indexes are 16 bits, BIP152 */
#define BTC_CFILTERS_MAX        1000   /* blocks that one getcfilters may ask for, BIP157 */
#define BTC_CFHEADERS_MAX       2000   /* BIP157 */
#define BTC_CFCHECKPT_INTERVAL  1000   /* blocks, BIP157 */
#define BTC_CFCHECKPT_MAX       10000  /* ours: ten million blocks; testnet3 is past five */
#define BTC_CFILTER_MAX_BYTES   262144 /* btcd's MaxCFilterDataSize */
#define BTC_FEATURE_ID_MIN      4      /* bytes, BIP434 */
#define BTC_FEATURE_ID_MAX      80     /* BIP434 */
#define BTC_FEATURE_DATA_MAX    512    /* BIP434 */
#define BTC_REJECT_REASON_MAX   512    /* ours: Core sent up to 111 bytes, btcd whole sentences */
#define BTC_ALERT_MAX_BYTES     8192   /* ours: the alerts that were ever sent are below 1 KiB */

/* One partial merkle tree over n leaves has fewer than 2n + 16 nodes, one flag bit each. */
#define BTC_MERKLE_FLAGS_MAX ((2 * BTC_BLOCK_TXS_MAX + 16) / 8 + 1)

/* Protocol versions that introduced something (Core, node/protocol_version.h). */
#define BTC_PROTO_BIP31       60001 /* ping carries a nonce, pong answers it */
#define BTC_PROTO_MEMPOOL     60002
#define BTC_PROTO_BLOOM       70001
#define BTC_PROTO_REJECT      70002
#define BTC_PROTO_SENDHEADERS 70012
#define BTC_PROTO_FEEFILTER   70013
#define BTC_PROTO_COMPACT     70014
#define BTC_PROTO_WTXID       70016
#define BTC_PROTO_FEATURE     70017
#define BTC_PROTO_HEADERS     31800 /* getheaders, headers: Core's MIN_PEER_PROTO_VERSION */

/* Payload limits that follow from the limits of the fields. A compact size of up to 65535 takes
 * three bytes. */
#define BTC_ADDR_MAX_BYTES        (3 + BTC_ADDR_MAX * 30)
#define BTC_ADDRS_V2_MAX_BYTES    (3 + BTC_ADDR_MAX * (4 + 9 + 1 + 3 + BTC_ADDRV2_MAX_BYTES + 2))
#define BTC_INV_MAX_BYTES         (3 + BTC_INV_MAX * 36)
#define BTC_LOCATOR_MAX_BYTES     (4 + 1 + BTC_LOCATOR_MAX * 32 + 32)
#define BTC_HEADERS_MAX_BYTES     (3 + BTC_HEADERS_MAX * 81)
#define BTC_REJECT_MAX_BYTES      (1 + 12 + 1 + 3 + BTC_REJECT_REASON_MAX + 32)
#define BTC_FILTERLOAD_MAX_BYTES  (3 + BTC_FILTER_MAX_BYTES + 4 + 4 + 1)
#define BTC_MERKLEBLOCK_MAX_BYTES (80 + 4 + 3 + BTC_BLOCK_TXS_MAX * 32 + 3 + BTC_MERKLE_FLAGS_MAX)
#define BTC_GETBLOCKTXN_MAX_BYTES (32 + 3 + BTC_COMPACT_TXS_MAX)
#define BTC_CFILTER_MSG_MAX_BYTES (1 + 32 + 5 + BTC_CFILTER_MAX_BYTES)
#define BTC_CFHEADERS_MAX_BYTES   (1 + 32 + 32 + 3 + BTC_CFHEADERS_MAX * 32)
#define BTC_CFCHECKPT_MAX_BYTES   (1 + 32 + 3 + BTC_CFCHECKPT_MAX * 32)
#define BTC_FEATURE_MAX_BYTES     (1 + BTC_FEATURE_ID_MAX + 3 + BTC_FEATURE_DATA_MAX)

#endif
