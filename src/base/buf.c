#include "base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

enum { BUF_FIRST_BYTES = 64 };

void buf_init(struct buf *b, size_t max_bytes)
{
    *b = (struct buf){.max = max_bytes};
}

void buf_free(struct buf *b)
{
    size_t max = b->max;

    mem_free(b->data);
    buf_init(b, max);
}

void buf_reset(struct buf *b)
{
    b->len = 0;
    b->err = 0;
}

static int buf_reserve(struct buf *b, size_t len)
{
    size_t need, cap = b->cap ? b->cap : BUF_FIRST_BYTES;
    uint8_t *data;

    if (b->err)
        return b->err;
    if (__builtin_add_overflow(b->len, len, &need) || need > b->max)
        return b->err = PN_ETOOLARGE;
    if (need <= b->cap)
        return 0;
    while (cap < need)
        cap = cap > b->max / 2 ? b->max : cap * 2;
    if (cap > b->max)
        cap = b->max;
    data = mem_realloc_array(b->data, cap, 1);
    if (!data)
        return b->err = PN_ENOMEM;
    b->data = data;
    b->cap = cap;
    return 0;
}

uint8_t *buf_extend(struct buf *b, size_t len)
{
    static uint8_t nothing[1];
    uint8_t *at;

    if (buf_reserve(b, len) < 0)
        return NULL;
    if (!b->data)
        return nothing; /* no bytes asked for, none there yet */
    at = b->data + b->len;
    b->len += len;
    return at;
}

int buf_append(struct buf *b, const void *data, size_t len)
{
    uint8_t *at;

    if (len == 0)
        return b->err;
    at = buf_extend(b, len);
    if (!at)
        return b->err;
    memcpy(at, data, len);
    return 0;
}

int buf_puts(struct buf *b, const char *s)
{
    return buf_append(b, s, strlen(s));
}

int buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;
    int need;

    if (b->err)
        return b->err;
    va_copy(again, ap);
    need = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (need < 0)
        return b->err = PN_EFORMAT;
    /* One byte more than counted, because vsnprintf always terminates. */
    if (buf_reserve(b, (size_t)need + 1) < 0)
        return b->err;
    vsnprintf((char *)b->data + b->len, (size_t)need + 1, fmt, ap);
    b->len += (size_t)need;
    return 0;
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    int rc;

    va_start(ap, fmt);
    rc = buf_vprintf(b, fmt, ap);
    va_end(ap);
    return rc;
}

void buf_consume(struct buf *b, size_t len)
{
    assert(len <= b->len);
    b->len -= len;
    if (b->len)
        memmove(b->data, b->data + len, b->len);
}

const char *buf_cstr(struct buf *b)
{
    if (buf_reserve(b, 1) < 0)
        return NULL;
    b->data[b->len] = '\0';
    return (const char *)b->data;
}
