#include "http_client.h"

#include <event2/event.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "net/sock.h"

void http_free_port(struct net_addr *at)
{
    int fd;

    net_addr_parse(at, "127.0.0.1:0", 0);
    ck_assert_int_eq(sock_listen(&fd, at), 0);
    ck_assert_int_eq(sock_local_addr(at, fd), 0);
    close(fd);
}

int http_connect(const struct net_addr *at)
{
    struct pollfd pfd = {.events = POLLOUT};

    ck_assert_int_eq(sock_connect_start(&pfd.fd, at), 0);
    ck_assert_int_eq(poll(&pfd, 1, HTTP_PATIENCE_MS), 1);
    return pfd.fd;
}

void http_say(int fd, const char *line, const char *headers, const char *body)
{
    char length[40] = "", request[1024];
    int len;

    if (*body)
        snprintf(length, sizeof length, "Content-Length: %zu\r\n", strlen(body));
    len = snprintf(request, sizeof request, "%s HTTP/1.1\r\nConnection: close\r\n%s%s\r\n%s", line,
                   length, headers, body);

    ck_assert_int_lt(len, (int)sizeof request);
    ck_assert_int_eq(send(fd, request, (size_t)len, MSG_NOSIGNAL), len);
}

void http_turn(struct loop *loop)
{
    event_base_loop(loop_base(loop), EVLOOP_NONBLOCK);
    poll(NULL, 0, 1);
}

const char *http_hear(char *answer, size_t size, struct loop *loop, int fd)
{
    size_t len = 0;

    for (int i = 0; i < HTTP_PATIENCE_MS; i++) {
        ssize_t n;

        event_base_loop(loop_base(loop), EVLOOP_NONBLOCK);
        n = recv(fd, answer + len, size - 1 - len, MSG_DONTWAIT);
        if (n == 0) {
            close(fd);
            answer[len] = '\0';
            return answer;
        }
        if (n > 0)
            len += (size_t)n;
        else
            poll(NULL, 0, 1);
    }
    ck_abort_msg("no answer");
    return NULL;
}

void http_expect(const char *answer, const char *part)
{
    ck_assert_msg(strstr(answer, part) != NULL, "no \"%s\" in: %s", part, answer);
}
