/* Node lists in DNS: EIP-1459's example, go-ethereum's cases, and trees that lie. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/random.h"
#include "ethereum/dnsdisc/client.h"
#include "harness.h"

/* The tree of EIP-1459 as DNS would give it, and the key that signed it (go-ethereum
 * p2p/dnsdisc/client_test.go). */
static const char url[] =
    "enrtree://AKPYQIUQIL7PSIACI32J7FGZW56E5FKHEFCCOFHILBIMW3M6LWXS2@nodes.example.org";

#define DOMAIN "nodes.example.org"

static const struct {
    const char *name, *text;
} zone[] = {
    {DOMAIN, "enrtree-root:v1 e=JWXYDBPXYWG6FX3GMDIBFA6CJ4 l=C7HRFPF3BLGF3YR4DY5KX3SMBE seq=1 "
             "sig=o908WmNp7LibOfPsr4btQwatZJ5URBr2ZAuxvK4UWHlsB9sUOTJQaGAlLPVAhM__XJesCHxLISo94z5Z2"
             "a463gA"},
    {"C7HRFPF3BLGF3YR4DY5KX3SMBE." DOMAIN,
     "enrtree://AM5FCQLWIZX2QFPNJAP7VUERCCRNGRHWZG3YYHIUV7BVDQ5FDPRT2@morenodes.example.org"},
    {"JWXYDBPXYWG6FX3GMDIBFA6CJ4." DOMAIN,
     "enrtree-branch:2XS2367YHAXJFGLZHVAWLQD4ZY,H4FHT4B454P6UXFD7JCYQ5PWDY,"
     "MHTDO6TMUBRIA2XWG5LUDACK24"},
    {"2XS2367YHAXJFGLZHVAWLQD4ZY." DOMAIN,
     "enr:-"
     "HW4QOFzoVLaFJnNhbgMoDXPnOvcdVuj7pDpqRvh6BRDO68aVi5ZcjB3vzQRZH2IcLBGHzo8uUN3snqmgTiE56CH3A"
     "MBgmlkgnY0iXNlY3AyNTZrMaECC2_24YYkYHEgdzxlSNKQEnHhuNAbNlMlWJxrJxbAFvA"},
    {"H4FHT4B454P6UXFD7JCYQ5PWDY." DOMAIN,
     "enr:-"
     "HW4QAggRauloj2SDLtIHN1XBkvhFZ1vtf1raYQp9TBW2RD5EEawDzbtSmlXUfnaHcvwOizhVYLtr7e6vw7NAf6mTu"
     "oCgmlkgnY0iXNlY3AyNTZrMaECjrXI8TLNXU0f8cthpAMxEshUyQlK-AM0PW2wfrnacNI"},
    {"MHTDO6TMUBRIA2XWG5LUDACK24." DOMAIN,
     "enr:-HW4QLAYqmrwllBEnzWWs7I5Ev2IAs7x_dZlbYdRdMUx5EyKHDXp7AV5CkuPGUPdvbv1_"
     "Ms1CPfhcGCvSElSosZmyo"
     "qAgmlkgnY0iXNlY3AyNTZrMaECriawHKWdDRk2xeZkrOXBQ0dfMFLHY4eENZwdufn1S1o"},
};

START_TEST(the_root_of_eip_1459_is_signed_by_its_key)
{
    struct dnsdisc_link link;
    struct dnsdisc_root root;
    char changed[512];

    ck_assert_int_eq(dnsdisc_link_parse(&link, url), 0);
    ck_assert_str_eq(link.domain, DOMAIN);
    ck_assert_int_eq(dnsdisc_root_parse(&root, zone[0].text, link.pubkey), 0);
    ck_assert_str_eq(root.nodes.text, "JWXYDBPXYWG6FX3GMDIBFA6CJ4");
    ck_assert_str_eq(root.links.text, "C7HRFPF3BLGF3YR4DY5KX3SMBE");
    ck_assert_uint_eq(root.seq, 1);
    snprintf(changed, sizeof changed, "%s", zone[0].text);
    strstr(changed, "seq=1")[4] = '2';
    ck_assert_int_eq(dnsdisc_root_parse(&root, changed, link.pubkey), PN_ESIGNATURE);
}
END_TEST

