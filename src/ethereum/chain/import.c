#include "ethereum/chain/import.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "codec/rlp.h"

enum { FLUSH_EVERY = 8192 };

static int add_block(struct eth_chain *c, struct bytes raw)
{
    struct eth_block block;
    struct eth_added added;
    struct eth_header h;
    int rc = eth_block_decode(&block, raw);

    if (rc == 0)
        rc = eth_header_decode(&h, block.header);
    if (rc < 0 || h.number == 0) /* the genesis is there */
        return rc;
    rc = eth_chain_add_header(c, &added, &h, block.header, true);
    if (rc == 0)
        rc = eth_chain_add_body(c, h.hash, &block.body);
    if (rc == 0 && eth_chain_unflushed(c) >= FLUSH_EVERY)
        rc = eth_chain_flush(c);
    return rc;
}

static int add_all(struct eth_chain *c, struct eth_import *done, const void *data, size_t len)
{
    struct reader r = reader_of(data, len);
    int rc = 0;

    while (rc == 0 && reader_left(&r) > 0) {
        struct bytes raw = rlp_read_raw(&r);

        rc = r.err ? r.err : add_block(c, raw);
        if (rc == 0) {
            done->blocks++;
            done->bytes += raw.len;
        }
    }
    if (rc < 0)
        (void)eth_chain_flush(c);
    return rc < 0 ? rc : eth_chain_flush(c);
}

int eth_chain_import(struct eth_chain *c, struct eth_import *done, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc;
    struct stat st;
    void *map;

    *done = (struct eth_import){0};
    if (fd < 0)
        return pn_err_from_errno(errno);
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return PN_EINVAL;
    }
    if (st.st_size == 0) {
        close(fd);
        return 0;
    }
    /* Mapped rather than read: exports are larger than memory. */
    map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    rc = map == MAP_FAILED ? pn_err_from_errno(errno) : 0;
    close(fd);
    if (rc < 0)
        return rc;
    rc = add_all(c, done, map, (size_t)st.st_size);
    munmap(map, (size_t)st.st_size);
    return rc;
}
