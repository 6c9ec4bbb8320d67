/* The journal: what is remembered, in which order, how it is found again, and what is lost. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "harness.h"
#include "journal/journal.h"
#include "metrics/metrics.h"

enum { CAPACITY = 100, WALL_S = 1700000000 };

static struct journal *journal;
static struct journal_record records[CAPACITY * 3]; /* what a call gave */

static void setup(void)
{
    clock_test_start(WALL_S);
    journal = journal_new(CAPACITY);
    ck_assert_ptr_nonnull(journal);
}

static void teardown(void)
{
    journal_free(journal);
    metrics_reset();
    clock_test_stop();
}

static void note(enum journal_event event, enum journal_kind kind, const char *subject,
                 const char *reason)
{
    journal_add(journal, &(struct journal_note){.event = event,
                                                .kind = kind,
                                                .subject = subject,
                                                .network = "bitcoin",
                                                .reason = reason});
}

/* Subjects "0" to "n - 1". */
static void note_many(int n)
{
    char subject[16];

    for (int i = 0; i < n; i++) {
        snprintf(subject, sizeof subject, "%d", i);
        note(JOURNAL_DIALLED, JOURNAL_ADDRESS, subject, NULL);
    }
}

START_TEST(a_record_holds_what_was_noted_and_both_times)
{
    struct journal_record r;
    struct journal_cursor cursor = {0};

    clock_test_advance_ms(1500);
    note(JOURNAL_REFUSED, JOURNAL_ADDRESS, "127.0.0.1:8333", pn_errname(PN_ELIMIT));
    ck_assert_uint_eq(journal_read(journal, &r, 1, &cursor), 1);
    ck_assert_uint_eq(r.seq, 1);
    ck_assert_int_eq(r.wall_us, WALL_S * INT64_C(1000000) + 1500000);
    ck_assert_int_eq(r.mono_us, clock_mono_us());
    ck_assert_str_eq(journal_event_name(r.event), "refused");
    ck_assert_str_eq(journal_kind_name(r.kind), "address");
    ck_assert_str_eq(r.subject, "127.0.0.1:8333");
    ck_assert_str_eq(r.network, "bitcoin");
    ck_assert_str_eq(r.reason, "limit");
    ck_assert_uint_eq(r.count, 1);
    ck_assert_int_eq(r.first_wall_us, r.wall_us);
}
END_TEST

START_TEST(texts_are_cut_to_their_fields_and_shown_anywhere)
{
    char text[200];
    struct journal_record r;
    struct journal_cursor cursor = {0};

    memset(text, 'a', sizeof text);
    memcpy(text, "\x1b[2J\n\xff", 6);
    text[sizeof text - 1] = '\0';
    journal_add(journal, &(struct journal_note){
                             .subject = text, .network = text, .reason = text, .detail = text});
    ck_assert_uint_eq(journal_read(journal, &r, 1, &cursor), 1);
    ck_assert_int_eq(strncmp(r.subject, "?[2J??aaa", 9), 0);
    ck_assert_uint_eq(strlen(r.subject), JOURNAL_SUBJECT_BYTES - 1);
    ck_assert_uint_eq(strlen(r.network), JOURNAL_NETWORK_BYTES - 1);
    ck_assert_uint_eq(strlen(r.reason), JOURNAL_REASON_BYTES - 1);
    ck_assert_uint_eq(strlen(r.detail), JOURNAL_DETAIL_BYTES - 1);
}
END_TEST

START_TEST(absent_texts_are_empty)
{
    struct journal_record r;
    struct journal_cursor cursor = {0};

    journal_add(journal, &(struct journal_note){.event = JOURNAL_CHOSEN});
    ck_assert_uint_eq(journal_read(journal, &r, 1, &cursor), 1);
    ck_assert_str_eq(r.subject, "");
    ck_assert_str_eq(r.network, "");
    ck_assert_str_eq(r.reason, "");
    ck_assert_str_eq(r.detail, "");
}
END_TEST

START_TEST(a_part_without_a_journal_notes_nothing)
{
    journal_add(NULL, &(struct journal_note){.event = JOURNAL_SKIPPED});
    ck_assert_uint_eq(journal_stats(journal).added, 0);
}
END_TEST