START_TEST(roots_that_are_none_are_refused)
{
    static const struct {
        const char *text;
        int err;
    } rows[] = {
        /* go-ethereum p2p/dnsdisc/tree_test.go */
        {"enrtree-root:v1 e=TO4Q75OQ2N7DX4EOOR7X66A6OM seq=3 "
         "sig=N-YY6UB9xD0hFx1Gmnt7v0RfSxch5tKyry2SRDoLx7B4GfPXagwLxQqyf7gAMvApFn_ORwZQekMWa_"
         "pXrcGCtw",
         PN_EFORMAT},
        {"enrtree-root:v1 e=TO4Q75OQ2N7DX4EOOR7X66A6OM l=TO4Q75OQ2N7DX4EOOR7X66A6OM seq=3 "
         "sig=N-YY6UB9xD0hFx1Gmnt7v0RfSxch5tKyry2SRDoLx7B4GfPXagwLxQqyf7gAMvApFn_ORwZQekMWa_"
         "pXrcGCtw",
         PN_ESIGNATURE},
        {"", PN_EFORMAT},
        {"enrtree-root:v1 ", PN_EFORMAT},
        {"enrtree-root:v2 e=TO4Q75OQ2N7DX4EOOR7X66A6OM l=TO4Q75OQ2N7DX4EOOR7X66A6OM seq=3 sig=",
         PN_EFORMAT},
        {"enrtree-root:v1 e=TO4Q75OQ2N7DX4EOOR7X66A6OM l=TO4Q75OQ2N7DX4EOOR7X66A6OM seq=-3 sig=",
         PN_EFORMAT},
        {"enrtree-root:v1 e=TO4Q75OQ2N7DX4EOOR7X66A6OM l=1 seq=3 sig=AA", PN_EFORMAT},
    };
    struct dnsdisc_link link;
    struct dnsdisc_root root;

    ck_assert_int_eq(dnsdisc_link_parse(&link, url), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(dnsdisc_root_parse(&root, rows[i].text, link.pubkey) == rows[i].err, "%s: %s",
                      rows[i].text,
                      pn_errname(dnsdisc_root_parse(&root, rows[i].text, link.pubkey)));
}
END_TEST

/* go-ethereum p2p/dnsdisc/tree_test.go */
START_TEST(entries_are_read_as_go_ethereum_reads_them)
{
    static const struct {
        const char *text;
        int err;
        enum dnsdisc_kind kind;
        unsigned n_children;
    } rows[] = {
        {"enrtree-branch:1,2", PN_EFORMAT, DNSDISC_BRANCH, 0},
        {"enrtree-branch:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", PN_EFORMAT,
         DNSDISC_BRANCH, 0},
        {"enrtree-branch:", 0, DNSDISC_BRANCH, 0},
        {"enrtree-branch:AAAAAAAAAAAAAAAAAAAA", 0, DNSDISC_BRANCH, 1},
        {"enrtree-branch:AAAAAAAAAAAAAAAAAAAA,BBBBBBBBBBBBBBBBBBBA", 0, DNSDISC_BRANCH, 2},
        {"enrtree-branch:AAAAAAAAAAAAAAAAAAAA,", PN_EFORMAT, DNSDISC_BRANCH, 0},
        {"enrtree://AKPYQIUQIL7PSIACI32J7FGZW56E5FKHEFCCOFHILBIMW3M6LWXS2@nodes.example.org", 0,
         DNSDISC_LINK, 0},
        {"enrtree://nodes.example.org", PN_EFORMAT, DNSDISC_LINK, 0},
        {"enrtree://AP62DT7WOTEQZGQZOU474PP3KMEGVTTE7A7NPRXKX3DUD57@nodes.example.org", PN_EFORMAT,
         DNSDISC_LINK, 0},
        {"enrtree://AP62DT7WONEQZGQZOU474PP3KMEGVTTE7A7NPRXKX3DUD57TQHGIA@nodes.example.org",
         PN_EFORMAT, DNSDISC_LINK, 0},
        {"enr:-HW4QES8QIeXTYlDzbfr1WEzE-XKY4f8gJFJzjJL-9D7TC9lJb4Z3JPRRz1lP4pL_N_QpT6rGQjAU9Apnc-"
         "C1iMP"
         "36OAgmlkgnY0iXNlY3AyNTZrMaED5IdwfMxdmR8W37HqSFdQLjDkIwBd4Q_MjxgZifgKSdM",
         0, DNSDISC_NODE, 0},
        {"", PN_EFORMAT, DNSDISC_NODE, 0},
        {"foo", PN_EFORMAT, DNSDISC_NODE, 0},
        {"enrtree", PN_EFORMAT, DNSDISC_NODE, 0},
        {"enrtree-x=", PN_EFORMAT, DNSDISC_NODE, 0},
    };
    static struct dnsdisc_entry e;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int rc = dnsdisc_entry_parse(&e, rows[i].text);

        ck_assert_msg(rc == rows[i].err, "\"%s\": %s", rows[i].text, pn_errname(rc));
        if (rc < 0)
            continue;
        ck_assert_int_eq(e.kind, rows[i].kind);
        ck_assert(e.kind != DNSDISC_BRANCH || e.n_children == rows[i].n_children);
    }
}
END_TEST

