/* The relay of transactions, on a clock of the test's. */
#include "test_txrelay.h"

int main(void)
{
    Suite *s = suite_create("txrelay");

    add_orphan_tests(s);
    add_outbox_tests(s);
    add_own_tests(s);
    add_relay_tests(s);
    add_request_tests(s);
    return harness_run(s);
}
