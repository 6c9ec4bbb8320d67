/* The header chain: numbers, networks, proof of work, header rules, branches, locators. */
#include "harness.h"
#include "lab.h"

int main(void)
{
    Suite *s = suite_create("bitcoin/chain");

    suite_add_tcase(s, tcase_u256());
    suite_add_tcase(s, tcase_params());
    suite_add_tcase(s, tcase_pow());
    suite_add_tcase(s, tcase_hash_index());
    suite_add_tcase(s, tcase_rules());
    suite_add_tcase(s, tcase_difficulty());
    suite_add_tcase(s, tcase_accept());
    suite_add_tcase(s, tcase_entries());
    suite_add_tcase(s, tcase_active());
    suite_add_tcase(s, tcase_data());
    suite_add_tcase(s, tcase_altered());
    suite_add_tcase(s, tcase_view());
    suite_add_tcase(s, tcase_presync());
    return harness_run(s);
}
