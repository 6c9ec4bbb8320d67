#include "test_electrum.h"

#include "harness.h"

int main(void)
{
    Suite *s = suite_create("electrum");

    suite_add_tcase(s, tcase_abuse());
    suite_add_tcase(s, tcase_check());
    suite_add_tcase(s, tcase_jsonrpc());
    suite_add_tcase(s, tcase_lines());
    suite_add_tcase(s, tcase_pace());
    suite_add_tcase(s, tcase_peers_table());
    suite_add_tcase(s, tcase_proof());
    suite_add_tcase(s, tcase_rate_limiter());
    suite_add_tcase(s, tcase_session());
    suite_add_tcase(s, tcase_session_cost());
    suite_add_tcase(s, tcase_version());
    return harness_run(s);
}
