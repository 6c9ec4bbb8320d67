/* TLS over a pair of sockets, each side on threads of its own. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "harness.h"
#include "net/tls/tls.h"

enum { MEGABYTE = 1 << 20, SOON_MS = 20000 };

static struct tls_context *server_ctx, *client_ctx;
static struct buf cert, key;
static struct conn *server, *client;
static uint8_t seen[TLS_FINGERPRINT_BYTES];
static int shown;

static void on_shown(void *arg, const uint8_t fingerprint[TLS_FINGERPRINT_BYTES])
{
    (void)arg;
    memcpy(seen, fingerprint, sizeof seen);
    shown++;
}

static struct bytes bytes_of(const struct buf *b)
{
    return (struct bytes){b->data, b->len};
}

static void set_up(void)
{
    const struct tls_setup setup = {.server_name = "server.test", .shown = on_shown};
    int fds[2];

    buf_init(&cert, TLS_PEM_MAX_BYTES);
    buf_init(&key, TLS_PEM_MAX_BYTES);
    ck_assert_int_eq(tls_certificate_make(&cert, &key, "p2pnode"), 0);
    ck_assert_int_eq(tls_context_server(&server_ctx, bytes_of(&cert), bytes_of(&key)), 0);
    ck_assert_int_eq(tls_context_client(&client_ctx), 0);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    server = tls_conn_new(server_ctx, conn_from_fd(fds[0]), NULL);
    client = tls_conn_new(client_ctx, conn_from_fd(fds[1]), &setup);
    ck_assert_ptr_nonnull(server);
    ck_assert_ptr_nonnull(client);
}

static void tear_down(void)
{
    conn_close(server);
    conn_close(client);
    tls_context_free(server_ctx);
    tls_context_free(client_ctx);
    buf_free(&cert);
    buf_free(&key);
}

static int read_all(struct conn *c, uint8_t *out, size_t len)
{
    int rc = 0;

    while (rc == 0 && len > 0) {
        size_t n = 0;

        rc = conn_read(c, &n, out, len, clock_deadline_ms(SOON_MS));
        out += n;
        len -= n;
    }
    return rc;
}

static int write_all(struct conn *c, void *data, size_t len)
{
    struct iovec iov[3] = {
        {data, len / 3}, {(char *)data + len / 3, 0}, {(char *)data + len / 3, len - len / 3}};

    return conn_writev(c, iov, 3, clock_deadline_ms(SOON_MS));
}

static void *echo_byte(void *arg)
{
    uint8_t byte;
    int rc = read_all(arg, &byte, 1);

    if (rc == 0)
        rc = write_all(arg, &byte, 1);
    return (void *)(intptr_t)rc;
}

/* The handshake, on one thread a side. */
static void shake(void)
{
    uint8_t byte = 7;
    pthread_t thread;
    void *rc;

    ck_assert_int_eq(pthread_create(&thread, NULL, echo_byte, server), 0);
    ck_assert_int_eq(write_all(client, &byte, 1), 0);
    ck_assert_int_eq(read_all(client, &byte, 1), 0);
    pthread_join(thread, &rc);
    ck_assert_ptr_eq(rc, NULL);
    ck_assert_int_eq(byte, 7);
}

static void fill(uint8_t *data, uint8_t salt)
{
    for (size_t i = 0; i < MEGABYTE; i++)
        data[i] = (uint8_t)(i * 31 + i / 251 + salt);
}

static void *write_much(void *arg)
{
    uint8_t *data = malloc(MEGABYTE);
    int rc;

    fill(data, arg == server);
    rc = write_all(arg, data, MEGABYTE);
    free(data);
    return (void *)(intptr_t)rc;
}

static void *read_much(void *arg)
{
    uint8_t *data = malloc(MEGABYTE), *want = malloc(MEGABYTE);
    int rc = read_all(arg, data, MEGABYTE);

    fill(want, arg == client);
    if (rc == 0 && memcmp(data, want, MEGABYTE) != 0)
        rc = PN_EFORMAT;
    free(data);
    free(want);
    return (void *)(intptr_t)rc;
}

