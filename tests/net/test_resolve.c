/* Lookups against a name server on loopback that this test is itself. */
#include <arpa/inet.h>
#include <dirent.h>
#include <event2/dns.h>
#include <event2/dns_struct.h>
#include <event2/event.h>
#include <event2/thread.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "harness.h"
#include "net/resolve.h"
#include "net/sock.h"

static struct {
    struct event_base *base;
    struct evdns_server_port *port;
    struct resolver *resolver;
    int fd;
    unsigned questions;
} net;

static struct {
    unsigned calls;
    int rc;
    char text[2048]; /* the addresses, each with a blank behind it */
    pthread_t thread;
} result;

enum { TYPE_TXT = 16 };

static void answer_a(struct evdns_server_request *request, const char *name, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        evdns_server_request_add_a_reply(request, name, 1, (uint8_t[]){127, 0, 1, (uint8_t)i}, 60);
}

static void add_text(struct evdns_server_request *request, const char *name, const char *strings,
                     size_t len)
{
    evdns_server_request_add_reply(request, EVDNS_ANSWER_SECTION, name, TYPE_TXT, EVDNS_CLASS_INET,
                                   60, (int)len, 0, strings);
}

/* A record's strings, each behind its length. */
static void answer_texts(struct evdns_server_request *request, const char *name)
{
    static const char two[] = "\5alpha\6, beta", zero[] = "\3a\0b", one[] = "\5gamma",
                      none[] = "\0";
    bool here = strcasecmp(name, "texts.test") == 0;

    if (here) {
        add_text(request, name, two, sizeof two - 1);
        add_text(request, name, zero, sizeof zero - 1);
        add_text(request, name, one, sizeof one - 1);
        add_text(request, name, none, 1);
    }
    for (unsigned i = 0; i < 20 && strcasecmp(name, "manytexts.test") == 0; i++)
        add_text(request, name, one, sizeof one - 1);
    evdns_server_request_respond(
        request, here || strcasecmp(name, "absent.test") != 0 ? DNS_ERR_NONE : DNS_ERR_NOTEXIST);
}

/* The zone: what each name under .test answers. "silent" does not. */
static void on_question(struct evdns_server_request *request, void *arg)
{
    const struct evdns_server_question *q = request->questions[0];
    static const uint8_t v6[32] = {0x20, 1, 0xd, 0xb8, [15] = 1, [26] = 0xff, 0xff, 1, 2, 3, 4};
    bool a = q->type == EVDNS_TYPE_A;
    int rc = DNS_ERR_NONE;

    (void)arg;
    net.questions++;
    if (strcasecmp(q->name, "silent.test") == 0) {
        evdns_server_request_drop(request);
        return;
    }
    if (q->type == TYPE_TXT) {
        answer_texts(request, q->name);
        return;
    }
    if (strcasecmp(q->name, "both.test") == 0 && a)
        answer_a(request, q->name, 2);
    else if (strcasecmp(q->name, "both.test") == 0)
        for (unsigned i = 0; i < 2; i++)
            evdns_server_request_add_aaaa_reply(request, q->name, 1, v6 + 16 * (size_t)i, 60);
    else if (strcasecmp(q->name, "four.test") == 0 && a)
        answer_a(request, q->name, 1);
    else if (strcasecmp(q->name, "half.test") == 0 && a)
        answer_a(request, q->name, 1);
    else if (strcasecmp(q->name, "many.test") == 0 && a)
        answer_a(request, q->name, 25);
    else if (strcasecmp(q->name, "four.test") == 0 || strcasecmp(q->name, "empty.test") == 0 ||
             strcasecmp(q->name, "many.test") == 0)
        rc = DNS_ERR_NONE; /* the name is there, this kind of address is not */
    else if (strcasecmp(q->name, "half.test") == 0 || strcasecmp(q->name, "broken.test") == 0)
        rc = DNS_ERR_SERVERFAILED;
    else if (strcasecmp(q->name, "refused.test") == 0)
        rc = DNS_ERR_REFUSED;
    else
        rc = DNS_ERR_NOTEXIST;
    evdns_server_request_respond(request, rc);
}

static void on_done(void *arg, int rc, const struct net_addr *addrs, size_t count)
{
    char one[NET_ADDR_TEXT_BYTES];

    (void)arg;
    result.calls++;
    result.rc = rc;
    result.thread = pthread_self();
    result.text[0] = '\0';
    ck_assert((rc == 0) == (count > 0));
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(result.text);

        snprintf(result.text + len, sizeof result.text - len, "%s ",
                 net_addr_format(one, &addrs[i]));
    }
}

