/* The one error enum of the program. Functions return 0 or one of these; they are negative.
 * Errors travel up once and are logged once, where they are decided on. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

/* X(identifier, "short_name", "sentence for a human"). The short name is stable: it serves as a
 * metric label and in JSON. Append only. */
#define PN_ERR_LIST(X)                                                                         \
    X(PN_EINVAL, "invalid_argument", "invalid argument")                                       \
    X(PN_ENOMEM, "no_memory", "out of memory")                                                 \
    X(PN_ELIMIT, "limit", "a configured limit was reached")                                    \
    X(PN_EAGAIN, "would_block", "nothing to take, or no room, right now")                      \
    X(PN_ETIMEDOUT, "timeout", "the deadline passed")                                          \
    X(PN_ECLOSED, "closed", "the channel or connection is closed")                             \
    X(PN_EQUIT, "quit", "asked to quit")                                                       \
    X(PN_EEXIST, "exists", "already exists")                                                   \
    X(PN_ENOENT, "not_found", "not found")                                                     \
    X(PN_EIO, "io", "input/output error")                                                      \
    X(PN_ESYS, "system", "a system call failed")                                               \
    X(PN_EBUSY, "busy", "in use by another process")                                           \
    X(PN_EREFUSED, "refused", "connection refused")                                            \
    X(PN_EUNREACH, "unreachable", "network or host unreachable")                               \
    X(PN_ERESET, "reset", "connection reset by the remote side")                               \
    X(PN_EEOF, "eof", "the remote side closed the connection")                                 \
    X(PN_EFILTERED, "filtered", "address outside the permitted networks")                      \
    X(PN_ETRUNCATED, "truncated", "input ends before the value does")                          \
    X(PN_ETRAILING, "trailing_bytes", "bytes left over after the last field")                  \
    X(PN_ENONCANONICAL, "non_canonical", "number not in its shortest encoding")                \
    X(PN_ETOOLARGE, "too_large", "length or size above its limit")                             \
    X(PN_ECOUNT, "bad_count", "element count above its limit or more than the bytes can hold") \
    X(PN_EMAGIC, "bad_magic", "message start of another network")                              \
    X(PN_ECHECKSUM, "bad_checksum", "checksum does not match")                                 \
    X(PN_ECOMMAND, "bad_command", "command name is not zero-padded ASCII")                     \
    X(PN_EFORMAT, "bad_format", "malformed value")                                             \
    X(PN_EVERSION, "old_version", "protocol version below the minimum")                        \
    X(PN_ESELF, "self_connection", "connected to ourselves")                                   \
    X(PN_EDUPLICATE, "duplicate", "received twice")                                            \
    X(PN_EPROTO, "protocol_violation", "message not allowed in this state")                    \
    X(PN_ESTALLED, "stalled", "an expected response did not come")                             \
    X(PN_ESLOW, "slow_reader", "the remote side does not read what we send")                   \
    X(PN_EIDLE, "idle", "nothing received for too long")                                       \
    X(PN_EPOW, "bad_pow", "hash is above the target that the header claims")                   \
    X(PN_EBITS, "bad_bits", "difficulty bits differ from what the rules require")              \
    X(PN_EORPHAN, "unknown_parent", "parent header is not known")                              \
    X(PN_ETIMEOLD, "time_too_old", "timestamp not after the median of the last 11")            \
    X(PN_ETIMENEW, "time_too_new", "timestamp too far in the future")                          \
    X(PN_ETIMEWARP, "timewarp", "first timestamp of a period too far before the last one")     \
    X(PN_EBADVERSION, "bad_header_version", "header version is obsolete at its height")        \
    X(PN_ECHECKPOINT, "invalid_ancestor", "descends from a header known to be invalid")        \
    X(PN_EMERKLE, "bad_merkle_root", "merkle root does not match the transactions")            \
    X(PN_EMUTATED, "mutated", "duplicated transactions under one merkle root")                 \
    X(PN_EWITNESS, "bad_witness_commitment", "witness commitment does not match")              \
    X(PN_EWEIGHT, "too_heavy", "block size or weight above the limit")                         \
    X(PN_ECOINBASE, "bad_coinbase", "not exactly one coinbase, at the front, of legal size")   \
    X(PN_ESIGNATURE, "bad_signature", "signature does not match")                              \
    X(PN_EEXPIRED, "expired", "the packet's time has passed")                                  \
    X(PN_EUNSOLICITED, "unsolicited", "a reply that nobody asked for")                         \
    X(PN_EUNPROVEN, "unproven", "the sender has not proven its address")                       \
    X(PN_ENOROUTE, "no_route", "no way to reach this kind of address is configured")           \
    X(PN_EPROXY_DOWN, "proxy_down", "the proxy itself cannot be reached")                      \
    X(PN_EPROXY_CLOSED, "proxy_closed", "the proxy closed the connection without an answer")   \
    X(PN_EPROXY_PROTO, "proxy_bad_reply", "the proxy's reply is malformed")                    \
    X(PN_EPROXY_METHOD, "proxy_no_method",                                                     \
      "the proxy takes none of the offered ways to authenticate")                              \
    X(PN_EPROXY_AUTH, "proxy_credentials", "the proxy refused the user or password")           \
    X(PN_EPROXY_FAILED, "proxy_failure", "the proxy reports a general failure")                \
    X(PN_EPROXY_DENIED, "proxy_denied", "the proxy's rules forbid the connection")             \
    X(PN_EPROXY_NETWORK, "proxy_network", "no route from the proxy to the network")            \
    X(PN_EPROXY_HOST, "proxy_host", "no route from the proxy to the host")                     \
    X(PN_EPROXY_REFUSED, "proxy_refused", "the host refused the proxy's connection")           \
    X(PN_EPROXY_TTL, "proxy_ttl_expired", "the proxy's connection expired on its way")         \
    X(PN_EPROXY_COMMAND, "proxy_no_command", "the proxy does not support the command")         \
    X(PN_EPROXY_ATYP, "proxy_no_address_type", "the proxy does not support the address type")  \
    X(PN_EPROXY_CODE, "proxy_unknown_code", "the proxy refused with an unknown code")          \
    X(PN_EONION_NOTFOUND, "onion_not_found", "the onion service has no descriptor")            \
    X(PN_EONION_DESCRIPTOR, "onion_bad_descriptor", "the onion descriptor is invalid")         \
    X(PN_EONION_INTRO, "onion_intro_failed", "the onion service cannot be introduced to")      \
    X(PN_EONION_RENDEZVOUS, "onion_rendezvous_failed",                                         \
      "the rendezvous with the onion service failed")                                          \
    X(PN_EONION_AUTH, "onion_auth", "the onion service wants a client authorisation")          \
    X(PN_EONION_ADDRESS, "onion_bad_address", "the onion address is invalid")                  \
    X(PN_ESAM_VERSION, "sam_version", "the I2P router does not speak SAM 3.1")                 \
    X(PN_ESAM_SESSION, "sam_session", "the I2P router does not know or take the session")      \
    X(PN_ESAM_NOTFOUND, "i2p_not_found", "the I2P destination is unknown")                     \
    X(PN_ESAM_UNREACH, "i2p_unreachable", "the I2P destination cannot be reached")             \
    X(PN_ESAM_FAILED, "sam_failure", "the I2P router reports a failure")                       \
    X(PN_EDNS_NONAME, "dns_no_name", "the name does not exist or has no address")              \
    X(PN_EDNS_FAILED, "dns_failure", "the name server failed, refused or answered nonsense")   \
    X(PN_EGROUP, "same_group", "another outbound connection is in the same network group")     \
    X(PN_EDONE, "done", "the connection has served its purpose")                               \
    X(PN_EBANNED, "banned", "the address is banned")                                           \
    X(PN_EDISCOURAGED, "discouraged", "the address has misbehaved before")                     \
    X(PN_EEVICTED, "evicted", "gave way to another peer")                                      \
    X(PN_ESCORE, "ban_score", "its ban score reached the threshold")                           \
    X(PN_EHEIGHT, "bad_coinbase_height", "another height in the coinbase")                     \
    X(PN_ENOTFINAL, "not_final", "a transaction is locked to a later time")                    \
    X(PN_EFORK, "wrong_fork", "its chain forked off ours, or has forks that we do not know")   \
    X(PN_EFORK_REMOTE, "stale_fork", "its software does not know forks that have passed")      \
    X(PN_ENETWORK, "wrong_network", "it serves another network")                               \
    X(PN_EGENESIS, "wrong_genesis", "its chain begins with another block")                     \
    X(PN_ENOSPC, "disk_full", "no room left on the disk")                                      \
    X(PN_EHANDSHAKE, "bad_handshake", "the encryption handshake failed")                       \
    X(PN_EMAC, "bad_mac", "message authentication failed")                                     \
    X(PN_ECOMPRESSION, "bad_compression", "malformed compressed data")                         \
    X(PN_EUSELESS, "useless_peer", "no protocol in common")                                    \
    X(PN_ECONNECTED, "already_connected", "another connection to this node is there")          \
    X(PN_EFULL, "too_many_peers", "as many peers as may be")                                   \
    X(PN_EIDENTITY, "wrong_identity", "not the node that was dialled, or one without a name")  \
    X(PN_ETHROTTLED, "throttled", "the address was here a moment ago")                         \
    X(PN_EREMOTE_REQUESTED, "remote_requested", "the remote side asked to part")               \
    X(PN_EREMOTE_NETWORK, "remote_network", "the remote side had a network error")             \
    X(PN_EREMOTE_BREACH, "remote_breach", "the remote side saw a breach of the protocol")      \
    X(PN_EREMOTE_USELESS, "remote_useless", "the remote side has no use for us")               \
    X(PN_EREMOTE_FULL, "remote_full", "the remote side has too many peers")                    \
    X(PN_EREMOTE_CONNECTED, "remote_connected", "the remote side is connected to us already")  \
    X(PN_EREMOTE_VERSION, "remote_version", "the remote side speaks another version")          \
    X(PN_EREMOTE_IDENTITY, "remote_identity", "the remote side took us for somebody else")     \
    X(PN_EREMOTE_QUITTING, "remote_quitting", "the remote side is quitting")                   \
    X(PN_EREMOTE_SELF, "remote_self", "the remote side took us for itself")                    \
    X(PN_EREMOTE_TIMEOUT, "remote_timeout", "the remote side has waited too long for us")      \
    X(PN_EREMOTE_SUBPROTOCOL, "remote_subprotocol", "the remote side failed in a subprotocol") \
    X(PN_EREMOTE_OTHER, "remote_other", "the remote side parted for a reason of its own")      \
    X(PN_EOPERATOR, "operator", "asked for by the operator")                                   \
    X(PN_EPAUSED, "paused", "the operator has switched the network off")                       \
    X(PN_EUNCLES, "bad_uncles", "the uncles differ from what the header says")                 \
    X(PN_EWITHDRAWALS, "bad_withdrawals", "the withdrawals differ from what the header says")  \
    X(PN_ERECEIPTS, "bad_receipts", "the receipts differ from what the header says")           \
    X(PN_EGAS, "bad_gas", "a gas field breaks its rule")                                       \
    X(PN_EDIFFICULTY, "bad_difficulty", "difficulty differs from what the rules require")      \
    X(PN_ESEAL, "bad_seal", "the seal is not the work that the difficulty demands")            \
    X(PN_EBASEFEE, "bad_base_fee", "base fee differs from what the rules require")             \
    X(PN_EBLOBGAS, "bad_blob_gas", "blob gas differs from what the rules require")             \
    X(PN_EFIELDS, "bad_fields", "fields of another fork, or missing ones")                     \
    X(PN_EBLOBS, "bad_blobs", "blobs, commitments or their hashes do not fit together")        \
    X(PN_ECHAINID, "wrong_chain_id", "signed for another chain")                               \
    X(PN_ETLS, "tls", "the TLS handshake or a TLS record is bad")                              \
    X(PN_ECOST, "cost_limit", "the session cost more than one may")                            \
    X(PN_ENAT_REFUSED, "nat_refused", "the gateway refuses to map a port")                     \
    X(PN_ELOWWORK, "low_work", "a chain of too little work")                                   \
    X(PN_EMISMATCH, "other_headers", "headers differ from those shown before")                 \
    X(PN_ERECENT, "tried_recently", "it was tried in the last ten minutes")                    \
    X(PN_ESERVICES, "no_services", "it offers no service that is wanted")                      \
    X(PN_ELAGGING, "lagging", "its chain stays behind ours")                                   \
    X(PN_EOTHERCHAIN, "checkpoint", "another header than the one known at its height")         \
    X(PN_ESEQUENCE, "spent_nonce", "a block has used its sender's nonce already")              \
    X(PN_EFILTER, "bad_filter", "a block filter that cannot be the block's")                   \
    X(PN_EDENIED, "denied", "permission denied")

enum pn_err {
    PN_OK = 0,
    PN_ERR_FIRST_ = -1000, /* so that the list below counts up from -999 */
#define PN_ERR_ENUM_(id, name, text) id,
    PN_ERR_LIST(PN_ERR_ENUM_)
#undef PN_ERR_ENUM_
        PN_ERR_END_
};

/* A sentence for the log. Thread: any. Returns: static text, also for 0 and unknown values. */
const char *pn_strerror(int err);

/* The stable short name ("bad_magic"; "ok" for 0). Thread: any. Returns: static text. */
const char *pn_errname(int err);

/* Translate errno after a socket or file call. Thread: any. Returns: a negative pn_err. */
int pn_err_from_errno(int sys_errno);

#endif
