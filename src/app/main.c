#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/exit_status.h"
#include "app/node.h"
#include "app/options.h"
#include "app/reload.h"
#include "app/signals.h"
#include "base/buf.h"
#include "base/err.h"
#include "ctl/ctl.h"
#include "log/log.h"

enum { ANSWER_MAX_BYTES = 1 << 20 };

static void complain(const struct option_report *report, const char *help)
{
    for (size_t i = 0; i < report->errors.n; i++)
        fprintf(stderr, "p2pnode: %s\n", report->errors.items[i]);
    if (report->exit_status == STATUS_USAGE)
        fprintf(stderr, "Try \"%s\".\n", help);
}

/* --help and its like. Returns: an exit status, or -1 when the program should run. */
static int answer(const struct options *o)
{
    struct buf b;
    int rc;

    buf_init(&b, ANSWER_MAX_BYTES);
    rc = options_answer(&b, o);
    if (rc == 1 && (fwrite(b.data, 1, b.len, stdout) != b.len || fflush(stdout) != 0))
        rc = PN_EIO;
    buf_free(&b);
    if (rc == 0)
        return -1;
    return rc == 1 ? STATUS_CLEAN : STATUS_FAILURE;
}

static int run(struct options *o, const struct node_arguments *arguments)
{
    int rc = apply_log_options(o);

    if (rc < 0) {
        fprintf(stderr, "p2pnode: cannot open the log %s: %s\n", o->log_file, pn_strerror(rc));
        return STATUS_CONFIG;
    }
    log_install_bug_handler();
    return node_run(o, arguments);
}

/* `p2pnode ctl [OPTION...] COMMAND [ARGUMENT...]`: the options that say where the node is, those
 * before the command, are read as the node reads them. Returns: an exit status. (Options are a
 * large struct: one frame at a time.) */
static __attribute__((noinline)) int run_ctl(int argc, char **argv, char **envp)
{
    struct option_report report;
    struct options o;
    int n = 1, status;

    while (n < argc && argv[n][0] == '-')
        n++;
    if (options_load(&o, &report, n, argv, envp) < 0) {
        complain(&report, "p2pnode ctl help");
        status = STATUS_USAGE;
    } else {
        const struct ctl_config config = {.api_listen = o.api_listen,
                                          .datadir = o.datadir,
                                          .cookie_file = o.api_cookie_file,
                                          .user = o.api_user,
                                          .password = o.api_password};

        static const char *const help[] = {"help"};

        status = o.help ? ctl_run(&config, 1, help)
                        : ctl_run(&config, argc - n, (const char *const *)argv + n);
    }
    options_free(&o);
    option_report_free(&report);
    return status;
}

static __attribute__((noinline)) int run_daemon(int argc, char **argv, char **envp)
{
    const struct node_arguments arguments = {.argc = argc, .argv = argv, .envp = envp};
    struct option_report report;
    struct options options;
    int status = -1;

    signals_block();
    if (options_load(&options, &report, argc, argv, envp) < 0) {
        complain(&report, "p2pnode --help");
        status = report.errors.n ? report.exit_status : STATUS_FAILURE;
    }
    if (status < 0)
        status = answer(&options);
    if (status < 0) {
        for (size_t i = 0; i < report.warnings.n; i++)
            fprintf(stderr, "p2pnode: warning: %s\n", report.warnings.items[i]);
        status = run(&options, &arguments);
    }
    options_free(&options);
    option_report_free(&report);
    return status;
}

int main(int argc, char **argv, char **envp)
{
    if (argc > 1 && strcmp(argv[1], "ctl") == 0)
        return run_ctl(argc - 1, argv + 1, envp);
    return run_daemon(argc, argv, envp);
}
