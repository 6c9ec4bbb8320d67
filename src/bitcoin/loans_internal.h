/* What those who ask for a loan (loans.c) and those who get it from peers (loans_peers.c) share.
 * All of it under the lock of struct block_loans. */
#ifndef BITCOIN_LOANS_INTERNAL_H
#define BITCOIN_LOANS_INTERNAL_H

#include "bitcoin/loans.h"

/* Whether the place is taken, by this block. */
bool loan_is_of(const struct block_loan *p, const uint8_t hash[32]);

bool loan_is_finished(const struct block_loan *p);

/* What it has come to, LOAN_DONE or LOAN_FAILED: told to all who wait, and counted. */
void loan_finish(const struct bitcoin *b, struct block_loan *p, enum loan_state state, int rc);

/* Empty the place. */
void loan_clear(struct block_loan *p);

#endif
