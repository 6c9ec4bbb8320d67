#include "peer/frame.h"

#include <string.h>

#include "base/mem.h"

struct frame *frame_alloc(unsigned cmd, size_t len)
{
    struct frame *f = mem_alloc(sizeof *f + len);

    if (!f)
        return NULL;
    atomic_init(&f->refs, 1);
    f->cmd = cmd;
    f->len = len;
    return f;
}

struct frame *frame_new(unsigned cmd, const void *data, size_t len)
{
    struct frame *f = frame_alloc(cmd, len);

    if (f && len)
        memcpy(f->data, data, len);
    return f;
}

struct frame *frame_ref(struct frame *f)
{
    atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
    return f;
}

void frame_unref(struct frame *f)
{
    if (f && atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) == 1)
        mem_free(f);
}