START_TEST(a_full_stream_overwrites_the_oldest_and_counts_them)
{
    struct journal_record *r = records;
    struct journal_cursor cursor = {0};
    struct journal_stats stats;

    note_many(CAPACITY);
    ck_assert_uint_eq(journal_stats(journal).overwritten, 0);
    note_many(30);
    stats = journal_stats(journal);
    ck_assert_uint_eq(stats.capacity, CAPACITY);
    ck_assert_uint_eq(stats.added, CAPACITY + 30);
    ck_assert_uint_eq(stats.overwritten, 30);
    ck_assert_uint_eq(journal_read(journal, r, CAPACITY + 1, &cursor), CAPACITY);
    for (int i = 0; i < CAPACITY; i++)
        ck_assert_uint_eq(r[i].seq, (uint64_t)i + 31);
    ck_assert_uint_eq(cursor.lost, 0); /* it asked for the oldest that is left */
}
END_TEST

START_TEST(a_query_gives_the_newest_first)
{
    struct journal_record r[3];
    struct journal_filter all = {0};

    note_many(CAPACITY + 5);
    ck_assert_uint_eq(journal_query(journal, r, 3, &all), 3);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_eq(r[i].seq, CAPACITY + 5 - i);
}
END_TEST

START_TEST(a_query_finds_one_subject_among_all)
{
    struct journal_record *r = records;
    struct journal_filter filter = {.subject = "7"};

    note(JOURNAL_BANNED, JOURNAL_ADDRESS, "7", "score");
    note_many(CAPACITY);
    ck_assert_uint_eq(journal_query(journal, r, CAPACITY, &filter), 2);
    ck_assert_int_eq(r[0].event, JOURNAL_DIALLED);
    ck_assert_int_eq(r[1].event, JOURNAL_BANNED);
    ck_assert_uint_eq(journal_query(journal, r, 1, &filter), 1);
    ck_assert_int_eq(r[0].event, JOURNAL_DIALLED);
    filter.subject = "70";
    ck_assert_uint_eq(journal_query(journal, r, CAPACITY, &filter), 1);
    filter.subject = "";
    ck_assert_uint_eq(journal_query(journal, r, CAPACITY, &filter), 0);
}
END_TEST

START_TEST(a_query_finds_a_host_whatever_its_port)
{
    static const char *const subjects[] = {"127.0.0.1:1", "127.0.0.11:1", "127.0.0.1:65535",
                                           "[2001:db8::1]:1", "127.0.0.1/32"};
    struct journal_record *r = records;

    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
        note(JOURNAL_REFUSED, JOURNAL_ADDRESS, subjects[i], "banned");
    ck_assert_uint_eq(
        journal_query(journal, r, CAPACITY, &(struct journal_filter){.host = "127.0.0.1"}), 3);
    ck_assert_str_eq(r[0].subject, "127.0.0.1/32");
    ck_assert_str_eq(r[1].subject, "127.0.0.1:65535");
    ck_assert_uint_eq(
        journal_query(journal, r, CAPACITY, &(struct journal_filter){.host = "[2001:db8::1]"}), 1);
    ck_assert_uint_eq(
        journal_query(journal, r, CAPACITY, &(struct journal_filter){.network = "ethereum"}), 0);
}
END_TEST

/* The reason for a list of its own for each event. */
START_TEST(a_flood_of_one_event_leaves_the_others_alone)
{
    struct journal_record *r = records;
    struct journal_stats stats;
    char subject[16];

    note(JOURNAL_BANNED, JOURNAL_ADDRESS, "an old ban", "score");
    for (int i = 0; i < 5 * CAPACITY; i++) {
        snprintf(subject, sizeof subject, "%d", i);
        note(JOURNAL_REFUSED, JOURNAL_ADDRESS, subject, "limit");
        note(JOURNAL_SKIPPED, JOURNAL_ADDRESS, subject, "same_group");
    }
    ck_assert_uint_eq(
        journal_query(journal, r, CAPACITY, &(struct journal_filter){.subject = "an old ban"}), 1);
    ck_assert_uint_eq(journal_query(journal, r, CAPACITY * 3, &(struct journal_filter){0}),
                      2 * CAPACITY + 1);
    ck_assert_str_eq(r[2 * CAPACITY].subject, "an old ban");
    stats = journal_stats(journal);
    ck_assert_uint_eq(stats.dropped, 8 * CAPACITY);
    ck_assert_uint_eq(stats.events[JOURNAL_REFUSED].noted, 5 * CAPACITY);
    ck_assert_uint_eq(stats.events[JOURNAL_REFUSED].kept, CAPACITY);
    ck_assert_uint_eq(stats.events[JOURNAL_REFUSED].dropped, 4 * CAPACITY);
    ck_assert_uint_eq(stats.events[JOURNAL_BANNED].dropped, 0);
}
END_TEST