static void on_texts_done(void *arg, int rc, const char *const *texts, size_t count)
{
    (void)arg;
    result.calls++;
    result.rc = rc;
    result.text[0] = '\0';
    ck_assert((rc == 0) == (count > 0));
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(result.text);

        snprintf(result.text + len, sizeof result.text - len, "[%s]", texts[i]);
    }
}

static void setup(void)
{
    struct resolver_config config = {.timeout_ms = 50, .attempts = 2};
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    memset(&net, 0, sizeof net);
    memset(&result, 0, sizeof result);
    ck_assert_int_eq(evthread_use_pthreads(), 0);
    net.base = event_base_new();
    net.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(net.fd, (struct sockaddr *)&at, sizeof at), 0);
    net.port = evdns_add_server_port_with_base(net.base, net.fd, 0, on_question, NULL);
    ck_assert(net.base && net.port);
    ck_assert_int_eq(sock_local_addr(&config.nameserver, net.fd), 0);
    net.resolver = resolver_new(net.base, &config);
    ck_assert_ptr_nonnull(net.resolver);
}

static void teardown(void)
{
    resolver_free(net.resolver);
    evdns_close_server_port(net.port);
    event_base_free(net.base);
    close(net.fd);
}

static int ask(const char *name, uint16_t port)
{
    struct net_target t;

    ck_assert_int_eq(net_target_parse(&t, name, port), 0);
    return resolver_lookup(net.resolver, &t, on_done, NULL);
}

static int ask_texts(const char *name)
{
    struct net_target t;

    ck_assert_int_eq(net_target_parse(&t, name, 0), 0);
    return resolver_lookup_texts(net.resolver, &t, on_texts_done, NULL);
}

/* Run the loop until so many lookups are done; the suite's timeout ends a wait in vain. */
static void wait_for(unsigned calls)
{
    while (result.calls < calls)
        ck_assert_int_ge(event_base_loop(net.base, EVLOOP_ONCE), 0);
}

START_TEST(every_answer_comes_out_as_what_it_is)
{
    static const struct {
        const char *name, *addresses;
        int rc;
    } rows[] = {
        {"both.test", "127.0.1.0:7 127.0.1.1:7 [2001:db8::1]:7 1.2.3.4:7 ", 0},
        {"four.test", "127.0.1.0:7 ", 0},
        {"half.test", "127.0.1.0:7 ", 0},
        {"empty.test", "", PN_EDNS_NONAME},
        {"absent.test", "", PN_EDNS_NONAME},
        {"broken.test", "", PN_EDNS_FAILED},
        {"refused.test", "", PN_EDNS_FAILED},
        {"silent.test", "", PN_ETIMEDOUT},
    };

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_int_eq(ask(rows[i].name, 7), 0);
        ck_assert_uint_eq(result.calls, i); /* never from within the question */
        wait_for(i + 1);
        ck_assert_msg(result.rc == rows[i].rc, "%s: expected %s, got %s", rows[i].name,
                      pn_errname(rows[i].rc), pn_errname(result.rc));
        if (strcmp(rows[i].name, "both.test") != 0)
            ck_assert_str_eq(result.text, rows[i].addresses);
        else /* A and AAAA in either order */
            ck_assert_uint_eq(strlen(result.text), strlen(rows[i].addresses));
    }
}
END_TEST

START_TEST(a_seeds_worth_of_addresses_comes_whole)
{
    ck_assert_int_eq(ask("many.test", 1), 0);
    wait_for(1);
    ck_assert_int_eq(result.rc, 0);
    ck_assert_ptr_nonnull(strstr(result.text, "127.0.1.0:1 "));
    ck_assert_ptr_nonnull(strstr(result.text, "127.0.1.24:1 "));
}
END_TEST

START_TEST(the_strings_of_a_text_come_in_one_piece)
{
    ck_assert_int_eq(ask_texts("texts.test"), 0);
    wait_for(1);
    ck_assert_int_eq(result.rc, 0);
    ck_assert_str_eq(result.text, "[alpha, beta][gamma][]"); /* not the one with a zero byte */
    ck_assert_int_eq(ask_texts("absent.test"), 0);
    wait_for(2);
    ck_assert_int_eq(result.rc, PN_EDNS_NONAME);
    ck_assert_int_eq(ask_texts("empty.test"), 0);
    wait_for(3);
    ck_assert_int_eq(result.rc, PN_EDNS_NONAME);
}
END_TEST

