/* Targets, the ways to them, SOCKS5, SAM, and connections along each way. */
#include "test_proxy.h"

#include "harness.h"

struct net_target target_of(const char *text)
{
    struct net_target t;

    ck_assert_msg(net_target_parse(&t, text, 0) == 0, "\"%s\" is no target", text);
    return t;
}

int main(void)
{
    Suite *suite = suite_create("proxy");

    suite_add_tcase(suite, target_cases());
    suite_add_tcase(suite, route_cases());
    suite_add_tcase(suite, socks5_cases());
    suite_add_tcase(suite, sam_cases());
    suite_add_tcase(suite, dial_path_cases());
    suite_add_tcase(suite, dial_path_i2p_cases());
    return harness_run(suite);
}
