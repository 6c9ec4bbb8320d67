#include "electrum/proof/merkle.h"

#include <string.h>

#include "crypto/sha256.h"

unsigned merkle_depth(size_t n)
{
    unsigned depth = 0;

    while ((size_t)1 << depth < n)
        depth++;
    return depth;
}

void merkle_fold(merkle_hash root, merkle_hash *branch, merkle_hash *nodes, size_t n,
                 unsigned depth, size_t index)
{
    for (unsigned level = 0; level < depth; level++) {
        size_t beside = index ^ 1;

        if (branch)
            memcpy(branch[level], nodes[beside < n ? beside : index], MERKLE_HASH_BYTES);
        for (size_t i = 0; i < n; i += 2)
            sha256d_pair(nodes[i / 2], nodes[i], MERKLE_HASH_BYTES, nodes[i + 1 < n ? i + 1 : i],
                         MERKLE_HASH_BYTES);
        n = (n + 1) / 2;
        index /= 2;
    }
    memcpy(root, nodes[0], MERKLE_HASH_BYTES);
}

void merkle_climb(merkle_hash root, const merkle_hash leaf, const merkle_hash *branch,
                  unsigned depth, size_t index)
{
    memmove(root, leaf, MERKLE_HASH_BYTES);
    for (unsigned level = 0; level < depth; level++, index /= 2)
        if (index & 1)
            sha256d_pair(root, branch[level], MERKLE_HASH_BYTES, root, MERKLE_HASH_BYTES);
        else
            sha256d_pair(root, root, MERKLE_HASH_BYTES, branch[level], MERKLE_HASH_BYTES);
}
