/* Promises of the pulse: who waits is alive however long it waits, who does not come back to its
 * wait is stuck after its role's patience, and nobody has to beat for that. */
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "harness.h"
#include "thread/chan.h"
#include "thread/pulse.h"
#include "thread/thread.h"

enum { PULSES_MAX = 32, HOUR_MS = 3600 * 1000, AWAIT_MS = 60 * 1000 };

static struct chan_class inbox_class = {
    .name = "inbox", .elem_size = 1, .capacity = 4, .block_roles = ROLE_BIT(ROLE_SERVER)};

static struct chan inbox, leave;
static sem_t taken, go_on;
static int wake_fd;

static void set_up(void)
{
    clock_test_start(1600000000);
    ck_assert_int_eq(chan_class_register(&inbox_class), 0);
    ck_assert_int_eq(chan_init(&inbox, &inbox_class), 0);
    ck_assert_int_eq(chan_init(&leave, &quit_class), 0);
    ck_assert_int_eq(sem_init(&taken, 0, 0), 0);
    ck_assert_int_eq(sem_init(&go_on, 0, 0), 0);
    wake_fd = eventfd(0, EFD_CLOEXEC);
    ck_assert_int_ge(wake_fd, 0);
}

static void tear_down(void)
{
    close(wake_fd);
    sem_destroy(&go_on);
    sem_destroy(&taken);
    chan_destroy(&leave, NULL);
    chan_destroy(&inbox, NULL);
    clock_test_stop();
}

/* --- threads --- */

/* At work, where nobody sees into, until the test lets it go on. */
static void work(void)
{
    sem_post(&taken);
    sem_wait(&go_on);
}

static void run_recv(void *arg)
{
    uint8_t elem;

    (void)arg;
    while (chan_recv(&inbox, &elem, CLOCK_NEVER) == 0)
        work();
}

static void run_recv_many(void *arg)
{
    uint8_t elem;

    (void)arg;
    while (chan_recv_many(&inbox, &elem, 1, CLOCK_NEVER) > 0)
        work();
}

static void run_select(void *arg)
{
    uint8_t elem;
    struct chan_case cases[] = {
        {.chan = &inbox, .op = CHAN_RECV, .elem = &elem},
        {.chan = &leave, .op = CHAN_RECV},
    };

    (void)arg;
    while (chan_select(cases, 2, CLOCK_NEVER) == 0 && cases[0].result == 0)
        work();
}

static void run_poll(void *arg)
{
    uint64_t woken;

    (void)arg;
    for (;;) {
        struct pollfd fd = {.fd = wake_fd, .events = POLLIN};
        uint8_t elem;

        while (pulse_poll(&fd, 1, CLOCK_NEVER) <= 0)
            ;
        if (read(wake_fd, &woken, sizeof woken) < 0 || chan_try_recv(&inbox, &elem) < 0)
            return;
        work();
    }
}

static void run_send(void *arg)
{
    uint8_t elem = 0;

    (void)arg;
    while (chan_send(&inbox, &elem, CLOCK_NEVER) == 0)
        ;
}

static void give_work(void)
{
    const uint64_t one = 1;
    uint8_t elem = 0;

    ck_assert_int_eq(chan_try_send(&inbox, &elem), 0);
    ck_assert_int_eq(write(wake_fd, &one, sizeof one), sizeof one);
}

static void end(struct thread *t)
{
    const uint64_t one = 1;

    chan_close(&inbox);
    ck_assert_int_eq(write(wake_fd, &one, sizeof one), sizeof one);
    thread_join(t);
}

/* --- looking --- */

static bool look(struct pulse_reading *out, const char *name)
{
    struct pulse_reading all[PULSES_MAX];
    unsigned n = pulse_read(all, PULSES_MAX);

    for (unsigned i = 0; i < n; i++)
        if (strcmp(all[i].name, name) == 0) {
            *out = all[i];
            return true;
        }
    return false;
}

static bool is_stuck(const char *name)
{
    struct pulse_reading r;

    ck_assert_msg(look(&r, name), "%s is not watched", name);
    return r.stuck;
}

static void await_rest(const char *name)
{
    struct pulse_reading r = {.seen_us = 0};

    for (int ms = 0; ms < AWAIT_MS; ms++) {
        if (look(&r, name) && !r.stuck && r.seen_us == clock_mono_us())
            return;
        poll(NULL, 0, 1);
    }
    ck_abort_msg("%s is not at its wait", name);
}

static void await_stuck(const char *name)
{
    for (int ms = 0; ms < AWAIT_MS; ms++) {
        if (is_stuck(name))
            return;
        poll(NULL, 0, 1);
    }
    ck_abort_msg("%s is not seen as stuck", name);
}

/* --- promises --- */

static void (*const waits[])(void *) = {run_recv, run_recv_many, run_select, run_poll};

