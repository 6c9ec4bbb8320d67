/* Promises of allocation, of the growable buffer and of the arena. */
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "harness.h"

static void tear_down(void)
{
    mem_fail_at(0, 0);
}

/* A product that the compiler cannot foresee. */
static volatile size_t half = SIZE_MAX / 2;

START_TEST(an_overflowing_array_is_refused)
{
    char *p = mem_alloc(4);

    ck_assert_ptr_null(mem_alloc_array(half, 3));
    ck_assert_ptr_null(mem_alloc_array(3, half));
    ck_assert_ptr_null(mem_zalloc_array(half, 3));
    ck_assert_ptr_nonnull(p);
    memcpy(p, "abc", 4);
    ck_assert_ptr_null(mem_realloc_array(p, half, 3));
    ck_assert_str_eq(p, "abc");
    mem_free(p);
}
END_TEST

START_TEST(nothing_is_something_unique)
{
    void *a = mem_alloc(0), *b = mem_zalloc_array(0, 8), *c = mem_alloc_array(8, 0);

    ck_assert_ptr_nonnull(a);
    ck_assert_ptr_nonnull(b);
    ck_assert_ptr_nonnull(c);
    ck_assert_ptr_ne(a, b);
    ck_assert_ptr_ne(b, c);
    a = mem_realloc_array(a, 0, 4);
    ck_assert_ptr_nonnull(a);
    mem_free(a);
    mem_free(b);
    MEM_FREE(c);
    ck_assert_ptr_null(c);
    mem_free(NULL);
}
END_TEST

START_TEST(zeroed_memory_is_zero_and_copies_are_equal)
{
    static const uint8_t zeros[64];
    uint8_t *a = mem_zalloc(64), *b = mem_zalloc_array(8, 8), *c = mem_dup("x\0y", 3);
    char *s = mem_strdup("text");

    ck_assert_mem_eq(a, zeros, 64);
    ck_assert_mem_eq(b, zeros, 64);
    ck_assert_mem_eq(c, "x\0y", 3);
    ck_assert_str_eq(s, "text");
    mem_free(a);
    mem_free(b);
    mem_free(c);
    mem_free(s);
}
END_TEST

/* Every kind of allocation, by number. Returns: what it gave, which the caller frees. */
static void *allocate(int kind, void *old)
{
    switch (kind) {
    case 0:
        return mem_alloc(8);
    case 1:
        return mem_zalloc(8);
    case 2:
        return mem_alloc_array(2, 4);
    case 3:
        return mem_zalloc_array(2, 4);
    case 4:
        return mem_strdup("text");
    case 5:
        return mem_dup("text", 4);
    default:
        return mem_realloc_array(old, 2, 4);
    }
}

START_TEST(the_nth_allocation_fails_whatever_its_kind)
{
    void *old = mem_alloc(1);

    mem_fail_at(3, 0);
    for (int n = 1; n <= 5; n++) {
        void *p = allocate(_i, old);

        if (n == 3)
            ck_assert_msg(!p, "allocation %d: expected NULL", n);
        else
            ck_assert_msg(p, "allocation %d: unexpected NULL", n);
        ck_assert_int_eq(mem_fail_happened(), n >= 3);
        if (_i == 6)
            old = p ? p : old;
        else
            mem_free(p);
    }
    mem_free(old);
}
END_TEST

START_TEST(a_persistent_failure_lasts_until_switched_off)
{
    void *p;

    mem_fail_at(2, 1);
    p = mem_alloc(1);
    ck_assert_ptr_nonnull(p);
    mem_free(p);
    for (int n = 0; n < 4; n++)
        ck_assert_ptr_null(mem_alloc(1));
    ck_assert(mem_fail_happened());
    mem_fail_at(0, 0);
    ck_assert(!mem_fail_happened());
    p = mem_alloc(1);
    ck_assert_ptr_nonnull(p);
    mem_free(p);
}
END_TEST

/* The buffer */

START_TEST(a_buffer_grows_to_its_ceiling_and_not_beyond)
{
    struct buf b;

    buf_init(&b, 100);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(buf_append(&b, "0123456789", 10), 0);
    ck_assert_uint_eq(b.len, 100);
    ck_assert_uint_le(b.cap, 100);
    ck_assert_int_eq(buf_append(&b, "x", 1), PN_ETOOLARGE);
    ck_assert_uint_eq(b.len, 100);
    ck_assert_mem_eq(b.data + 90, "0123456789", 10);
    buf_free(&b);
}
END_TEST

