/* What writing and reading peers.json share. Internal to addrbook/.
 *
 * The file is one JSON object, in btcd's order (addrmgr/addrmanager.go, serializedAddrManager):
 *
 *   Version       2; in 1 the rows have no services
 *   Key           the 32 bytes of the secret key
 *   Addresses     rows: Addr, Src ("host:port"), Attempts, TimeStamp, LastAttempt, LastSuccess (in
 *                 seconds since 1970; never is Go's zero time), Services, SrcServices (not kept by
 *                 us: 0)
 *   NewBuckets    1024 lists of Addr
 *   TriedBuckets  64 lists of Addr
 *
 * btcd has 64 tried buckets of 256, we have 256 of 64: one of its lists holds four buckets of ours,
 * list i our buckets 4i to 4i + 3, and so is never too long for it. It keeps a tried address in the
 * list where it finds it. We compute a tried address's place from the key, wherever it was listed;
 * should another have the place, it goes to new. In the new table both have 1024 buckets of 64, but
 * hash differently: what btcd wrote is placed anew by its source, what we wrote stays where it was.
 *
 * Members that btcd passes over and does not write:
 *
 *   P2pnode       Asmap: the identity of the map of systems, or "": under another one the new
 *                 buckets mean nothing. Addresses: rows with an I2P address or source, which btcd
 *                 would try to resolve; they have Tried and Buckets besides, and are in no list
 *   Checksum      SHA-256 of all bytes of the file before the comma in front of it; the last member
 */
#ifndef ADDRBOOK_PEERS_FORMAT_H
#define ADDRBOOK_PEERS_FORMAT_H

#include "addrbook/addrbook.h"

#define PEERS_VERSION        2
#define PEERS_TRIED_LISTS    64
#define PEERS_BUCKETS_A_LIST (ADDRBOOK_TRIED_BUCKETS / PEERS_TRIED_LISTS)
#define PEERS_GO_ZERO_TIME_S INT64_C(-62135596800) /* 1 January of year 1 */
#define PEERS_V1_SERVICES    UINT64_C(1)           /* NODE_NETWORK, as btcd assumes */
#define PEERS_MAX_ROWS       131072                /* btcd's tables are a little larger */
#define PEERS_ID_TEXT_BYTES  65

/* The identity of the policy's map in hexadecimal, or "". Returns: out. */
const char *peers_asmap_text(char out[PEERS_ID_TEXT_BYTES], const struct net_policy *policy);

/* What a file says. */
struct peers_content {
    uint8_t key[ADDRBOOK_KEY_BYTES];
    struct addrbook_record *records; /* tried, or with the buckets of slots */
    size_t n;
    size_t skipped; /* rows of kinds that are no more (Tor version 2) */
    bool ours;      /* written by us, under the map `asmap` */
    char asmap[PEERS_ID_TEXT_BYTES];
};

/* Read a file's text. *at is where reading ended, for the log.
 * Owns: the caller frees with peers_content_free, also after a failure.
 * Returns: 0; PN_EFORMAT, PN_ETRUNCATED, PN_ECHECKSUM, PN_EVERSION, PN_ECOUNT; PN_ENOMEM. */
int peers_parse(struct peers_content *out, size_t *at, const uint8_t *text, size_t len);
void peers_content_free(struct peers_content *c);

#endif
