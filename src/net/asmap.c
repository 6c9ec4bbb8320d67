/* The interpreter and the checker of asmap files.
 *
 * The bits of a byte are taken from the lowest up. An instruction is a type, then an operand:
 *
 *   RETURN n   the answer is n
 *   JUMP k     take one bit of the address: where it is one, skip k bits of the map
 *   MATCH p    take as many bits of the address as p has below its leading one; where they differ
 *              from p, the answer is the last DEFAULT
 *   DEFAULT n  from here on the answer of a failed match is n (0 before the first)
 *
 * Types and operands are numbers in classes: class i has sizes[i] bits. A run of one-bits names the
 * class, a zero ends it (the last class needs none), and the value counts on from the end of the
 * class before it.
 *
 * The checker walks the map once from front to back, as if each jump were both taken and not, and
 * refuses whatever a lookup could fall over: so lookups need no error. */
#include "net/asmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/err.h"
#include "base/mem.h"
#include "crypto/sha256.h"

enum { ADDRESS_BITS = 128, MAX_CLASSES = 32, MAX_PADDING_BITS = 7, FULL_MATCH_BITS = 8 };

enum op { OP_RETURN, OP_JUMP, OP_MATCH, OP_DEFAULT, OP_NONE };

struct asmap {
    uint8_t id[ASMAP_ID_BYTES];
    size_t n_bits;
    uint8_t bytes[];
};

/* Where one is in the map; pos only grows. */
struct cursor {
    const struct asmap *map;
    size_t pos;
};

struct number_code {
    uint32_t first; /* value of the first number of class 0 */
    unsigned n;     /* classes */
    uint8_t sizes[MAX_CLASSES];
};

static const struct number_code type_code = {0, 3, {0, 0, 1}};
static const struct number_code asn_code = {1, 10, {15, 16, 17, 18, 19, 20, 21, 22, 23, 24}};
static const struct number_code match_code = {2, 8, {1, 2, 3, 4, 5, 6, 7, 8}};
static const struct number_code jump_code = {17, 26, {5,  6,  7,  8,  9,  10, 11, 12, 13,
                                                      14, 15, 16, 17, 18, 19, 20, 21, 22,
                                                      23, 24, 25, 26, 27, 28, 29, 30}};

static bool at_end(const struct cursor *c)
{
    return c->pos == c->map->n_bits;
}

/* The caller has checked that one is left. */
static unsigned take_bit(struct cursor *c)
{
    unsigned bit = c->map->bytes[c->pos / 8] >> c->pos % 8 & 1;

    c->pos++;
    return bit;
}

/* Returns: false when the map ends within the number. */
static bool take_number(uint32_t *out, struct cursor *c, const struct number_code *code)
{
    uint32_t value = code->first;
    unsigned class = 0;

    for (; class + 1 < code->n; class ++) {
        if (at_end(c))
            return false;
        if (take_bit(c) == 0)
            break;
        value += UINT32_C(1) << code->sizes[class];
    }
    for (unsigned left = code->sizes[class]; left > 0; left--) {
        if (at_end(c))
            return false;
        value += (uint32_t)take_bit(c) << (left - 1);
    }
    *out = value;
    return true;
}

/* One instruction with its operand. Returns: OP_NONE when the map ends within it. */
static enum op take_op(uint32_t *operand, struct cursor *c)
{
    static const struct number_code *const operand_code[] = {&asn_code, &jump_code, &match_code,
                                                             &asn_code};
    uint32_t type;

    if (!take_number(&type, c, &type_code) || !take_number(operand, c, operand_code[type]))
        return OP_NONE;
    return (enum op)type;
}

static unsigned match_bits(uint32_t pattern)
{
    return 31u - (unsigned)__builtin_clz(pattern);
}

static unsigned address_bit(const uint8_t ip[16], unsigned at)
{
    return ip[at / 8] >> (7 - at % 8) & 1;
}

uint32_t asmap_lookup(const struct asmap *m, const uint8_t ip[16])
{
    struct cursor c = {.map = m};
    uint32_t operand, fallback = 0;
    unsigned used = 0;

    for (;;) {
        switch (take_op(&operand, &c)) {
        case OP_RETURN:
            return operand;
        case OP_JUMP:
            if (BUG(used == ADDRESS_BITS || operand >= m->n_bits - c.pos))
                return 0;
            if (address_bit(ip, used++))
                c.pos += operand;
            break;
        case OP_MATCH:
            for (unsigned left = match_bits(operand); left > 0; left--) {
                if (BUG(used == ADDRESS_BITS))
                    return 0;
                if (address_bit(ip, used++) != (operand >> (left - 1) & 1))
                    return fallback;
            }
            break;
        case OP_DEFAULT:
            fallback = operand;
            break;
        case OP_NONE:
            (void)BUG(true);
            return 0;
        }
    }
}