START_TEST(what_happens_again_is_counted_in_one_record_which_becomes_the_newest)
{
    struct journal_record *r = records;
    struct journal_filter all = {0};

    note(JOURNAL_SKIPPED, JOURNAL_ADDRESS, "a", "same_group");
    clock_test_advance_ms(1000);
    note(JOURNAL_SKIPPED, JOURNAL_ADDRESS, "b", "same_group");
    note(JOURNAL_SKIPPED, JOURNAL_ADDRESS, "a", "banned");
    clock_test_advance_ms(1000);
    note(JOURNAL_SKIPPED, JOURNAL_ADDRESS, "a", "same_group");
    ck_assert_uint_eq(journal_query(journal, r, 8, &all), 3);
    ck_assert_str_eq(r[0].subject, "a");
    ck_assert_str_eq(r[0].reason, "same_group");
    ck_assert_uint_eq(r[0].count, 2);
    ck_assert_int_eq(r[0].first_wall_us, WALL_S * INT64_C(1000000));
    ck_assert_int_eq(r[0].wall_us, WALL_S * INT64_C(1000000) + 2000000);
    ck_assert_str_eq(r[1].reason, "banned");
    ck_assert_str_eq(r[2].subject, "b");
    all.subject = "a";
    ck_assert_uint_eq(journal_query(journal, r, 8, &all), 2);
    ck_assert_uint_eq(r[0].count, 2);
    ck_assert_uint_eq(journal_stats(journal).events[JOURNAL_SKIPPED].noted, 4);
    ck_assert_uint_eq(journal_stats(journal).events[JOURNAL_SKIPPED].kept, 3);
}
END_TEST

/* Of a full list the record that goes is the one that happened longest ago, not the one that came
 * first. */
START_TEST(a_record_that_happens_again_outlives_others)
{
    struct journal_record *r = records;
    struct journal_filter filter = {.subject = "0"};

    note_many(CAPACITY);
    note_many(1);
    note(JOURNAL_DIALLED, JOURNAL_ADDRESS, "one more", NULL);
    ck_assert_uint_eq(journal_query(journal, r, 8, &filter), 1);
    ck_assert_uint_eq(r[0].count, 2);
    filter.subject = "1";
    ck_assert_uint_eq(journal_query(journal, r, 8, &filter), 0);
}
END_TEST

START_TEST(what_comes_by_the_thousand_is_not_in_the_stream)
{
    struct journal_record r;
    struct journal_cursor cursor = journal_subscribe(journal);

    note(JOURNAL_SKIPPED, JOURNAL_ADDRESS, "a", "same_group");
    note(JOURNAL_BANNED, JOURNAL_ADDRESS, "b", "score");
    ck_assert_uint_eq(journal_read(journal, &r, 1, &cursor), 1);
    ck_assert_str_eq(r.subject, "b");
    ck_assert_uint_eq(r.seq, 1);
    ck_assert(!journal_event_is_followed(JOURNAL_SKIPPED));
    ck_assert(journal_event_is_followed(JOURNAL_BANNED));
}
END_TEST

