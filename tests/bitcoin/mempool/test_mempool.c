/* The transaction pool: its checks, its tables, its filter. */
#include "test_mempool.h"

int main(void)
{
    Suite *s = suite_create("mempool");

    add_body_tests(s);
    add_check_tests(s);
    add_filter_tests(s);
    add_match_tests(s);
    add_pool_tests(s);
    add_real_tests(s);
    add_script_tests(s);
    return harness_run(s);
}
