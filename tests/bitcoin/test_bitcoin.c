#include "test_bitcoin.h"

#include "log/log.h"

int main(void)
{
    Suite *s = suite_create("bitcoin");

    log_set_level(LOG_LEVEL_WARN);
    add_parts_tests(s);
    add_handshake_tests(s);
    add_sync_tests(s);
    add_leads_tests(s);
    add_follow_tests(s);
    add_loan_tests(s);
    add_transaction_tests(s);
    add_gossip_tests(s);
    add_real_block_tests(s);
    add_watch_tests(s);
    return harness_run(s);
}