START_TEST(each_note_is_counted_by_network_event_and_reason)
{
    static struct journal_tally t[JOURNAL_TALLIES_MAX];
    struct buf text;

    note(JOURNAL_REFUSED, JOURNAL_ADDRESS, "a", "banned");
    note(JOURNAL_REFUSED, JOURNAL_ADDRESS, "b", "banned");
    note(JOURNAL_REFUSED, JOURNAL_ADDRESS, "b", "limit");
    journal_add(journal, &(struct journal_note){.event = JOURNAL_FOUND,
                                                .kind = JOURNAL_NETWORK,
                                                .network = "ethereum",
                                                .reason = "dns",
                                                .count = 40});
    ck_assert_uint_eq(journal_tallies(journal, t, JOURNAL_TALLIES_MAX, NULL), 3);
    ck_assert_uint_eq(journal_tallies(journal, t, JOURNAL_TALLIES_MAX, "bitcoin"), 2);
    ck_assert_str_eq(t[0].reason, "banned");
    ck_assert_uint_eq(t[0].count, 2);
    ck_assert_str_eq(t[1].reason, "limit");
    ck_assert_uint_eq(t[1].count, 1);
    buf_init(&text, 100000);
    ck_assert_int_eq(metrics_render(&text, METRICS_TEXT_004), 0);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&text),
                                 "p2pnode_decisions_total{network=\"bitcoin\",event=\"refused\","
                                 "reason=\"banned\"} 2\n"));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&text),
                                 "p2pnode_decisions_total{network=\"ethereum\",event=\"found\","
                                 "reason=\"dns\"} 40\n"));
    buf_free(&text);
}
END_TEST

START_TEST(the_kinds_of_counts_are_bounded)
{
    static struct journal_tally t[JOURNAL_TALLIES_MAX + 1];
    uint64_t total = 0;
    char reason[16];

    for (int i = 0; i < 2 * JOURNAL_TALLIES_MAX; i++) {
        snprintf(reason, sizeof reason, "%d", i);
        note(JOURNAL_REFUSED, JOURNAL_ADDRESS, "a", reason);
    }
    ck_assert_uint_eq(journal_tallies(journal, t, JOURNAL_TALLIES_MAX + 1, NULL),
                      JOURNAL_TALLIES_MAX);
    for (int i = 0; i < JOURNAL_TALLIES_MAX; i++)
        total += t[i].count;
    ck_assert_uint_eq(total, 2 * JOURNAL_TALLIES_MAX);
}
END_TEST

START_TEST(the_funnel_tells_how_far_addresses_came)
{
    struct journal_funnel f;

    journal_add(journal,
                &(struct journal_note){.event = JOURNAL_FOUND, .network = "bitcoin", .count = 30});
    for (int i = 0; i < 7; i++)
        note(JOURNAL_SKIPPED, JOURNAL_ADDRESS, "a", "same_group");
    note(JOURNAL_SKIPPED, JOURNAL_ADDRESS, "b", "banned");
    note(JOURNAL_CHOSEN, JOURNAL_ADDRESS, "c", "new");
    note(JOURNAL_DIALLED, JOURNAL_ADDRESS, "c", NULL);
    note(JOURNAL_FAILED, JOURNAL_ADDRESS, "c", "refused");
    f = journal_funnel(journal, "bitcoin");
    ck_assert_uint_eq(f.found, 30);
    ck_assert_uint_eq(f.filtered, 8);
    ck_assert_uint_eq(f.chosen, 1);
    ck_assert_uint_eq(f.dialled, 1);
    ck_assert_uint_eq(f.failed, 1);
    ck_assert_uint_eq(f.handshaken_outbound, 0);
    ck_assert_uint_eq(f.handshaken_inbound, 0);
    ck_assert_uint_eq(f.ended, 0);
    note(JOURNAL_CONNECTED, JOURNAL_PEER, "1", NULL);
    note(JOURNAL_ACCEPTED, JOURNAL_PEER, "2", NULL);
    note(JOURNAL_ACCEPTED, JOURNAL_PEER, "3", NULL);
    f = journal_funnel(journal, "bitcoin");
    ck_assert_uint_eq(f.handshaken_outbound, 1);
    ck_assert_uint_eq(f.handshaken_inbound, 2);
    ck_assert_uint_eq(journal_funnel(journal, "ethereum").found, 0);
}
END_TEST