/* --- the client --- */

static struct dnsdisc *client;
static uint64_t asked;
static char asked_name[DNSDISC_NAME_BYTES];
static unsigned n_asked, n_found;
static int64_t now_us;

static void on_query(void *arg, uint64_t number, const char *name)
{
    (void)arg;
    asked = number;
    n_asked++;
    snprintf(asked_name, sizeof asked_name, "%s", name);
}

static void on_found(void *arg, const struct enr *node)
{
    (void)arg;
    ck_assert_uint_gt(node->len, 0);
    n_found++;
}

static void setup(void)
{
    const struct dnsdisc_ops ops = {.query = on_query, .found = on_found};

    random_test_start(3);
    client = dnsdisc_new(&ops);
    ck_assert_ptr_nonnull(client);
    ck_assert_int_eq(dnsdisc_add(client, url), 0);
    asked = n_asked = n_found = 0;
    now_us = 1000000;
}

static void teardown(void)
{
    dnsdisc_free(client);
    random_test_stop();
}

static const char *text_of(const char *name)
{
    for (size_t i = 0; i < sizeof zone / sizeof zone[0]; i++)
        if (strcmp(zone[i].name, name) == 0)
            return zone[i].text;
    return NULL;
}

/* Answer what is asked for so many microseconds. */
static void run_for(int64_t us)
{
    int64_t until_us = now_us + us;

    while (now_us < until_us) {
        int64_t at_us;

        asked = 0;
        at_us = dnsdisc_tick(client, true, now_us);
        if (asked) {
            const char *texts[] = {"v=spf1 -all", text_of(asked_name)};

            dnsdisc_answer(client, asked, texts, texts[1] ? 2 : 1, now_us);
            at_us = now_us + 1000;
        }
        now_us = at_us < until_us ? at_us : until_us;
    }
}

START_TEST(a_tree_is_read_once_and_at_a_measured_pace)
{
    ck_assert_int_eq(dnsdisc_add(client, url), PN_EEXIST);
    run_for(20 * 1000000);
    ck_assert_uint_eq(n_found, 3);
    ck_assert_uint_eq(n_asked, 6 + 1); /* and the root of the tree it links to */
    run_for(25 * 60 * INT64_C(1000000));
    n_asked = 0;
    run_for(10 * 60 * INT64_C(1000000));
    ck_assert_uint_eq(n_found, 3);
    ck_assert_uint_le(n_asked, 11 + 1); /* the linked root each minute, ours after half an hour */
}
END_TEST

START_TEST(at_most_three_questions_a_second_are_asked)
{
    run_for(1000000);
    ck_assert_uint_le(n_asked, 4);
    ck_assert_uint_ge(n_asked, 3);
}
END_TEST

START_TEST(nothing_is_asked_while_nothing_is_wanted)
{
    ck_assert_int_eq(dnsdisc_tick(client, false, now_us), CLOCK_NEVER);
    ck_assert_uint_eq(n_asked, 0);
}
END_TEST

START_TEST(an_unsigned_root_or_an_entry_under_another_hash_leads_nowhere)
{
    const char *lie =
        "enrtree-root:v1 e=JWXYDBPXYWG6FX3GMDIBFA6CJ4 l=C7HRFPF3BLGF3YR4DY5KX3SMBE seq=9 "
        "sig=o908WmNp7LibOfPsr4btQwatZJ5URBr2ZAuxvK4UWHlsB9sUOTJQaGAlLPVAhM__"
        "XJesCHxLISo94z5Z2a463gA";

    dnsdisc_tick(client, true, now_us);
    ck_assert_str_eq(asked_name, DOMAIN);
    dnsdisc_answer(client, asked, &lie, 1, now_us);
    now_us += 1000000;
    asked = 0;
    dnsdisc_tick(client, true, now_us);
    ck_assert_uint_eq(asked, 0);
    now_us += 60 * 1000000;
    dnsdisc_tick(client, true, now_us);
    dnsdisc_answer(client, asked, &zone[0].text, 1, now_us);
    for (unsigned i = 0; i < 4; i++) { /* every name is answered with a good text of another */
        now_us += 1000000;
        asked = 0;
        dnsdisc_tick(client, true, now_us);
        if (asked)
            dnsdisc_answer(client, asked, &zone[3].text, 1, now_us);
    }
    ck_assert_uint_eq(n_found, 0);
}
END_TEST

