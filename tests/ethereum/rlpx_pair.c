#include "rlpx_pair.h"

#include <stdlib.h>
#include <string.h>

#include "harness.h"

struct bytes bytes_of(const struct buf *b)
{
    return (struct bytes){.data = b->data, .len = b->len};
}

void side_new(struct side *s)
{
    ec_secret_generate(s->secret);
    ck_assert_int_eq(ec_pubkey(s->pubkey, s->secret), 0);
    rlpx_handshake_init(&s->h, s->secret, NULL);
}

struct pair *shake_hands(void)
{
    struct pair *p = calloc(1, sizeof *p);

    ck_assert_ptr_nonnull(p);
    side_new(&p->a);
    side_new(&p->b);
    buf_init(&p->auth, 4096);
    buf_init(&p->ack, 4096);
    ck_assert_int_eq(rlpx_auth_make(&p->auth, &p->a.h, p->b.pubkey), 0);
    ck_assert_int_eq(rlpx_auth_take(&p->b.h, bytes_of(&p->auth)), 0);
    ck_assert_int_eq(rlpx_ack_make(&p->ack, &p->b.h), 0);
    ck_assert_int_eq(rlpx_ack_take(&p->a.h, bytes_of(&p->ack)), 0);
    ck_assert_mem_eq(p->b.h.remote_pubkey, p->a.pubkey, EC_PUBKEY_BYTES);
    ck_assert_int_eq(rlpx_secrets_derive(&p->of_a, &p->a.h, bytes_of(&p->auth), bytes_of(&p->ack)),
                     0);
    ck_assert_int_eq(rlpx_secrets_derive(&p->of_b, &p->b.h, bytes_of(&p->auth), bytes_of(&p->ack)),
                     0);
    return p;
}

void pair_free(struct pair *p)
{
    buf_free(&p->auth);
    buf_free(&p->ack);
    free(p);
}

struct link *link_up(void)
{
    struct link *l = calloc(1, sizeof *l);

    ck_assert_ptr_nonnull(l);
    l->p = shake_hands();
    rlpx_egress_init(&l->egress, &l->p->of_a);
    rlpx_stream_init(&l->stream, RLPX_FRAME_MAX);
    rlpx_stream_encrypt(&l->stream, &l->p->of_b);
    buf_init(&l->wire, 64 * 1024 * 1024);
    return l;
}

void link_down(struct link *l)
{
    rlpx_stream_free(&l->stream);
    buf_free(&l->wire);
    pair_free(l->p);
    free(l);
}

int feed(struct rlpx_stream *s, struct rlpx_item *item, struct buf *wire, size_t *at, size_t chunk)
{
    for (;;) {
        int rc = rlpx_stream_next(s, item);
        size_t room, n = wire->len - *at;
        uint8_t *to;

        if (rc != 0 || n == 0)
            return rc;
        to = rlpx_stream_space(s, &room);
        ck_assert_ptr_nonnull(to);
        n = n < room ? n : room;
        n = n < chunk ? n : chunk;
        memcpy(to, wire->data + *at, n);
        rlpx_stream_commit(s, n);
        *at += n;
    }
}