START_TEST(a_query_can_name_kinds_events_and_a_time)
{
    struct journal_record *r = records;
    struct journal_filter f = {.kinds = JOURNAL_BIT(JOURNAL_PEER) | JOURNAL_BIT(JOURNAL_SERVER)};

    note(JOURNAL_CONNECTED, JOURNAL_PEER, "1", NULL);
    note(JOURNAL_CONNECTED, JOURNAL_SERVER, "1", NULL);
    note(JOURNAL_CONNECTED, JOURNAL_NETWORK, "1", NULL);
    clock_test_advance_ms(1000);
    note(JOURNAL_EVICTED, JOURNAL_PEER, "1", NULL);
    ck_assert_uint_eq(journal_query(journal, r, 8, &f), 3);
    f = (struct journal_filter){.events = JOURNAL_BIT(JOURNAL_CONNECTED)};
    ck_assert_uint_eq(journal_query(journal, r, 8, &f), 3);
    f = (struct journal_filter){.since_wall_us = clock_wall_us()};
    ck_assert_uint_eq(journal_query(journal, r, 8, &f), 1);
    ck_assert_int_eq(r[0].event, JOURNAL_EVICTED);
    f.kinds = JOURNAL_BIT(JOURNAL_SERVER);
    ck_assert_uint_eq(journal_query(journal, r, 8, &f), 0);
}
END_TEST

START_TEST(a_wall_clock_set_back_hides_nothing_newer)
{
    struct journal_record *r = records;
    struct journal_filter f = {.since_wall_us = clock_wall_us()};

    note(JOURNAL_CONNECTED, JOURNAL_PEER, "in time", NULL);
    clock_test_set_wall(WALL_S - 3600);
    note(JOURNAL_CONNECTED, JOURNAL_PEER, "set back", NULL);
    ck_assert_uint_eq(journal_query(journal, r, 8, &f), 1);
    ck_assert_str_eq(r[0].subject, "in time");
}
END_TEST

START_TEST(a_subscriber_sees_each_later_record_once_and_in_order)
{
    struct journal_record *r = records;
    struct journal_cursor cursor;

    note_many(3);
    cursor = journal_subscribe(journal);
    ck_assert_uint_eq(journal_read(journal, r, 8, &cursor), 0);
    note_many(5);
    ck_assert_uint_eq(journal_read(journal, r, 2, &cursor), 2);
    ck_assert_uint_eq(r[0].seq, 4);
    ck_assert_uint_eq(r[1].seq, 5);
    ck_assert_uint_eq(journal_read(journal, r, 8, &cursor), 3);
    ck_assert_uint_eq(r[2].seq, 8);
    ck_assert_uint_eq(journal_read(journal, r, 8, &cursor), 0);
    ck_assert_uint_eq(cursor.lost, 0);
}
END_TEST

START_TEST(a_slow_subscriber_learns_how_much_it_missed)
{
    struct journal_record *r = records;
    struct journal_cursor cursor = journal_subscribe(journal);

    note_many(CAPACITY + 40);
    ck_assert_uint_eq(journal_read(journal, r, 8, &cursor), 8);
    ck_assert_uint_eq(cursor.lost, 40);
    ck_assert_uint_eq(r[0].seq, 41);
    ck_assert_uint_eq(journal_read(journal, r, 8, &cursor), 8);
    ck_assert_uint_eq(cursor.lost, 40);
    ck_assert_uint_eq(r[0].seq, 49);
}
END_TEST

START_TEST(a_cursor_of_another_process_is_set_to_the_end)
{
    struct journal_record r;
    struct journal_cursor cursor = {.next = UINT64_MAX};

    note_many(2);
    ck_assert_uint_eq(journal_read(journal, &r, 1, &cursor), 0);
    note_many(1);
    ck_assert_uint_eq(journal_read(journal, &r, 1, &cursor), 1);
    ck_assert_uint_eq(r.seq, 3);
}
END_TEST

START_TEST(every_event_and_kind_has_its_name)
{
    for (int i = 0; i < JOURNAL_EVENT_COUNT; i++) {
        ck_assert_str_ne(journal_event_name((enum journal_event)i), "?");
        for (int k = 0; k < i; k++)
            ck_assert_str_ne(journal_event_name((enum journal_event)i),
                             journal_event_name((enum journal_event)k));
    }
    for (int i = 0; i < JOURNAL_KIND_COUNT; i++)
        ck_assert_str_ne(journal_kind_name((enum journal_kind)i), "?");
    ck_assert_str_eq(journal_event_name(JOURNAL_EVENT_COUNT), "?");
    ck_assert_str_eq(journal_kind_name(JOURNAL_KIND_COUNT), "?");
}
END_TEST

