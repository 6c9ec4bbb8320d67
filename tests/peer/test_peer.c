#include "test_peer.h"

int main(void)
{
    Suite *s = suite_create("peer");

    add_known_tests(s);
    add_life_tests(s);
    add_handler_tests(s);
    add_farewell_tests(s);
    add_at_once_tests(s);
    return harness_run(s);
}
