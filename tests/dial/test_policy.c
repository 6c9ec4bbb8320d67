/* The policies of connecting: who is kept out, who is held against, who gives way. Each has a file
 * of tests; all run on fake clocks and without a network. */
#include "test_policy.h"

struct net_addr addr_of(const char *text)
{
    struct net_addr addr;

    ck_assert_msg(net_addr_parse(&addr, text, 0) == 0, "not an address: %s", text);
    return addr;
}

struct subnet subnet_of(const char *text)
{
    struct subnet net;

    ck_assert_msg(subnet_parse(&net, text) == 0, "not a subnet: %s", text);
    return net;
}

int main(void)
{
    Suite *s = suite_create("policy");

    add_score_tests(s);
    add_discourage_tests(s);
    add_evict_tests(s);
    add_evict_attack_tests(s);
    add_banlist_tests(s);
    add_banlist_file_tests(s);
    add_gate_tests(s);
    return harness_run(s);
}
