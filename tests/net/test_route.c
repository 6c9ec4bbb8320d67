#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "net/proxy.h"
#include "test_proxy.h"

#define PROXY_TEXT "127.0.0.2:9050"
#define ONION_TEXT "127.0.0.3:9050"
#define SAM_TEXT   "127.0.0.4:7656"

/* Which servers a configuration has, as letters: p proxy, o onion, s sam, n no_onion, i isolation.
 * Upper case gives the server a user. */
static struct proxy_config config_of(const char *letters)
{
    struct proxy_config c = {.no_onion = strchr(letters, 'n') != NULL,
                             .isolation = strchr(letters, 'i') != NULL};

    if (strpbrk(letters, "pP"))
        net_addr_parse(&c.proxy.addr, PROXY_TEXT, 0);
    if (strpbrk(letters, "oO"))
        net_addr_parse(&c.onion.addr, ONION_TEXT, 0);
    if (strchr(letters, 's'))
        net_addr_parse(&c.sam, SAM_TEXT, 0);
    if (strchr(letters, 'P'))
        c.proxy.auth = (struct socks5_auth){.user = "given", .password = "p"};
    if (strchr(letters, 'O'))
        c.onion.auth = (struct socks5_auth){.user = "given", .password = "o"};
    return c;
}

/* A route as text: its way and whom it starts at, or the error's name. */
static const char *route_text(char out[128], int rc, const struct proxy_route *r)
{
    char hop[NET_ADDR_TEXT_BYTES];

    if (rc < 0)
        snprintf(out, 128, "%s", pn_errname(rc));
    else
        snprintf(out, 128, "%s %s", proxy_way_name(r->way),
                 r->hop.kind == NET_NONE ? "-" : net_addr_format(hop, &r->hop));
    return out;
}

START_TEST(every_target_takes_the_way_the_configuration_gives_it)
{
    static const struct {
        const char *config, *target, *route;
    } rows[] = {
        {"", "1.2.3.4:5", "direct 1.2.3.4:5"},
        {"", "[2001:db8::1]:5", "direct [2001:db8::1]:5"},
        {"", "name.test:5", "invalid_argument"},
        {"", SOME_ONION ":5", "no_route"},
        {"", "x.i2p:0", "no_route"},
        {"p", "1.2.3.4:5", "proxy " PROXY_TEXT},
        {"p", "[2001:db8::1]:5", "proxy " PROXY_TEXT},
        {"p", "127.0.0.1:5", "proxy " PROXY_TEXT},
        {"p", "name.test:5", "proxy " PROXY_TEXT},
        {"p", SOME_ONION ":5", "proxy " PROXY_TEXT},
        {"p", "x.i2p:0", "no_route"},
        {"pn", "1.2.3.4:5", "proxy " PROXY_TEXT},
        {"pn", SOME_ONION ":5", "no_route"},
        {"o", "1.2.3.4:5", "direct 1.2.3.4:5"},
        {"o", "name.test:5", "invalid_argument"},
        {"o", SOME_ONION ":5", "onion " ONION_TEXT},
        {"po", "1.2.3.4:5", "proxy " PROXY_TEXT},
        {"po", SOME_ONION ":5", "onion " ONION_TEXT},
        {"pon", SOME_ONION ":5", "no_route"},
        {"s", "x.i2p:0", "i2p " SAM_TEXT},
        {"pos", "x.i2p:0", "i2p " SAM_TEXT},
        {"s", "1.2.3.4:5", "direct 1.2.3.4:5"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct proxy_config c = config_of(rows[i].config);
        struct net_target t = target_of(rows[i].target);
        struct proxy_route r;
        char text[128];
        int rc = proxy_route(&r, &c, &t);

        ck_assert_msg(strcmp(route_text(text, rc, &r), rows[i].route) == 0,
                      "config \"%s\", target %s: expected %s, got %s", rows[i].config,
                      rows[i].target, rows[i].route, text);
    }
}
END_TEST

/* A proxy that may be there for anonymity never has a name server asked behind its back. */
START_TEST(names_are_looked_up_by_tor_or_without_a_proxy_by_the_system)
{
    static const struct {
        const char *config, *route;
    } rows[] = {
        {"", "direct -"},   {"n", "direct -"},          {"s", "direct -"},
        {"o", "direct -"},  {"p", "proxy " PROXY_TEXT}, {"po", "onion " ONION_TEXT},
        {"pn", "no_route"}, {"pon", "no_route"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct proxy_config c = config_of(rows[i].config);
        struct proxy_route r;
        char text[128];
        int rc = proxy_lookup_route(&r, &c);

        ck_assert_msg(strcmp(route_text(text, rc, &r), rows[i].route) == 0,
                      "config \"%s\": expected %s, got %s", rows[i].config, rows[i].route, text);
    }
}
END_TEST

/* 'g' the given credentials, 'r' random ones, '-' none. */
static char auth_letter(const struct socks5_auth *auth)
{
    if (!auth->user[0])
        return '-';
    return strcmp(auth->user, "given") == 0 ? 'g' : 'r';
}

START_TEST(isolation_is_for_tor_and_overrides_given_credentials)
{
    static const struct {
        const char *config;
        char plain, onion, overrides;
    } rows[] = {
        {"p", '-', '-', 'n'},  {"P", 'g', 'g', 'n'},   {"pi", 'r', 'r', 'n'},
        {"Pi", 'r', 'r', 'y'}, {"Poi", 'g', 'r', 'n'}, {"pOi", '-', 'r', 'y'},
        {"PO", 'g', 'g', 'n'}, {"po", '-', '-', 'n'},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct proxy_config c = config_of(rows[i].config);
        struct net_target plain = target_of("1.2.3.4:5"), onion = target_of(SOME_ONION);
        struct proxy_route r;

        ck_assert_int_eq(proxy_route(&r, &c, &plain), 0);
        ck_assert_msg(auth_letter(&r.auth) == rows[i].plain, "%s: %s", rows[i].config, r.auth.user);
        ck_assert_int_eq(proxy_route(&r, &c, &onion), 0);
        ck_assert_msg(auth_letter(&r.auth) == rows[i].onion, "%s: %s", rows[i].config, r.auth.user);
        ck_assert_int_eq(proxy_overrides_credentials(&c), rows[i].overrides == 'y');
    }
}
END_TEST

START_TEST(isolated_connections_never_share_credentials)
{
    enum { CONNECTIONS = 100 };
    static struct proxy_route routes[CONNECTIONS];
    struct proxy_config c = config_of("pi");
    struct net_target t = target_of("1.2.3.4:5");

    for (size_t i = 0; i < CONNECTIONS; i++) {
        ck_assert_int_eq(proxy_route(&routes[i], &c, &t), 0);
        ck_assert_uint_eq(strlen(routes[i].auth.user), 16);
        ck_assert_uint_eq(strlen(routes[i].auth.password), 16);
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(routes[i].auth.user, routes[j].auth.user);
    }
}
END_TEST

TCase *route_cases(void)
{
    TCase *tc = tcase_create("route");

    tcase_add_test(tc, every_target_takes_the_way_the_configuration_gives_it);
    tcase_add_test(tc, names_are_looked_up_by_tor_or_without_a_proxy_by_the_system);
    tcase_add_test(tc, isolation_is_for_tor_and_overrides_given_credentials);
    tcase_add_test(tc, isolated_connections_never_share_credentials);
    return tc;
}
