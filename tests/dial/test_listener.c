/* The listener on a real event loop and real loopback sockets. */
#include <event2/event.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "dial/listener.h"
#include "net/loop.h"
#include "net/sock.h"
#include "test_dial.h"

struct fixture {
    struct loop *loop;
    struct slots slots;
    struct subnet_list permitted, exempt;
    struct gate gate;
    struct journal *journal;
    struct listener *listener;
    struct net_addr at;
    struct conn *accepted[8];
    unsigned n_accepted;
    int answer; /* of the accepted callback */
};

static int on_accepted(void *arg, struct conn *c, const struct net_addr *from, bool has_slot)
{
    struct fixture *f = arg;

    ck_assert_int_eq(from->kind, NET_IPV4);
    if (!has_slot) /* as the server refuses when nobody gives way */
        return PN_ELIMIT;
    if (f->answer == 0)
        f->accepted[f->n_accepted++] = c;
    return f->answer;
}

static void set_up(struct fixture *f, unsigned places, const char *permitted)
{
    struct listener_config config = {
        .network = "test", .gate = &f->gate, .slots = &f->slots, .accepted = on_accepted, .arg = f};
    int fd;

    *f = (struct fixture){.journal = journal_new(8)};
    slots_init(&f->slots, places, 0);
    if (permitted)
        ck_assert_int_eq(subnet_list_add(&f->permitted, permitted), 0);
    ck_assert_int_eq(gate_init(&f->gate, &f->permitted, &f->exempt, NULL, f->journal, 3600), 0);
    f->loop = loop_new();
    ck_assert_ptr_nonnull(f->loop);
    /* A free port: bound once, then left to the listener. */
    net_addr_parse(&f->at, "127.0.0.1:0", 0);
    ck_assert_int_eq(sock_listen(&fd, &f->at), 0);
    ck_assert_int_eq(sock_local_addr(&f->at, fd), 0);
    close(fd);
    config.addr = f->at;
    ck_assert_int_eq(listener_new(&f->listener, loop_base(f->loop), &config), 0);
}

static void tear_down(struct fixture *f)
{
    for (unsigned i = 0; i < f->n_accepted; i++)
        conn_close(f->accepted[i]);
    listener_free(f->listener);
    loop_free(f->loop);
    gate_free(&f->gate);
    journal_free(f->journal);
}

static int dial(const struct fixture *f)
{
    struct pollfd pfd = {.events = POLLOUT};

    ck_assert_int_eq(sock_connect_start(&pfd.fd, &f->at), 0);
    ck_assert_int_eq(poll(&pfd, 1, 5000), 1);
    ck_assert_int_eq(sock_connect_result(pfd.fd), 0);
    return pfd.fd;
}

/* Whether the listener has closed the connection; dispatches events until it is known. */
static bool was_refused(struct fixture *f, int fd)
{
    unsigned before = f->n_accepted;

    for (int i = 0; i < 5000; i++) {
        char byte;

        event_base_loop(loop_base(f->loop), EVLOOP_NONBLOCK);
        if (f->n_accepted > before)
            return false;
        if (recv(fd, &byte, 1, MSG_DONTWAIT) == 0)
            return true;
        poll(NULL, 0, 1);
    }
    ck_abort_msg("neither accepted nor refused");
    return false;
}

START_TEST(connections_are_accepted_until_the_slots_are_taken)
{
    static struct fixture f;
    int fds[4];

    set_up(&f, 3, "127.0.0.0/8");
    for (int i = 0; i < 4; i++) {
        fds[i] = dial(&f);
        ck_assert_int_eq(was_refused(&f, fds[i]), i == 3);
    }
    slots_give_inbound(&f.slots);
    close(fds[3]);
    fds[3] = dial(&f);
    ck_assert(!was_refused(&f, fds[3]));
    for (int i = 0; i < 4; i++)
        close(fds[i]);
    tear_down(&f);
}
END_TEST

START_TEST(an_address_outside_the_permitted_networks_is_refused_and_takes_no_slot)
{
    static struct fixture f;
    struct journal_record why;
    int fd;

    set_up(&f, 1, "10.0.0.0/8");
    fd = dial(&f);
    ck_assert(was_refused(&f, fd));
    ck_assert(slots_take_inbound(&f.slots));
    ck_assert_uint_eq(journal_query(f.journal, &why, 1, &(struct journal_filter){0}), 1);
    ck_assert_str_eq(journal_event_name(why.event), "refused");
    ck_assert_int_eq(strncmp(why.subject, "127.0.0.1:", 10), 0);
    ck_assert_str_eq(why.reason, "filtered");
    close(fd);
    tear_down(&f);
}
END_TEST

START_TEST(a_connection_nobody_takes_gives_its_slot_back)
{
    static struct fixture f;
    int fd;

    set_up(&f, 1, NULL);
    f.answer = PN_EAGAIN;
    fd = dial(&f);
    ck_assert(was_refused(&f, fd));
    close(fd);
    f.answer = 0;
    fd = dial(&f);
    ck_assert(!was_refused(&f, fd));
    close(fd);
    tear_down(&f);
}
END_TEST

START_TEST(a_taken_address_is_told)
{
    static struct fixture f;
    struct listener *second = NULL;
    struct listener_config config = {.network = "test"};

    set_up(&f, 1, NULL);
    config.addr = f.at;
    ck_assert_int_eq(listener_new(&second, loop_base(f.loop), &config), PN_EBUSY);
    tear_down(&f);
}
END_TEST

static int accept_attempts, accept_answer;

static int failing_accept(int *fd, struct net_addr *from, int listen_fd)
{
    (void)fd;
    (void)from;
    (void)listen_fd;
    accept_attempts++;
    return accept_answer;
}

static int real_listen(int *fd, const struct net_addr *at)
{
    int rc;

    sock_set_ops(NULL);
    rc = sock_listen(fd, at);
    return rc;
}

/* Without descriptors the socket stays readable; a listener that does not rest would spin. */
START_TEST(without_descriptors_it_rests_instead_of_spinning_and_then_goes_on)
{
    const struct sock_ops no_descriptors = {.accept = failing_accept, .listen = real_listen};
    static struct fixture f;
    struct journal_record why;
    int fd;

    set_up(&f, 1, NULL);
    fd = dial(&f);
    sock_set_ops(&no_descriptors);
    accept_answer = PN_ELIMIT;
    accept_attempts = 0;
    for (int i = 0; i < 100; i++)
        event_base_loop(loop_base(f.loop), EVLOOP_NONBLOCK);
    ck_assert_int_eq(accept_attempts, 1);
    ck_assert_uint_eq(journal_query(f.journal, &why, 1, &(struct journal_filter){0}), 1);
    ck_assert_str_eq(journal_event_name(why.event), "warned");
    ck_assert_str_eq(why.reason, "limit");
    sock_set_ops(NULL); /* there are descriptors again */
    ck_assert(!was_refused(&f, fd));
    close(fd);
    tear_down(&f);
}
END_TEST

void add_listener_tests(Suite *s)
{
    TCase *t = tcase_create("listener");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, connections_are_accepted_until_the_slots_are_taken);
    tcase_add_test(t, an_address_outside_the_permitted_networks_is_refused_and_takes_no_slot);
    tcase_add_test(t, a_connection_nobody_takes_gives_its_slot_back);
    tcase_add_test(t, a_taken_address_is_told);
    tcase_add_test(t, without_descriptors_it_rests_instead_of_spinning_and_then_goes_on);
}
