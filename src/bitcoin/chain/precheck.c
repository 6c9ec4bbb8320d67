/* What can be said of a batch of headers without a chain. */
#include <string.h>

#include "base/err.h"
#include "bitcoin/chain/chain.h"
#include "bitcoin/chain/pow.h"

int headers_precheck(uint8_t (*hashes)[BTC_HASH_BYTES], const struct btc_header *headers, size_t n,
                     const struct btc_params *params)
{
    for (size_t i = 0; i < n; i++) {
        int rc;

        if (i > 0 && memcmp(headers[i].prev, hashes[i - 1], BTC_HASH_BYTES) != 0)
            return PN_EORPHAN;
        btc_header_hash(hashes[i], &headers[i]);
        rc = pow_check_hash(hashes[i], headers[i].bits, params);
        if (rc)
            return rc;
    }
    return 0;
}

btc_work headers_work(const struct btc_header *headers, size_t n)
{
    btc_work sum = 0, each = 0;

    for (size_t i = 0; i < n; i++) {
        if (i == 0 || headers[i].bits != headers[i - 1].bits)
            each = work_of_bits(headers[i].bits);
        sum = work_add(sum, each);
    }
    return sum;
}
