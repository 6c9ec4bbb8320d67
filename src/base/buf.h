/* A growable byte buffer with a ceiling and a sticky error: write everything, check once. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    uint8_t *data;
    size_t len;
    size_t cap;
    size_t max; /* the buffer never grows beyond this many bytes */
    int err;    /* first failure: PN_ENOMEM or PN_ETOOLARGE; later writes do nothing */
};

/* An empty buffer that may grow to max_bytes; nothing is allocated yet. Thread: its owner's. */
void buf_init(struct buf *b, size_t max_bytes);

/* Release the memory; the buffer is empty and usable again. Accepts a zeroed struct. */
void buf_free(struct buf *b);

/* Forget the contents and the error, keep the memory. */
void buf_reset(struct buf *b);

/* Room for `len` more bytes at the end, counted as written. Growth at least doubles, so that
 * appending is linear. Returns: where to write, or NULL with the error set; for a zero `len` a
 * pointer that must not be written to. */
uint8_t *buf_extend(struct buf *b, size_t len);

/* Append. Returns: 0 or the sticky error; what does not fit whole is not written at all. The printf
 * forms need a byte of room behind their text. */
int buf_append(struct buf *b, const void *data, size_t len);
int buf_puts(struct buf *b, const char *s);
int buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* Drop the first `len` bytes and move the rest to the front. */
void buf_consume(struct buf *b, size_t len);

/* Zero-terminate without counting the terminator, for which there must be room.
 * Returns: the text, or NULL with the error set. */
const char *buf_cstr(struct buf *b);

#endif
