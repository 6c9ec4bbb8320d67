#include "electrum/version.h"

#include "test_electrum.h"

START_TEST(versions_are_read_and_written)
{
    char text[PROTOCOL_TEXT_BYTES];

    ck_assert_uint_eq(protocol_parse("1.4"), PROTOCOL(1, 4, 0));
    ck_assert_uint_eq(protocol_parse("1.4.2"), PROTOCOL(1, 4, 2));
    ck_assert_uint_eq(protocol_parse("0.10"), PROTOCOL(0, 10, 0));
    ck_assert_str_eq(protocol_format(text, PROTOCOL(1, 4, 0)), "1.4");
    ck_assert_str_eq(protocol_format(text, PROTOCOL(1, 4, 2)), "1.4.2");
}
END_TEST

START_TEST(other_texts_are_no_versions)
{
    static const char *const rows[] = {"",      "1",     "1.",    ".4",      "1.4.",   "1.4.2.1",
                                       "1.400", "a.b",   "1.4a",  "1..4",    " 1.4",   "-1.4",
                                       "1,4",   "1.4.x", "001.4", "1.4.100", "999.999"};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(protocol_parse(rows[i]) == 0, "%s", rows[i]);
}
END_TEST

START_TEST(the_highest_common_version_is_spoken)
{
    ck_assert_uint_eq(protocol_negotiate(PROTOCOL(1, 4, 0), PROTOCOL(1, 4, 0)), PROTOCOL(1, 4, 0));
    ck_assert_uint_eq(protocol_negotiate(PROTOCOL(1, 4, 0), PROTOCOL(1, 4, 2)), PROTOCOL(1, 4, 2));
    ck_assert_uint_eq(protocol_negotiate(PROTOCOL(1, 0, 0), PROTOCOL(9, 0, 0)), PROTOCOL_MAX);
    ck_assert_uint_eq(protocol_negotiate(PROTOCOL(1, 0, 0), PROTOCOL(1, 2, 0)), 0);
    ck_assert_uint_eq(protocol_negotiate(PROTOCOL(1, 7, 0), PROTOCOL(2, 0, 0)), 0);
}
END_TEST

TCase *tcase_version(void)
{
    TCase *t = tcase_create("version");

    tcase_add_test(t, versions_are_read_and_written);
    tcase_add_test(t, other_texts_are_no_versions);
    tcase_add_test(t, the_highest_common_version_is_spoken);
    return t;
}
