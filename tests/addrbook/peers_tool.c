/* Writes and shows peers.json, for the scripts of this folder.
 *
 *   peers_tool write PATH COUNT SEED   save COUNT addresses of all kinds
 *   peers_tool show PATH               load, and print one sorted line an address */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addrbook/peers_file.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "book_fixture.h"

static int usage(void)
{
    fputs("usage: peers_tool write PATH COUNT SEED | peers_tool show PATH\n", stderr);
    return 2;
}

static void fill(struct addrbook *b, uint32_t n, uint32_t seed)
{
    static const enum net_kind kinds[] = {NET_IPV4, NET_IPV6, NET_TORV3, NET_CJDNS, NET_I2P};

    for (uint32_t i = 0; i < n; i++) {
        struct net_addr a = fx_of_kind(kinds[i % 5], seed * 1000003 + i * 7919);
        struct net_addr source = fx_of_kind(kinds[i / 5 % 5], i * 31);
        struct addrbook_seen seen = {
            .addr = a, .services = 1033, .last_seen_s = clock_wall_s() - i % 1000};

        addrbook_add(b, &seen, 1, &source, ADDRBOOK_GOSSIP_PENALTY_S);
        if (i % 3 == 0)
            addrbook_good(b, &a);
        if (i % 7 == 0)
            addrbook_attempt(b, &a, true);
    }
}

static int by_line(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *describe(const struct addrbook_record *r)
{
    char addr[NET_ADDR_TEXT_BYTES], source[NET_ADDR_TEXT_BYTES], line[512];

    snprintf(line, sizeof line, "%s %s from %s seen %lld tried %lld success %lld attempts %u %llx",
             net_addr_format(addr, &r->addr), r->tried ? "tried" : "new",
             net_addr_format(source, &r->source), (long long)r->last_seen_s,
             (long long)r->last_try_s, (long long)r->last_success_s, r->attempts,
             (unsigned long long)r->services);
    return mem_strdup(line);
}

static int show(struct addrbook *b, const char *path)
{
    struct addrbook_record *records;
    char **lines;
    size_t n;
    int rc = peers_file_load(b, path);

    if (rc == 0)
        rc = addrbook_snapshot(b, &records, &n);
    if (rc < 0) {
        fprintf(stderr, "%s: %s\n", path, pn_strerror(rc));
        return 1;
    }
    lines = mem_alloc_array(n, sizeof *lines);
    for (size_t i = 0; i < n; i++)
        lines[i] = describe(&records[i]);
    qsort(lines, n, sizeof *lines, by_line);
    for (size_t i = 0; i < n; i++) {
        puts(lines[i]);
        mem_free(lines[i]);
    }
    mem_free(lines);
    mem_free(records);
    return 0;
}

int main(int argc, char **argv)
{
    struct addrbook *b = addrbook_new(NULL);
    int status;

    if (!b)
        return 1;
    if (argc == 3 && strcmp(argv[1], "show") == 0) {
        status = show(b, argv[2]);
    } else if (argc == 5 && strcmp(argv[1], "write") == 0) {
        fill(b, (uint32_t)strtoul(argv[3], NULL, 10), (uint32_t)strtoul(argv[4], NULL, 10));
        status = peers_file_save(b, argv[2]) == 0 ? 0 : 1;
    } else {
        status = usage();
    }
    addrbook_free(b);
    return status;
}