START_TEST(a_question_without_an_answer_is_given_up)
{
    int64_t at_us = dnsdisc_tick(client, true, now_us);
    uint64_t number = asked;

    ck_assert_int_eq(at_us, now_us + 5 * 1000000);
    ck_assert_int_gt(dnsdisc_tick(client, true, at_us), at_us);
    dnsdisc_answer(client, number, &zone[0].text, 1, at_us); /* too late */
    run_for(30 * 1000000);
    ck_assert_uint_eq(n_found, 0);
    run_for(60 * 1000000);
    ck_assert_uint_eq(n_found, 3);
}
END_TEST

/* Each entry is lost once, as datagrams are. */
START_TEST(an_entry_that_did_not_come_is_asked_for_again)
{
    bool lost[sizeof zone / sizeof zone[0]] = {false};
    int64_t until_us = now_us + 10 * 60 * INT64_C(1000000);
    unsigned n_lost = 0;

    while (now_us < until_us) {
        int64_t at_us;

        asked = 0;
        at_us = dnsdisc_tick(client, true, now_us);
        for (size_t i = 0; asked && i < sizeof zone / sizeof zone[0]; i++)
            if (strcmp(zone[i].name, asked_name) == 0) {
                dnsdisc_answer(client, asked, &zone[i].text, lost[i], now_us);
                n_lost += !lost[i];
                lost[i] = true;
                at_us = now_us + 1000;
            }
        now_us = at_us < until_us ? at_us : until_us;
    }
    ck_assert_uint_eq(n_lost, sizeof zone / sizeof zone[0]);
    ck_assert_uint_eq(n_found, 3);
}
END_TEST

START_TEST(an_entry_that_never_comes_is_asked_for_once_a_minute_and_does_not_hold_up_others)
{
    int64_t until_us = now_us + 20 * 60 * INT64_C(1000000);
    unsigned n_missing = 0;

    while (now_us < until_us) {
        int64_t at_us;

        asked = 0;
        at_us = dnsdisc_tick(client, true, now_us);
        if (asked) {
            const char *text = text_of(asked_name);
            bool missing = strcmp(asked_name, zone[4].name) == 0;

            n_missing += missing;
            dnsdisc_answer(client, asked, &text, text && !missing, now_us);
            at_us = now_us + 1000;
        }
        now_us = at_us < until_us ? at_us : until_us;
    }
    ck_assert_uint_eq(n_found, 2);
    ck_assert_uint_ge(n_missing, 20);
    ck_assert_uint_le(n_missing, 20 + 6); /* the pauses before that are shorter */
}
END_TEST

int main(void)
{
    Suite *s = suite_create("dnsdisc");
    TCase *t = tcase_create("entries"), *c = tcase_create("client");

    suite_add_tcase(s, t);
    tcase_add_test(t, the_root_of_eip_1459_is_signed_by_its_key);
    tcase_add_test(t, roots_that_are_none_are_refused);
    tcase_add_test(t, entries_are_read_as_go_ethereum_reads_them);
    suite_add_tcase(s, c);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, a_tree_is_read_once_and_at_a_measured_pace);
    tcase_add_test(c, at_most_three_questions_a_second_are_asked);
    tcase_add_test(c, nothing_is_asked_while_nothing_is_wanted);
    tcase_add_test(c, an_unsigned_root_or_an_entry_under_another_hash_leads_nowhere);
    tcase_add_test(c, a_question_without_an_answer_is_given_up);
    tcase_add_test(c, an_entry_that_did_not_come_is_asked_for_again);
    tcase_add_test(
        c, an_entry_that_never_comes_is_asked_for_once_a_minute_and_does_not_hold_up_others);
    return harness_run(s);
}
