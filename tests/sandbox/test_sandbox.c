/* What is forbidden fails, each attempt in a child that has entered the sandbox; what the program
 * does goes on working. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "config.h"
#include "harness.h"
#include "sandbox/landlock.h"
#include "sandbox/sandbox.h"

#ifdef PN_SANITIZER
enum { IS_SANITIZED = true };
#else
enum { IS_SANITIZED = false };
#endif

static char inside[64], outside[64];

static void set_up(void)
{
    char path[128];
    FILE *f;

    snprintf(inside, sizeof inside, "/tmp/p2pnode-sandbox-XXXXXX");
    snprintf(outside, sizeof outside, "/tmp/p2pnode-outside-XXXXXX");
    ck_assert(mkdtemp(inside) && mkdtemp(outside));
    snprintf(path, sizeof path, "%s/secret", outside);
    f = fopen(path, "w");
    ck_assert(f && fputs("secret", f) >= 0 && fclose(f) == 0);
}

static void tear_down(void)
{
    char command[256];

    snprintf(command, sizeof command, "rm -r %s %s", inside, outside);
    ck_assert_int_eq(system(command), 0);
}

/* The file in the folder, or the folder itself. */
static const char *in(const char *folder, const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

enum { DONE = 0, NO_SANDBOX = 100 };

static void enter(unsigned access)
{
    struct sandbox s;
    struct sandbox_state state;

    if (sandbox_init(&s) < 0 || sandbox_allow(&s, inside, access) < 0 ||
        sandbox_allow_port(&s, 0) < 0 || sandbox_enter(&s, &state) < 0 || !state.no_new_privileges)
        _exit(NO_SANDBOX);
}

/* Run `attempt` in a child that has entered. It returns 0, or the errno it met. Returns: that, or
 * minus the signal that ended the child. */
static int try(int (*attempt)(void))
{
    pid_t child = fork();
    int status;

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        enter(SANDBOX_READ | SANDBOX_WRITE | SANDBOX_REMOVE | SANDBOX_FOLDERS);
        _exit(attempt());
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        return -WTERMSIG(status);
    ck_assert_int_ne(WEXITSTATUS(status), NO_SANDBOX);
    return WEXITSTATUS(status);
}

static int open_errno(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);

    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

/* --- files --- */

static int read_outside(void)
{
    return open_errno(in(outside, "secret"), O_RDONLY);
}

static int write_outside(void)
{
    return open_errno(in(outside, "new"), O_WRONLY | O_CREAT);
}

static int remove_outside(void)
{
    return unlink(in(outside, "secret")) < 0 ? errno : 0;
}

static int read_through_a_link(void)
{
    char target[128];

    snprintf(target, sizeof target, "%s", in(outside, "secret"));
    if (syscall(SYS_symlinkat, target, AT_FDCWD, in(inside, "link")) == 0)
        return 0; /* not even that is possible */
    return errno;
}

static int use_inside(void)
{
    char folder[128];
    int rc = open_errno(in(inside, "file"), O_WRONLY | O_CREAT);

    snprintf(folder, sizeof folder, "%s", in(inside, "folder"));
    if (rc == 0)
        rc = mkdir(folder, 0700) < 0 ? errno : 0;
    if (rc == 0)
        rc = rmdir(folder) < 0 ? errno : 0;
    if (rc == 0)
        rc = open_errno(in(inside, "file"), O_RDWR | O_TRUNC);
    return rc == 0 && unlink(in(inside, "file")) < 0 ? errno : rc;
}

START_TEST(files_outside_are_out_of_reach_and_those_inside_are_not)
{
    if (landlock_version() == 0)
        return; /* said by the test of what is in force */
    ck_assert_int_eq(try(read_outside), EACCES);
    ck_assert_int_eq(try(write_outside), EACCES);
    ck_assert_int_eq(try(remove_outside), EACCES);
    ck_assert_int_ne(try(read_through_a_link), 0);
    ck_assert_int_eq(try(use_inside), 0);
}
END_TEST

static int replace_around(void)
{
    char path[128];

    snprintf(path, sizeof path, "%s", in(inside, "log"));
    if (rename(path, in(inside, "log.1")) == 0)
        return 0; /* was not permitted */
    return open_errno(path, O_WRONLY | O_APPEND);
}

START_TEST(what_is_permitted_around_a_file_is_no_more_than_was_said)
{
    pid_t child;
    int status;

    if (landlock_version() == 0)
        return;
    ck_assert_int_eq(open_errno(in(inside, "log"), O_WRONLY | O_CREAT), 0);
    child = fork();
    if (child == 0) {
        struct sandbox s;
        struct sandbox_state state;

        if (sandbox_init(&s) < 0 ||
            sandbox_allow_around(&s, in(inside, "log"), SANDBOX_WRITE) < 0 ||
            sandbox_enter(&s, &state) < 0)
            _exit(NO_SANDBOX);
        if (open_errno(in(inside, "log"), O_RDONLY) != EACCES)
            _exit(1);
        if (open_errno(in(inside, "other"), O_WRONLY | O_CREAT) != 0)
            _exit(2);
        _exit(replace_around());
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

/* --- calls --- */

static int execute(void)
{
    char *const argv[] = {(char *)"true", NULL};

    execv("/bin/true", argv);
    return errno;
}

static int trace(void)
{
    return ptrace(PTRACE_TRACEME, 0, 0, 0) < 0 ? errno : 0;
}

static int make_a_process(void)
{
    pid_t child = fork();

    if (child == 0)
        _exit(0);
    return child < 0 ? errno : 0;
}

static int write_and_execute(void)
{
    void *p =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return p == MAP_FAILED ? errno : 0;
}

static int execute_what_was_written(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return 0;
    return mprotect(p, 4096, PROT_READ | PROT_EXEC) < 0 ? errno : 0;
}

static int raw_socket(void)
{
    int fd = socket(AF_PACKET, SOCK_RAW, 0);

    return fd < 0 ? errno : 0;
}

static int kill_another(void)
{
    return kill(getppid(), 0) < 0 ? errno : 0;
}

static int signal_ourselves(void)
{
    return kill(getpid(), 0) < 0 ? errno : 0;
}

static int widen_limits_of_another(void)
{
    return syscall(SYS_prlimit64, getppid(), RLIMIT_NOFILE, NULL, NULL) < 0 ? errno : 0;
}

static int never_heard_of(void)
{
    return syscall(SYS_swapoff, "/nowhere") < 0 ? errno : 0;
}

START_TEST(calls_that_are_not_ours_fail_and_the_worst_of_them_kill)
{
#ifdef HAVE_LIBSECCOMP
    ck_assert_int_eq(try(execute), -SIGSYS);
    ck_assert_int_eq(try(trace), -SIGSYS);
    ck_assert_int_eq(try(make_a_process), EPERM);
    ck_assert_int_eq(try(write_and_execute), EPERM);
    ck_assert_int_eq(try(execute_what_was_written), EPERM);
    ck_assert_int_eq(try(raw_socket), EPERM);
    ck_assert_int_eq(try(kill_another), EPERM);
    ck_assert_int_eq(try(signal_ourselves), 0);
    ck_assert_int_eq(try(widen_limits_of_another), EPERM);
    ck_assert_int_eq(try(never_heard_of), EPERM);
#else
    if (landlock_version() > 0)
        ck_assert_int_eq(try(execute), EACCES);
#endif
}
END_TEST

static void *say_so(void *arg)
{
    *(int *)arg = 1;
    return NULL;
}

static int use_threads(void)
{
    pthread_t thread;
    int said = 0;

    if (pthread_create(&thread, NULL, say_so, &said) != 0 || pthread_join(thread, NULL) != 0)
        return EPERM;
    return said ? 0 : EIO;
}

/* A thread is in the same sandbox. */
static void *read_in_thread(void *arg)
{
    *(int *)arg = read_outside();
    return NULL;
}

static int escape_by_a_thread(void)
{
    pthread_t thread;
    int met = 0;

    pthread_create(&thread, NULL, read_in_thread, &met);
    pthread_join(thread, NULL);
    return met;
}

START_TEST(threads_can_be_made_and_are_inside)
{
    ck_assert_int_eq(try(use_threads), 0);
    if (landlock_version() > 0)
        ck_assert_int_eq(try(escape_by_a_thread), EACCES);
}
END_TEST

static int abort_now(void)
{
    abort();
}

START_TEST(a_process_can_still_abort)
{
    ck_assert_int_eq(try(abort_now), -SIGABRT);
}
END_TEST

/* --- ports --- */

static int listen_on(uint16_t port)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 1) < 0)
        return errno;
    close(fd);
    return 0;
}

