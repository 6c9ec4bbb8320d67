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
    X(PN_EUNPROVEN, "unproven", "the sender has not proven its address")

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
