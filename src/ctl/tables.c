/* Tables for people. What comes from the node is printable there already (user agents are escaped
 * in JSON, and shown here without control characters). */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "ctl/internal.h"

static const char *text_of(const cJSON *o, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, name));

    return text ? text : "";
}

static double number_of(const cJSON *o, const char *name)
{
    const cJSON *n = cJSON_GetObjectItemCaseSensitive(o, name);

    return cJSON_IsNumber(n) ? n->valuedouble : -1;
}

static bool flag_of(const cJSON *o, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, name));
}

/* A remote text, with whatever could move the cursor replaced. */
static void print_remote(const char *text)
{
    for (; *text; text++)
        putchar((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
}

/* Seconds since a time, or -1 for never. */
static double age(const cJSON *o, const char *name)
{
    double then = number_of(o, name);

    return then > 0 ? (double)clock_wall_s() - then : -1;
}

static void print_number(double value, int width)
{
    if (value < 0)
        printf("%*s", width, "");
    else
        printf("%*.0f", width, value);
}

void ctl_print_peers(const cJSON *peers)
{
    const cJSON *p;

    puts("<->  type                 net      ping ms  send s  recv s  age min   kB in  kB out   id"
         "  address / version");
    cJSON_ArrayForEach(p, peers)
    {
        printf("%-4s %-20s %-6.6s", flag_of(p, "inbound") ? "in" : "out",
               text_of(p, "connection_type"), text_of(p, "network"));
        print_number(1000 * number_of(p, "pingtime"), 10);
        print_number(age(p, "lastsend"), 8);
        print_number(age(p, "lastrecv"), 8);
        print_number(age(p, "conntime") / 60, 9);
        print_number(number_of(p, "bytesrecv") / 1000, 8);
        print_number(number_of(p, "bytessent") / 1000, 8);
        print_number(number_of(p, "id"), 5);
        printf("  %s ", text_of(p, "addr"));
        print_remote(text_of(p, "subver"));
        putchar('\n');
    }
}

static unsigned count(const cJSON *peers, const char *network, bool inbound)
{
    const cJSON *p;
    unsigned n = 0;

    cJSON_ArrayForEach(p, peers)
    {
        n += strcmp(text_of(p, "network"), network) == 0 && flag_of(p, "inbound") == inbound;
    }
    return n;
}

void ctl_print_netinfo(const cJSON *network, const cJSON *peers)
{
    static const char *const names[] = {"ipv4", "ipv6",  "onion",
                                        "i2p",  "cjdns", "not_publicly_routable"};
    const cJSON *local;

    printf("%s, protocol %.0f\n\n%-24s%6s%6s%6s\n", text_of(network, "subversion"),
           number_of(network, "protocolversion"), "", "in", "out", "total");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        unsigned in = count(peers, names[i], true), out = count(peers, names[i], false);

        printf("%-24s%6u%6u%6u\n", names[i], in, out, in + out);
    }
    printf("%-24s%6.0f%6.0f%6.0f\n\nLocal addresses\n", "total",
           number_of(network, "connections_in"), number_of(network, "connections_out"),
           number_of(network, "connections"));
    cJSON_ArrayForEach(local, cJSON_GetObjectItemCaseSensitive(network, "localaddresses"))
    {
        printf("  %s  port %.0f  score %.0f\n", text_of(local, "address"), number_of(local, "port"),
               number_of(local, "score"));
    }
}

void ctl_print_funnel(const cJSON *why)
{
    const cJSON *step, *reason;

    cJSON_ArrayForEach(step, cJSON_GetObjectItemCaseSensitive(why, "funnel"))
    {
        printf("%-20s%10.0f\n", step->string, step->valuedouble);
    }
    printf("%-20s%10.0f\n\n%s\n\n", "peers now", number_of(why, "peers"), text_of(why, "advice"));
    cJSON_ArrayForEach(reason, cJSON_GetObjectItemCaseSensitive(why, "reasons"))
    {
        printf("%10.0f  %s: %s\n", number_of(reason, "count"), text_of(reason, "event"),
               text_of(reason, "reason"));
    }
}
