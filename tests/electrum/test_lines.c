/* Lines are cut however they arrive; what is too long is thrown away and counted. */
#include <stdio.h>
#include <string.h>

#include "electrum/lines.h"
#include "test_electrum.h"

static size_t note(char *log, const struct peer_message *m)
{
    if (m->cmd == ELECTRUM_OVERLONG)
        return (size_t)snprintf(log, 16, "O ");
    return (size_t)snprintf(log, 16, "L%zu ", m->len);
}

/* Feed bytes in pieces of at most `piece`; append to `log` an L and the length of each line, or an
 * O for each loss. */
static void feed(void *lines, char *log, const char *data, size_t len, size_t piece)
{
    while (len > 0) {
        struct peer_message m;
        size_t room, n;
        uint8_t *at = lines_transport_ops.space(lines, &room);

        ck_assert_ptr_nonnull(at);
        ck_assert_uint_gt(room, 0);
        n = room < piece ? room : piece;
        n = len < n ? len : n;
        memcpy(at, data, n);
        lines_transport_ops.commit(lines, n);
        data += n;
        len -= n;
        while (lines_transport_ops.next(lines, &m) == 1)
            log += note(log, &m);
    }
}

START_TEST(lines_are_cut_at_line_feeds)
{
    static const size_t pieces[] = {1, 2, 3, 7, 1000};

    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        void *lines = lines_transport_new();
        char log[64] = "";

        feed(lines, log, "ab\n\nabc\r\nx", 10, pieces[i]);
        ck_assert_str_eq(log, "L2 L0 L4 ");
        feed(lines, log + strlen(log), "y\n", 2, pieces[i]);
        ck_assert_str_eq(log, "L2 L0 L4 L2 ");
        lines_transport_ops.free(lines);
    }
}
END_TEST

START_TEST(an_overlong_line_is_thrown_away_and_reading_goes_on)
{
    static char data[3 * LINE_MAX_BYTES];
    void *lines = lines_transport_new();
    char log[64] = "";

    memset(data, 'x', sizeof data);
    data[LINE_MAX_BYTES - 1] = '\n'; /* just not too long */
    data[sizeof data - 3] = '\n';
    data[sizeof data - 1] = '\n';
    feed(lines, log, data, sizeof data, 5000);
    ck_assert_str_eq(log, "L999999 O O L1 ");
    lines_transport_ops.free(lines);
}
END_TEST

TCase *tcase_lines(void)
{
    TCase *t = tcase_create("lines");

    tcase_add_test(t, lines_are_cut_at_line_feeds);
    tcase_add_test(t, an_overlong_line_is_thrown_away_and_reading_goes_on);
    return t;
}