START_TEST(without_memory_there_is_no_journal)
{
    for (unsigned n = 1; n <= 3; n++) { /* each allocation of the constructor in turn */
        mem_fail_at(n, 0);
        ck_assert_ptr_null(journal_new(8));
    }
    mem_fail_at(0, 0);
    ck_assert_ptr_null(journal_new(SIZE_MAX));
    journal_free(NULL);
}
END_TEST

enum { WRITERS = 3, NOTES_EACH = 20000 };

static atomic_int writers_left;

static void *write_notes(void *arg)
{
    char subject[JOURNAL_SUBJECT_BYTES];

    /* A torn record would show: its subject and its detail are the same text. */
    for (int i = 0; i < NOTES_EACH; i++) {
        snprintf(subject, sizeof subject, "%s-%d", (const char *)arg, i);
        journal_add(journal, &(struct journal_note){.event = JOURNAL_CONNECTED,
                                                    .kind = JOURNAL_PEER,
                                                    .subject = subject,
                                                    .detail = subject});
    }
    atomic_fetch_sub(&writers_left, 1);
    return NULL;
}

START_TEST(readers_and_writers_together_lose_and_tear_nothing)
{
    const char *names[WRITERS] = {"a", "b", "c"};
    struct journal_record *r = records;
    struct journal_cursor cursor = journal_subscribe(journal);
    struct journal_filter all = {0};
    pthread_t threads[WRITERS];
    uint64_t seen = 0;
    size_t n;
    int left;

    atomic_store(&writers_left, WRITERS);
    for (int i = 0; i < WRITERS; i++)
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, write_notes, (void *)(uintptr_t)names[i]), 0);
    do {
        left = atomic_load(&writers_left);
        n = journal_read(journal, r, CAPACITY, &cursor);
        for (size_t i = 0; i < n; i++)
            ck_assert_str_eq(r[i].subject, r[i].detail);
        seen += n;
        n = journal_query(journal, r, CAPACITY, &all);
        for (size_t i = 0; i < n; i++) {
            ck_assert_str_eq(r[i].subject, r[i].detail);
            if (i > 0)
                ck_assert_uint_lt(r[i].seq, r[i - 1].seq);
        }
    } while (left > 0);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    while ((n = journal_read(journal, r, CAPACITY, &cursor)) > 0)
        seen += n;
    ck_assert_uint_eq(seen + cursor.lost, WRITERS * NOTES_EACH);
    ck_assert_uint_eq(journal_stats(journal).added, WRITERS * NOTES_EACH);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("journal");
    TCase *t = tcase_create("journal");

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_record_holds_what_was_noted_and_both_times);
    tcase_add_test(t, texts_are_cut_to_their_fields_and_shown_anywhere);
    tcase_add_test(t, absent_texts_are_empty);
    tcase_add_test(t, a_part_without_a_journal_notes_nothing);
    tcase_add_test(t, a_full_stream_overwrites_the_oldest_and_counts_them);
    tcase_add_test(t, a_query_gives_the_newest_first);
    tcase_add_test(t, a_query_finds_one_subject_among_all);
    tcase_add_test(t, a_query_finds_a_host_whatever_its_port);
    tcase_add_test(t, a_flood_of_one_event_leaves_the_others_alone);
    tcase_add_test(t, what_happens_again_is_counted_in_one_record_which_becomes_the_newest);
    tcase_add_test(t, a_record_that_happens_again_outlives_others);
    tcase_add_test(t, what_comes_by_the_thousand_is_not_in_the_stream);
    tcase_add_test(t, each_note_is_counted_by_network_event_and_reason);
    tcase_add_test(t, the_kinds_of_counts_are_bounded);
    tcase_add_test(t, the_funnel_tells_how_far_addresses_came);
    tcase_add_test(t, a_query_can_name_kinds_events_and_a_time);
    tcase_add_test(t, a_wall_clock_set_back_hides_nothing_newer);
    tcase_add_test(t, a_subscriber_sees_each_later_record_once_and_in_order);
    tcase_add_test(t, a_slow_subscriber_learns_how_much_it_missed);
    tcase_add_test(t, a_cursor_of_another_process_is_set_to_the_end);
    tcase_add_test(t, every_event_and_kind_has_its_name);
    tcase_add_test(t, without_memory_there_is_no_journal);
    tcase_add_test(t, readers_and_writers_together_lose_and_tear_nothing);
    return harness_run(s);
}