START_TEST(texts_beyond_the_limit_are_left_out)
{
    ck_assert_int_eq(ask_texts("manytexts.test"), 0);
    wait_for(1);
    ck_assert_int_eq(result.rc, 0);
    ck_assert_uint_eq(strlen(result.text), RESOLVER_MAX_TEXTS * strlen("[gamma]"));
}
END_TEST

static unsigned descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned n = 0;

    ck_assert_ptr_nonnull(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

START_TEST(nothing_is_open_before_the_first_lookup_and_after_the_last)
{
    unsigned before = descriptors();

    ck_assert_int_eq(event_base_loop(net.base, EVLOOP_NONBLOCK), 0);
    ck_assert_uint_eq(net.questions, 0);
    ck_assert_int_eq(ask("silent.test", 1), 0);
    wait_for(1);
    ck_assert_uint_eq(net.questions, 4); /* two kinds, each asked twice */
    ck_assert_int_eq(event_base_loop(net.base, EVLOOP_NONBLOCK), 0);
    ck_assert_uint_eq(descriptors(), before);
    ck_assert_int_eq(ask("four.test", 1), 0); /* and a slow server is asked again */
    wait_for(2);
    ck_assert_int_eq(result.rc, 0);
}
END_TEST

static void *ask_from_elsewhere(void *arg)
{
    *(int *)arg = ask("four.test", 1);
    return NULL;
}

START_TEST(any_thread_may_ask_and_the_loop_answers)
{
    pthread_t thread;
    int rc = PN_EINVAL;

    ck_assert_int_eq(pthread_create(&thread, NULL, ask_from_elsewhere, &rc), 0);
    wait_for(1); /* the loop may be waiting already */
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(rc, 0);
    ck_assert_int_eq(result.rc, 0);
    ck_assert(pthread_equal(result.thread, pthread_self()));
}
END_TEST

START_TEST(lookups_are_bounded_and_the_rest_is_refused)
{
    for (unsigned i = 0; i < RESOLVER_MAX_LOOKUPS; i++)
        ck_assert_int_eq(ask("four.test", 1), 0);
    ck_assert_int_eq(ask("four.test", 1), PN_ELIMIT);
    wait_for(RESOLVER_MAX_LOOKUPS);
    ck_assert_uint_eq(result.calls, RESOLVER_MAX_LOOKUPS);
    ck_assert_int_eq(result.rc, 0);
    ck_assert_int_eq(ask("four.test", 1), 0);
    wait_for(RESOLVER_MAX_LOOKUPS + 1);
}
END_TEST

/* The ports of resolv.conf's servers are all 53. Returns: a server there, or NULL without the
 * right. */
static struct evdns_server_port *serve_port_53(struct in_addr host)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(53), .sin_addr = host};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0) {
        close(fd);
        return NULL;
    }
    return evdns_add_server_port_with_base(net.base, fd, 0, on_question, NULL);
}

/* The system's servers, and those that the system has by then. */
START_TEST(servers_are_read_anew_from_resolv_conf)
{
    char path[] = "/tmp/test_resolve_XXXXXX", text[INET_ADDRSTRLEN];
    struct resolver_config config = {.resolv_conf = path, .timeout_ms = 50, .attempts = 1};
    /* Nobody else has this process's address in 127.53.0.0/16. */
    struct in_addr host = {htonl(0x7f350000 | ((uint32_t)getpid() & 0xffff))};
    struct evdns_server_port *port = serve_port_53(host);
    FILE *file;

    if (!port) {
        printf("SKIPPED: port 53 is for root\n");
        return;
    }
    file = fdopen(mkstemp(path), "w");
    ck_assert_ptr_nonnull(file);
    resolver_free(net.resolver);
    net.resolver = resolver_new(net.base, &config);
    fprintf(file, "nameserver 127.54.0.1\n");
    fflush(file);
    ck_assert_int_eq(ask("four.test", 1), 0);
    wait_for(1);
    ck_assert_int_ne(result.rc, 0);
    rewind(file);
    fprintf(file, "nameserver %s\n", inet_ntop(AF_INET, &host, text, sizeof text));
    fclose(file);
    event_base_loop(net.base, EVLOOP_NONBLOCK); /* lets the resolver close */
    ck_assert_int_eq(ask("four.test", 1), 0);
    wait_for(2);
    unlink(path);
    ck_assert_int_eq(result.rc, 0);
    evdns_close_server_port(port);
}
END_TEST