START_TEST(the_first_error_of_a_buffer_stays)
{
    struct buf b;

    buf_init(&b, 8);
    ck_assert_int_eq(buf_puts(&b, "four"), 0);
    ck_assert_int_eq(buf_puts(&b, "fives"), PN_ETOOLARGE);
    ck_assert_int_eq(buf_puts(&b, "x"), PN_ETOOLARGE);
    ck_assert_int_eq(buf_append(&b, NULL, 0), PN_ETOOLARGE);
    ck_assert_int_eq(buf_printf(&b, "%d", 1), PN_ETOOLARGE);
    ck_assert_ptr_null(buf_extend(&b, 1));
    ck_assert_ptr_null(buf_cstr(&b));
    ck_assert_uint_eq(b.len, 4);
    buf_reset(&b);
    ck_assert_int_eq(b.err, 0);
    ck_assert_int_eq(buf_puts(&b, "12345678"), 0);
    buf_free(&b);
}
END_TEST

START_TEST(a_buffer_without_memory_keeps_what_it_has)
{
    struct buf b;

    buf_init(&b, 1 << 20);
    ck_assert_int_eq(buf_puts(&b, "kept"), 0);
    mem_fail_at(1, 0);
    ck_assert_ptr_null(buf_extend(&b, 1000));
    ck_assert_int_eq(b.err, PN_ENOMEM);
    ck_assert_int_eq(buf_puts(&b, "x"), PN_ENOMEM);
    ck_assert_mem_eq(b.data, "kept", 4);
    ck_assert_uint_eq(b.len, 4);
    buf_free(&b);
    ck_assert_int_eq(buf_puts(&b, "usable again"), 0);
    buf_free(&b);
}
END_TEST

START_TEST(a_buffer_doubles_so_that_appending_is_linear)
{
    unsigned growths = 0;
    size_t cap = 0;
    struct buf b;

    buf_init(&b, 1 << 20);
    for (int i = 0; i < 1 << 20; i++) {
        ck_assert_int_eq(buf_append(&b, "x", 1), 0);
        if (b.cap != cap)
            growths++;
        cap = b.cap;
    }
    ck_assert_uint_le(growths, 20);
    buf_free(&b);
}
END_TEST

START_TEST(extending_by_nothing_is_no_error)
{
    struct buf b;

    buf_init(&b, 0);
    ck_assert_ptr_nonnull(buf_extend(&b, 0));
    ck_assert_int_eq(buf_append(&b, NULL, 0), 0);
    ck_assert_int_eq(b.err, 0);
    ck_assert_ptr_null(buf_extend(&b, 1));
    ck_assert_int_eq(b.err, PN_ETOOLARGE);
    buf_init(&b, 8);
    ck_assert_int_eq(buf_puts(&b, "12345678"), 0);
    ck_assert_ptr_nonnull(buf_extend(&b, 0));
    ck_assert_ptr_null(buf_extend(&b, half));
    buf_free(&b);
}
END_TEST

START_TEST(printing_into_a_buffer_appends)
{
    struct buf b;

    buf_init(&b, 64);
    ck_assert_int_eq(buf_printf(&b, "%s=%d", "height", 7), 0);
    ck_assert_int_eq(buf_printf(&b, ";%c", 'x'), 0);
    ck_assert_str_eq(buf_cstr(&b), "height=7;x");
    ck_assert_uint_eq(b.len, 10);
    ck_assert_int_eq(buf_printf(&b, "%100d", 1), PN_ETOOLARGE);
    ck_assert_uint_eq(b.len, 10);
    buf_free(&b);
}
END_TEST

START_TEST(consuming_drops_the_front)
{
    struct buf b;

    buf_init(&b, 64);
    buf_consume(&b, 0);
    ck_assert_int_eq(buf_puts(&b, "headtail"), 0);
    buf_consume(&b, 4);
    ck_assert_str_eq(buf_cstr(&b), "tail");
    buf_consume(&b, 4);
    ck_assert_uint_eq(b.len, 0);
    ck_assert_int_eq(buf_puts(&b, "next"), 0);
    ck_assert_str_eq(buf_cstr(&b), "next");
    buf_free(&b);
    buf_free(&b);
}
END_TEST

/* The arena */

START_TEST(an_arena_stops_at_its_limit)
{
    struct arena a;
    size_t handed = 0;

    arena_init(&a, 1024);
    ck_assert_ptr_null(arena_alloc(&a, 1, 1025));
    while (arena_alloc(&a, 1, 48))
        handed += 48;
    ck_assert_uint_le(handed, 1024);
    ck_assert_uint_gt(handed, 1024 - 48);
    ck_assert_ptr_nonnull(arena_alloc(&a, 0, 48));
    arena_reset(&a, 0);
    ck_assert_ptr_nonnull(arena_alloc(&a, 1, 1024));
    ck_assert_ptr_null(arena_alloc(&a, 1, 1));
    arena_free(&a);
}
END_TEST

