/* The terminal around top_view: asks the node every few seconds, draws, obeys keys. */
#include <stdio.h>

#include "config.h"
#include "ctl/internal.h"

#ifdef HAVE_NCURSES

#include <ncurses.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/top_view.h"

enum { HEAD_ROWS = 5, INTERVAL_S = 2, INTERVAL_MAX_S = 60 };

struct top {
    struct ctl_client *client;
    struct top_view view;
    unsigned first; /* of the peers shown */
    int interval_ms;
    bool answered; /* the last time */
    bool ended;
};

static cJSON *ask(const struct top *t, const char *method)
{
    cJSON *result = NULL;

    ctl_call(&result, t->client, method, 0, NULL);
    return result;
}

static void refresh_view(struct top *t)
{
    struct top_answers a = {.peers = ask(t, "getpeerinfo")};

    if (!a.peers && ctl_reach(t->client) == 0)
        a.peers = ask(t, "getpeerinfo");

    t->answered = a.peers != NULL;
    if (t->answered) {
        a.network = ask(t, "getnetworkinfo");
        a.chain = ask(t, "getblockchaininfo");
        a.totals = ask(t, "getnettotals");
        a.uptime = ask(t, "uptime");
        a.ethereum = ask(t, "net_peerCount"); /* there is none without --ethereum */
        top_take(&t->view, &a, clock_mono_us());
    }
    cJSON_Delete(a.peers);
    cJSON_Delete(a.network);
    cJSON_Delete(a.chain);
    cJSON_Delete(a.totals);
    cJSON_Delete(a.uptime);
    cJSON_Delete(a.ethereum);
}

static unsigned rows_for_peers(void)
{
    return LINES > HEAD_ROWS + 1 ? (unsigned)(LINES - HEAD_ROWS - 1) : 0;
}

static void keep_in_range(struct top *t)
{
    unsigned rows = rows_for_peers();
    unsigned last = t->view.n > rows ? t->view.n - rows : 0;

    t->first = t->first < last ? t->first : last;
}

static void draw_keys(void)
{
    char line[TOP_LINE_BYTES] = "q quit  space now  arrows scroll  sort:";
    size_t len = strlen(line);
    static const char *const names[TOP_COLUMNS] = {
        "id", "direction", "type", "net", "ping", "in/s", "out/s", "in", "out", "age", "address"};

    for (unsigned c = 0; c < TOP_COLUMNS; c++)
        len += (size_t)snprintf(line + len, sizeof line - len, " %c %s",
                                top_key((enum top_column)c), names[c]);
    attron(A_DIM);
    mvaddnstr(LINES - 1, 0, line, COLS - 1); /* the last place of the screen would scroll it */
    attroff(A_DIM);
}

static void draw(struct top *t)
{
    char line[TOP_LINE_BYTES];
    unsigned rows = rows_for_peers();

    keep_in_range(t);
    erase();
    for (int i = 0; i < 2; i++)
        mvaddnstr(i, 0, t->view.head[i], COLS);
    if (!t->answered)
        mvaddnstr(2, 0, "The node does not answer; asking again.", COLS);
    top_title(line, &t->view, (unsigned)COLS);
    attron(A_REVERSE);
    mvprintw(HEAD_ROWS - 1, 0, "%-*.*s", COLS, COLS, line);
    attroff(A_REVERSE);
    for (unsigned i = 0; i < rows && t->first + i < t->view.n; i++) {
        top_line(line, &t->view.peers[t->first + i], (unsigned)COLS);
        mvaddnstr((int)(HEAD_ROWS + i), 0, line, COLS);
    }
    if (t->view.n > rows && rows > 0) {
        snprintf(line, sizeof line, "%u to %u of %u", t->first + 1, t->first + rows, t->view.n);
        mvaddnstr(HEAD_ROWS - 2, 0, line, COLS);
    }
    draw_keys();
    refresh();
}

static void scroll_by(struct top *t, int rows)
{
    int first = (int)t->first + rows;

    t->first = first > 0 ? (unsigned)first : 0;
}

/* Returns: whether the node is to be asked at once. */
static bool obey(struct top *t, int key)
{
    switch (key) {
    case 'q':
    case 'Q':
    case 3: /* interrupt, in raw mode */
        t->ended = true;
        return false;
    case ' ':
        return true;
    case KEY_UP:
        scroll_by(t, -1);
        return false;
    case KEY_DOWN:
        scroll_by(t, 1);
        return false;
    case KEY_PPAGE:
        scroll_by(t, -(int)rows_for_peers());
        return false;
    case KEY_NPAGE:
        scroll_by(t, (int)rows_for_peers());
        return false;
    default:
        for (unsigned c = 0; c < TOP_COLUMNS; c++)
            if (key == top_key((enum top_column)c))
                top_sort_by(&t->view, (enum top_column)c);
        return false;
    }
}

/* Keys until the next time to ask. */
static void wait_for_keys(struct top *t)
{
    int64_t deadline_us = clock_deadline_ms(t->interval_ms);
    bool now = false;

    while (!t->ended && !now) {
        int64_t left_ms = (deadline_us - clock_mono_us()) / 1000;
        int key;

        if (left_ms <= 0)
            return;
        timeout((int)left_ms);
        key = getch();
        if (key == ERR)
            continue;
        now = obey(t, key);
        draw(t); /* at KEY_RESIZE, too */
    }
}

static int run(struct top *t)
{
    if (!initscr())
        return 1;
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    curs_set(0);
    while (!t->ended) {
        refresh_view(t);
        draw(t);
        wait_for_keys(t);
    }
    endwin();
    return 0;
}

/* Whole seconds, 1 to INTERVAL_MAX_S. Returns: milliseconds, or 0. */
static int read_interval(const char *text)
{
    char *end;
    long seconds = strtol(text, &end, 10);

    return end == text || *end || seconds < 1 || seconds > INTERVAL_MAX_S ? 0 : (int)seconds * 1000;
}

int ctl_run_top(const struct ctl_client *c, int argc, const char *const *argv)
{
    struct ctl_client quiet = *c;
    struct top t = {.client = &quiet, .interval_ms = INTERVAL_S * 1000};
    cJSON *uptime;
    int status;

    if (argc == 1)
        t.interval_ms = read_interval(argv[0]);
    if (argc > 1 || t.interval_ms == 0) {
        fprintf(stderr, "usage: p2pnode ctl top [SECONDS]\n");
        return 2;
    }
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        fprintf(stderr, "p2pnode ctl: top needs a terminal; peers and netinfo do not\n");
        return 2;
    }
    status = ctl_call(&uptime, c, "uptime", 0, NULL); /* complain before the screen is cleared */
    cJSON_Delete(uptime);
    quiet.quiet = true;
    if (status == 0)
        status = run(&t);
    top_free(&t.view);
    return status;
}

#else

int ctl_run_top(const struct ctl_client *c, int argc, const char *const *argv)
{
    (void)c;
    (void)argc;
    (void)argv;
    fprintf(stderr, "p2pnode ctl: this build has no ncurses, and so no top\n");
    return 1;
}

#endif
