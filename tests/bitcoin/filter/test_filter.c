#include "test_filter.h"

#include "harness.h"

int main(void)
{
    Suite *suite = suite_create("filter");

    suite_add_tcase(suite, gcs_case());
    suite_add_tcase(suite, basic_case());
    return harness_run(suite);
}