static int listen_anywhere(void)
{
    return listen_on(0);
}

static int listen_elsewhere(void)
{
    return listen_on(28999);
}

START_TEST(only_named_ports_can_be_listened_on)
{
    ck_assert_int_eq(try(listen_anywhere), 0);
    if (landlock_version() >= 4)
        ck_assert_int_eq(try(listen_elsewhere), EACCES);
}
END_TEST

START_TEST(what_is_in_force_is_told)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        struct sandbox s;
        struct sandbox_state state;

        if (sandbox_init(&s) < 0 || sandbox_enter(&s, &state) < 0)
            _exit(1);
        if (!state.no_new_privileges || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
            _exit(2);
        if (state.landlock_abi != s.landlock_abi)
            _exit(3);
#ifdef HAVE_LIBSECCOMP
        if (state.seccomp_calls < 50 || prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 2)
            _exit(4);
#else
        if (state.seccomp_calls != 0)
            _exit(5);
#endif
        printf("Landlock %u, %u calls\n", state.landlock_abi, state.seccomp_calls);
        fflush(stdout);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(a_path_that_leads_nowhere_is_said_to)
{
    struct sandbox s;

    ck_assert_int_eq(sandbox_init(&s), 0);
    if (s.landlock_abi > 0) {
        ck_assert_int_eq(sandbox_allow(&s, in(outside, "absent"), SANDBOX_READ), PN_ENOENT);
        ck_assert_int_eq(sandbox_allow_around(&s, in(outside, "absent"), SANDBOX_READ), 0);
        ck_assert_int_eq(sandbox_allow_around(&s, in(outside, "no/absent"), SANDBOX_READ),
                         PN_ENOENT);
    }
    sandbox_free(&s);
}
END_TEST

static void add_those_that_enter(TCase *t)
{
    tcase_add_test(t, what_is_in_force_is_told);
    tcase_add_test(t, files_outside_are_out_of_reach_and_those_inside_are_not);
    tcase_add_test(t, what_is_permitted_around_a_file_is_no_more_than_was_said);
    tcase_add_test(t, calls_that_are_not_ours_fail_and_the_worst_of_them_kill);
    tcase_add_test(t, threads_can_be_made_and_are_inside);
    tcase_add_test(t, a_process_can_still_abort);
    tcase_add_test(t, only_named_ports_can_be_listened_on);
}

int main(void)
{
    Suite *s = suite_create("sandbox");
    TCase *t = tcase_create("sandbox");

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_path_that_leads_nowhere_is_said_to);
    if (IS_SANITIZED)
        puts("those that enter are left out: a sanitizer needs calls that the sandbox forbids");
    else
        add_those_that_enter(t);
    return harness_run(s);
}