START_TEST(a_wait_may_last_and_work_may_not)
{
    struct thread t;

    ck_assert_int_eq(thread_start(&t, "subject", ROLE_SERVER, waits[_i], NULL), 0);
    clock_test_advance_ms(HOUR_MS);
    await_rest("subject");
    clock_test_advance_ms(HOUR_MS);
    ck_assert_msg(!is_stuck("subject"), "a long wait is taken for work");
    give_work();
    sem_wait(&taken);
    clock_test_advance_ms(29 * 1000);
    ck_assert_msg(!is_stuck("subject"), "stuck before its patience is over");
    clock_test_advance_ms(2 * 1000);
    ck_assert_msg(is_stuck("subject"), "not stuck after 31 s of work");
    sem_post(&go_on);
    await_rest("subject");
    end(&t);
}
END_TEST

START_TEST(who_always_finds_work_turns_with_each_piece)
{
    struct thread t;

    for (int i = 0; i < 3; i++)
        give_work();
    ck_assert_int_eq(thread_start(&t, "subject", ROLE_SERVER, waits[_i], NULL), 0);
    for (int i = 0; i < 3; i++) {
        sem_wait(&taken);
        clock_test_advance_ms(20 * 1000);
        ck_assert_msg(!is_stuck("subject"), "stuck with piece %d", i);
        if (waits[_i] == run_poll && i < 2) /* its eventfd has told of all three at once */
            ck_assert_int_eq(write(wake_fd, &(uint64_t){1}, 8), 8);
        sem_post(&go_on);
    }
    await_rest("subject");
    end(&t);
}
END_TEST

START_TEST(a_send_that_does_not_get_on_is_no_wait_for_work)
{
    struct thread t;

    ck_assert_int_eq(thread_start(&t, "sender", ROLE_SERVER, run_send, NULL), 0);
    while (chan_depth(&inbox) < 4)
        poll(NULL, 0, 1);
    clock_test_advance_ms(31 * 1000);
    await_stuck("sender");
    end(&t);
}
END_TEST

START_TEST(who_lives_on_the_disk_has_more_patience)
{
    struct thread t;

    ck_assert_int_eq(thread_start(&t, "writer", ROLE_STORE, run_recv, NULL), 0);
    give_work();
    sem_wait(&taken);
    clock_test_advance_ms(290 * 1000);
    ck_assert(!is_stuck("writer"));
    clock_test_advance_ms(20 * 1000);
    ck_assert(is_stuck("writer"));
    sem_post(&go_on);
    end(&t);
}
END_TEST

START_TEST(every_role_but_a_peers_is_watched_while_it_runs)
{
    struct pulse_reading r, none[1];

    for (unsigned role = 0; role < ROLE_COUNT; role++) {
        bool own = role != ROLE_LOOP && role != ROLE_TEST &&
                   strncmp(thread_role_name((enum thread_role)role), "peer_", 5) != 0;
        struct thread t;

        ck_assert_int_eq(thread_start(&t, "subject", (enum thread_role)role, run_recv, NULL), 0);
        give_work();
        sem_wait(&taken);
        ck_assert_msg(look(&r, "subject") == own, "role %s",
                      thread_role_name((enum thread_role)role));
        sem_post(&go_on);
        end(&t);
        ck_assert_uint_eq(pulse_read(none, 0), 0);
        chan_destroy(&inbox, NULL);
        ck_assert_int_eq(chan_init(&inbox, &inbox_class), 0);
    }
}
END_TEST

START_TEST(a_thread_that_nobody_started_is_watched_on_request)
{
    struct pulse p;

    pulse_turn(); /* nothing yet */
    pulse_begin(&p, "0123456789abcdefgh", 1000);
    ck_assert(!is_stuck("0123456789abcde"));
    clock_test_advance_ms(1001);
    ck_assert(is_stuck("0123456789abcde"));
    pulse_turn();
    ck_assert(!is_stuck("0123456789abcde"));
    pulse_end(&p);
    ck_assert_uint_eq(pulse_read(NULL, 0), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pulse");
    TCase *tc = tcase_create("pulse");
    int n = sizeof waits / sizeof waits[0];

    tcase_set_timeout(tc, 300);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, a_wait_may_last_and_work_may_not, 0, n);
    tcase_add_loop_test(tc, who_always_finds_work_turns_with_each_piece, 0, n);
    tcase_add_test(tc, a_send_that_does_not_get_on_is_no_wait_for_work);
    tcase_add_test(tc, who_lives_on_the_disk_has_more_patience);
    tcase_add_test(tc, every_role_but_a_peers_is_watched_while_it_runs);
    tcase_add_test(tc, a_thread_that_nobody_started_is_watched_on_request);
    suite_add_tcase(suite, tc);
    return harness_run(suite);
}
