/* The option code as a program of its own: it loads the options, and prints what main would print
 * before it starts to run, with the same exit status. What would run prints nothing. */
#include <stdio.h>

#include "app/options.h"
#include "base/err.h"

extern char **environ;

static int print_report(const struct option_report *report)
{
    for (size_t i = 0; i < report->errors.n; i++)
        fprintf(stderr, "p2pnode: %s\n", report->errors.items[i]);
    for (size_t i = 0; i < report->warnings.n; i++)
        fprintf(stderr, "p2pnode: warning: %s\n", report->warnings.items[i]);
    return report->exit_status;
}

int main(int argc, char **argv)
{
    struct option_report report;
    struct options options;
    struct buf text;
    int err, status;

    err = options_load(&options, &report, argc, argv, environ);
    status = print_report(&report);
    buf_init(&text, 1 << 20);
    if (err == 0 && (err = options_answer(&text, &options)) > 0)
        err =
            fwrite(text.data, 1, text.len, stdout) == text.len && fflush(stdout) == 0 ? 0 : PN_EIO;
    buf_free(&text);
    options_free(&options);
    option_report_free(&report);
    return status == 0 && err < 0 ? 1 : status;
}
