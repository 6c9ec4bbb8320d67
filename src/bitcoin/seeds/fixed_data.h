/* The compiled lists of contrib/seeds. Internal to this folder; read them through fixed.h. */
#ifndef BITCOIN_SEEDS_FIXED_DATA_H
#define BITCOIN_SEEDS_FIXED_DATA_H

/* Base 64 for URLs of entries, each a BIP155 network id, the address, the port in network order. */
extern const char fixed_mainnet[];
extern const char fixed_testnet3[];
extern const char fixed_testnet4[];
extern const char fixed_signet[];

#endif
