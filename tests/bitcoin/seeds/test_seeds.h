/* The discovery thread's part, played by the test: which names were asked for, what was counted. */
#ifndef TESTS_TEST_SEEDS_H
#define TESTS_TEST_SEEDS_H

#include <check.h>

#include "bitcoin/seeds/seeds.h"

enum { SERVICES = 9, PORT = 8333, ASKED_MAX = 256 };

struct asked {
    char host[NET_HOST_BYTES];
    uint16_t port;
    uint64_t tag;
};

extern struct stage {
    struct addrbook *book;
    struct net_policy policy;
    struct seeds *seeds;
    struct seeds_config config; /* what the next begin() takes */
    int64_t next_us;            /* when the source wants to be called */
    unsigned outbound;
    struct asked asked[ASKED_MAX];
    unsigned n_asked;
    unsigned room; /* lookups that are taken from now on */
    size_t found_dns, found_fixed;
} stage;

extern const char *const names[7];

/* Checked fixture: a fake clock, an empty book, seven names, nothing fixed. */
void stage_set_up(void);
void stage_tear_down(void);

/* Put n addresses of this kind into the book; no two of one group. */
void stage_fill_book(size_t n, enum net_kind kind);

/* Make the source and start it. */
void stage_begin(void);

/* Let time pass; the source is called whenever it wants to be. */
void stage_pass_s(int64_t seconds);

/* Answer a question. */
void stage_answer(const struct asked *q, int rc, const struct net_addr *addrs, size_t n);

void add_dns_tests(Suite *s);
void add_fixed_tests(Suite *s);

#endif
