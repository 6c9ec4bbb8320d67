/* Slots; the dialer and the listener have files of their own. */
#include "test_dial.h"

#include "base/bug.h"
#include "dial/slots.h"

START_TEST(outbound_places_are_set_aside_before_any_inbound_one)
{
    struct slots s;

    slots_init(&s, 10, 3);
    for (int i = 0; i < 7; i++)
        ck_assert(slots_take_inbound(&s));
    ck_assert(!slots_take_inbound(&s));
    slots_give_inbound(&s);
    ck_assert(slots_take_inbound(&s));
    ck_assert(!slots_take_inbound(&s));
}
END_TEST

START_TEST(more_outbound_than_places_leaves_none_for_inbound)
{
    struct slots s;

    slots_init(&s, 2, 5);
    ck_assert(!slots_take_inbound(&s));
}
END_TEST

START_TEST(fewer_places_send_nobody_away_and_let_nobody_in)
{
    struct slots s;

    slots_init(&s, 4, 1);
    ck_assert(slots_take_inbound(&s) && slots_take_inbound(&s));
    slots_resize(&s, 2, 1);
    ck_assert(slots_nearly_taken(&s));
    ck_assert(!slots_take_inbound(&s));
    slots_give_inbound(&s);
    ck_assert(!slots_take_inbound(&s));
    slots_give_inbound(&s);
    ck_assert(slots_take_inbound(&s));
    slots_resize(&s, 4, 1);
    ck_assert(slots_take_inbound(&s) && slots_take_inbound(&s));
    ck_assert(!slots_take_inbound(&s));
}
END_TEST

static void quiet(const char *cond, const char *file, int line)
{
    (void)cond;
    (void)file;
    (void)line;
}

START_TEST(giving_back_what_was_not_taken_is_reported_and_harmless)
{
    struct slots s;
    uint64_t before = bug_count();

    bug_set_handler(quiet);
    slots_init(&s, 1, 0);
    slots_give_inbound(&s);
    ck_assert_uint_eq(bug_count(), before + 1);
    ck_assert(slots_take_inbound(&s));
    ck_assert(!slots_take_inbound(&s));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("dial");
    TCase *t = tcase_create("slots");

    suite_add_tcase(s, t);
    tcase_add_test(t, outbound_places_are_set_aside_before_any_inbound_one);
    tcase_add_test(t, more_outbound_than_places_leaves_none_for_inbound);
    tcase_add_test(t, fewer_places_send_nobody_away_and_let_nobody_in);
    tcase_add_test(t, giving_back_what_was_not_taken_is_reported_and_harmless);
    add_dialer_tests(s);
    add_listener_tests(s);
    add_names_tests(s);
    add_outbound_tests(s);
    return harness_run(s);
}