/* What the checker knows while it walks. */
struct walk {
    struct cursor c;
    enum op previous;
    bool partial_match; /* a match of fewer than 8 bits in the present run of matches */
    unsigned bits_left; /* of the address */
    unsigned n_jumps;
    struct {
        size_t to;          /* jumps end in the reverse order of their beginning */
        unsigned bits_left; /* there */
    } jumps[ADDRESS_BITS];  /* each has taken a bit, so there are no more */
};

static bool walk_jump(struct walk *w, uint32_t skip)
{
    size_t to = w->c.pos + skip;

    if (skip > w->c.map->n_bits - w->c.pos || w->bits_left == 0)
        return false;
    if (w->n_jumps > 0 && to >= w->jumps[w->n_jumps - 1].to)
        return false;
    w->bits_left--;
    w->jumps[w->n_jumps].to = to;
    w->jumps[w->n_jumps++].bits_left = w->bits_left;
    return true;
}

/* Matches are cut into bytes: in a run of them one alone may be shorter. */
static bool walk_match(struct walk *w, uint32_t pattern)
{
    unsigned n = match_bits(pattern);

    if (w->previous != OP_MATCH)
        w->partial_match = false;
    if ((n < FULL_MATCH_BITS && w->partial_match) || n > w->bits_left)
        return false;
    w->partial_match = n < FULL_MATCH_BITS;
    w->bits_left -= n;
    return true;
}

/* After a return one goes on where the innermost jump leads; there must be nothing in between. */
static bool walk_return(struct walk *w)
{
    if (w->previous == OP_DEFAULT || w->c.pos != w->jumps[w->n_jumps - 1].to)
        return false;
    w->bits_left = w->jumps[--w->n_jumps].bits_left;
    return true;
}

/* What is left after the last instruction fills the byte with zeros. */
static bool only_padding_left(struct cursor *c)
{
    if (c->map->n_bits - c->pos > MAX_PADDING_BITS)
        return false;
    while (!at_end(c))
        if (take_bit(c))
            return false;
    return true;
}

static bool is_sane(const struct asmap *m)
{
    struct walk w = {.c = {.map = m}, .previous = OP_JUMP, .bits_left = ADDRESS_BITS};
    uint32_t operand;

    for (;;) {
        enum op op;

        if (w.n_jumps > 0 && w.c.pos >= w.jumps[w.n_jumps - 1].to)
            return false; /* the jump led into the instruction before */
        op = take_op(&operand, &w.c);
        if (op == OP_NONE || (op == OP_JUMP && !walk_jump(&w, operand)) ||
            (op == OP_MATCH && !walk_match(&w, operand)) ||
            (op == OP_DEFAULT && w.previous == OP_DEFAULT))
            return false;
        if (op == OP_RETURN && w.n_jumps == 0)
            return w.previous != OP_DEFAULT && only_padding_left(&w.c);
        if (op == OP_RETURN && !walk_return(&w))
            return false;
        w.previous = op == OP_RETURN ? OP_JUMP : op;
    }
}

/* Room for len bytes of a map. */
static struct asmap *map_new(size_t len)
{
    struct asmap *m = mem_alloc(sizeof *m + len);

    if (m)
        m->n_bits = len * 8;
    return m;
}

/* Keep m as *out if it is sane, else free it. */
static int map_finish(struct asmap **out, struct asmap *m)
{
    if (!is_sane(m)) {
        mem_free(m);
        return PN_EFORMAT;
    }
    sha256(m->id, m->bytes, m->n_bits / 8);
    *out = m;
    return 0;
}

int asmap_from_bytes(struct asmap **out, const uint8_t *data, size_t len)
{
    struct asmap *m;

    *out = NULL;
    if (len > ASMAP_MAX_BYTES)
        return PN_ETOOLARGE;
    m = map_new(len);
    if (!m)
        return PN_ENOMEM;
    memcpy(m->bytes, data, len);
    return map_finish(out, m);
}

static int read_all(int fd, uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = read(fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return pn_err_from_errno(errno);
        if (n == 0)
            return PN_ETRUNCATED;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

static int load_fd(struct asmap **out, int fd)
{
    struct asmap *m;
    struct stat st;
    int rc;

    if (fstat(fd, &st) < 0)
        return pn_err_from_errno(errno);
    if (!S_ISREG(st.st_mode))
        return PN_EINVAL;
    if (st.st_size > ASMAP_MAX_BYTES)
        return PN_ETOOLARGE;
    m = map_new((size_t)st.st_size);
    if (!m)
        return PN_ENOMEM;
    rc = read_all(fd, m->bytes, (size_t)st.st_size);
    if (rc < 0) {
        mem_free(m);
        return rc;
    }
    return map_finish(out, m);
}

int asmap_load(struct asmap **out, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int rc;

    *out = NULL;
    if (fd < 0)
        return pn_err_from_errno(errno);
    rc = load_fd(out, fd);
    close(fd);
    return rc;
}

void asmap_free(struct asmap *m)
{
    mem_free(m);
}

const uint8_t *asmap_id(const struct asmap *m)
{
    return m->id;
}