START_TEST(an_arena_without_limit_survives_absurd_sizes)
{
    struct arena a;

    arena_init(&a, SIZE_MAX);
    ck_assert_ptr_null(arena_alloc(&a, half, 3));
    ck_assert_ptr_null(arena_alloc(&a, 1, SIZE_MAX));
    ck_assert_ptr_null(arena_alloc(&a, 1, SIZE_MAX - 16));
    ck_assert_uint_eq(a.used, 0);
    ck_assert_ptr_nonnull(arena_alloc(&a, 1, 1));
    ck_assert_ptr_null(arena_alloc(&a, 1, SIZE_MAX - 15));
    arena_free(&a);
}
END_TEST

START_TEST(pieces_of_an_arena_are_aligned_and_apart)
{
    enum { PIECES = 200 };
    uint8_t *pieces[PIECES];
    struct arena a;

    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = arena_alloc(&a, 1, i + 1);
        ck_assert_ptr_nonnull(pieces[i]);
        ck_assert_uint_eq((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        memset(pieces[i], (int)i, i + 1);
    }
    for (size_t i = 0; i < PIECES; i++)
        for (size_t at = 0; at <= i; at++)
            ck_assert_uint_eq(pieces[i][at], (uint8_t)i);
    arena_free(&a);
}
END_TEST

START_TEST(an_arena_takes_few_blocks_from_the_allocator)
{
    struct arena a;

    arena_init(&a, 1 << 20);
    mem_fail_at(12, 1); /* 512 bytes, doubling: 11 blocks hold a mebibyte */
    for (int i = 0; i < 1 << 14; i++)
        ck_assert_ptr_nonnull(arena_alloc(&a, 1, 32));
    ck_assert(!mem_fail_happened());
    arena_free(&a);
}
END_TEST

START_TEST(an_arena_without_memory_gives_null_and_goes_on)
{
    struct arena a;

    arena_init(&a, 1 << 20);
    mem_fail_at(1, 0);
    ck_assert_ptr_null(arena_alloc(&a, 1, 16));
    ck_assert_uint_eq(a.used, 0);
    ck_assert_ptr_nonnull(arena_alloc(&a, 1, 16));
    mem_fail_at(1, 0);
    ck_assert_ptr_null(arena_alloc(&a, 1, 4096));
    ck_assert_ptr_nonnull(arena_alloc(&a, 1, 16));
    arena_free(&a);
}
END_TEST

START_TEST(reset_keeps_a_small_block_for_the_next_message)
{
    struct arena a;
    void *first;

    arena_init(&a, 1 << 20);
    first = arena_alloc(&a, 1, 16);
    arena_alloc(&a, 1, 100000);
    arena_reset(&a, 4096);
    ck_assert_uint_eq(a.used, 0);
    mem_fail_at(1, 1);
    ck_assert_ptr_eq(arena_alloc(&a, 1, 16), first);
    mem_fail_at(0, 0);
    arena_reset(&a, 0);
    mem_fail_at(1, 1);
    ck_assert_ptr_null(arena_alloc(&a, 1, 16));
    mem_fail_at(0, 0);
    arena_free(&a);
    a = (struct arena){.max = 0};
    arena_free(&a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memory");
    TCase *mem = tcase_create("mem");
    TCase *buf = tcase_create("buf");
    TCase *arena = tcase_create("arena");

    tcase_add_checked_fixture(mem, NULL, tear_down);
    tcase_add_test(mem, an_overflowing_array_is_refused);
    tcase_add_test(mem, nothing_is_something_unique);
    tcase_add_test(mem, zeroed_memory_is_zero_and_copies_are_equal);
    tcase_add_loop_test(mem, the_nth_allocation_fails_whatever_its_kind, 0, 7);
    tcase_add_test(mem, a_persistent_failure_lasts_until_switched_off);
    tcase_add_checked_fixture(buf, NULL, tear_down);
    tcase_add_test(buf, a_buffer_grows_to_its_ceiling_and_not_beyond);
    tcase_add_test(buf, the_first_error_of_a_buffer_stays);
    tcase_add_test(buf, a_buffer_without_memory_keeps_what_it_has);
    tcase_add_test(buf, a_buffer_doubles_so_that_appending_is_linear);
    tcase_add_test(buf, extending_by_nothing_is_no_error);
    tcase_add_test(buf, printing_into_a_buffer_appends);
    tcase_add_test(buf, consuming_drops_the_front);
    tcase_add_checked_fixture(arena, NULL, tear_down);
    tcase_add_test(arena, an_arena_stops_at_its_limit);
    tcase_add_test(arena, an_arena_without_limit_survives_absurd_sizes);
    tcase_add_test(arena, pieces_of_an_arena_are_aligned_and_apart);
    tcase_add_test(arena, an_arena_takes_few_blocks_from_the_allocator);
    tcase_add_test(arena, an_arena_without_memory_gives_null_and_goes_on);
    tcase_add_test(arena, reset_keeps_a_small_block_for_the_next_message);
    suite_add_tcase(suite, mem);
    suite_add_tcase(suite, buf);
    suite_add_tcase(suite, arena);
    return harness_run(suite);
}