START_TEST(both_sides_read_and_write_at_the_same_time)
{
    void *(*const work[])(void *) = {read_much, write_much, read_much, write_much};
    struct conn *const who[] = {client, client, server, server};
    pthread_t threads[4];

    shake();
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work[i], who[i]), 0);
    for (int i = 0; i < 4; i++) {
        void *rc;

        pthread_join(threads[i], &rc);
        ck_assert_int_eq((int)(intptr_t)rc, 0);
    }
}
END_TEST

START_TEST(the_servers_certificate_is_shown_once)
{
    static const uint8_t none[TLS_FINGERPRINT_BYTES];

    shake();
    ck_assert_int_eq(shown, 1);
    ck_assert_mem_ne(seen, none, sizeof none);
}
END_TEST

START_TEST(who_does_not_speak_tls_is_an_error)
{
    int fds[2];
    struct conn *c;
    uint8_t byte;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    c = tls_conn_new(server_ctx, conn_from_fd(fds[0]), NULL);
    ck_assert_int_eq(write(fds[1], "{\"method\":\"server.version\"}\n", 28), 28);
    ck_assert_int_eq(read_all(c, &byte, 1), PN_ETLS);
    conn_close(c);
    close(fds[1]);
}
END_TEST

START_TEST(silence_ends_at_the_deadline)
{
    uint8_t byte;
    size_t n;

    ck_assert_int_eq(conn_read(server, &n, &byte, 1, clock_deadline_ms(20)), PN_ETIMEDOUT);
}
END_TEST

START_TEST(a_shutdown_ends_a_read)
{
    uint8_t byte;
    size_t n;

    shake();
    conn_shutdown(client);
    ck_assert_int_lt(conn_read(client, &n, &byte, 1, CLOCK_NEVER), 0);
    ck_assert_int_eq(conn_read(server, &n, &byte, 1, CLOCK_NEVER), PN_EEOF);
}
END_TEST

START_TEST(only_a_pair_of_certificate_and_key_is_taken)
{
    const struct bytes junk = {(const uint8_t *)"junk", 4};
    struct tls_context *ctx;
    struct buf cert_b, key_b;

    buf_init(&cert_b, TLS_PEM_MAX_BYTES);
    buf_init(&key_b, TLS_PEM_MAX_BYTES);
    ck_assert_int_eq(tls_certificate_make(&cert_b, &key_b, "other"), 0);
    ck_assert_int_eq(tls_context_server(&ctx, bytes_of(&cert), bytes_of(&key_b)), PN_EFORMAT);
    ck_assert_int_eq(tls_context_server(&ctx, junk, bytes_of(&key)), PN_EFORMAT);
    ck_assert_int_eq(tls_context_server(&ctx, bytes_of(&cert), junk), PN_EFORMAT);
    buf_free(&cert_b);
    buf_free(&key_b);
}
END_TEST

START_TEST(without_memory_nothing_is_made_and_nothing_lost)
{
    struct conn *inner;
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    inner = conn_from_fd(fds[0]);
    mem_fail_at(1, 0);
    ck_assert_ptr_null(tls_conn_new(server_ctx, inner, NULL));
    mem_fail_at(0, 0);
    conn_close(inner);
    close(fds[1]);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("tls");
    TCase *t = tcase_create("tls");

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, both_sides_read_and_write_at_the_same_time);
    tcase_add_test(t, the_servers_certificate_is_shown_once);
    tcase_add_test(t, who_does_not_speak_tls_is_an_error);
    tcase_add_test(t, silence_ends_at_the_deadline);
    tcase_add_test(t, a_shutdown_ends_a_read);
    tcase_add_test(t, only_a_pair_of_certificate_and_key_is_taken);
    tcase_add_test(t, without_memory_nothing_is_made_and_nothing_lost);
    suite_add_tcase(s, t);
    return harness_run(s);
}