/* A name of /etc/hosts that stands behind a loopback address of IPv4 and is not localhost. */
static bool find_in_hosts(char name[64], char addr[64])
{
    FILE *file = fopen("/etc/hosts", "r");
    char line[256];
    bool found = false;

    while (file && !found && fgets(line, sizeof line, file))
        found = sscanf(line, "%63s %63s", addr, name) == 2 && strncmp(addr, "127.", 4) == 0 &&
                !strchr(name, '#') && !strstr(name, "localhost");
    if (file)
        fclose(file);
    return found;
}

START_TEST(what_stands_in_the_hosts_file_is_not_asked_for)
{
    char name[64], addr[64], wanted[80];

    if (!find_in_hosts(name, addr)) {
        puts("SKIPPED: /etc/hosts names nothing on loopback but localhost");
        return;
    }
    snprintf(wanted, sizeof wanted, "%s:9 ", addr);
    ck_assert_int_eq(ask(name, 9), 0);
    ck_assert_uint_eq(result.calls, 0); /* never from within the question */
    wait_for(1);
    ck_assert_int_eq(result.rc, 0);
    ck_assert_msg(strstr(result.text, wanted), "%s: expected %s, got %s", name, wanted,
                  result.text);
    ck_assert_uint_eq(net.questions, 0);
}
END_TEST

START_TEST(localhost_is_loopback_and_not_asked_for)
{
    static const char *const rows[] = {"localhost", "LocalHost", "a.localhost"};

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_int_eq(ask(rows[i], 9), 0);
        wait_for(i + 1);
        ck_assert_int_eq(result.rc, 0);
        ck_assert_msg(strstr(result.text, "127.0.0.1:9 "), "%s: got %s", rows[i], result.text);
    }
    ck_assert_str_eq(result.text,
                     "127.0.0.1:9 [::1]:9 "); /* below localhost no file has anything */
    ck_assert_uint_eq(net.questions, 0);
    ck_assert_int_eq(ask("notlocalhost", 9), 0);
    wait_for(sizeof rows / sizeof rows[0] + 1);
    ck_assert_uint_gt(net.questions, 0);
}
END_TEST

START_TEST(what_is_no_dns_name_never_reaches_the_dns)
{
    static const char *const rows[] = {
        "127.0.0.1",
        "::1",
        "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion",
        "stats.i2p",
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_int_eq(ask(rows[i], 1), PN_EINVAL);
    event_base_loop(net.base, EVLOOP_NONBLOCK);
    ck_assert_uint_eq(net.questions, 0);
    ck_assert_uint_eq(result.calls, 0);
}
END_TEST

START_TEST(an_end_answers_what_is_under_way)
{
    ck_assert_int_eq(ask("silent.test", 1), 0);
    while (net.questions == 0)
        event_base_loop(net.base, EVLOOP_ONCE);
    ck_assert_int_eq(ask("four.test", 1), 0);
    resolver_free(net.resolver);
    net.resolver = NULL;
    ck_assert_uint_eq(result.calls, 2);
    ck_assert_int_eq(result.rc, PN_EQUIT);
}
END_TEST

START_TEST(without_memory_a_lookup_is_refused)
{
    mem_fail_at(1, 0);
    ck_assert_int_eq(ask("four.test", 1), PN_ENOMEM);
    mem_fail_at(1, 0);
    ck_assert_ptr_null(resolver_new(net.base, &(struct resolver_config){0}));
    event_base_loop(net.base, EVLOOP_NONBLOCK);
    ck_assert_uint_eq(result.calls, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("resolve");
    TCase *tc = tcase_create("resolve");

    suite_add_tcase(suite, tc);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 30);
    tcase_add_test(tc, every_answer_comes_out_as_what_it_is);
    tcase_add_test(tc, a_seeds_worth_of_addresses_comes_whole);
    tcase_add_test(tc, the_strings_of_a_text_come_in_one_piece);
    tcase_add_test(tc, texts_beyond_the_limit_are_left_out);
    tcase_add_test(tc, nothing_is_open_before_the_first_lookup_and_after_the_last);
    tcase_add_test(tc, any_thread_may_ask_and_the_loop_answers);
    tcase_add_test(tc, lookups_are_bounded_and_the_rest_is_refused);
    tcase_add_test(tc, servers_are_read_anew_from_resolv_conf);
    tcase_add_test(tc, what_is_no_dns_name_never_reaches_the_dns);
    tcase_add_test(tc, what_stands_in_the_hosts_file_is_not_asked_for);
    tcase_add_test(tc, localhost_is_loopback_and_not_asked_for);
    tcase_add_test(tc, an_end_answers_what_is_under_way);
    tcase_add_test(tc, without_memory_a_lookup_is_refused);
    return harness_run(suite);
}
