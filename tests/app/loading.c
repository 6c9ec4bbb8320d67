#include "loading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "harness.h"

struct options loaded;
struct option_report complaints;

static const char *const plain_environment[] = {"HOME=/users/tester", NULL};
const char *const *loading_environment = plain_environment;

static char folder[] = "/tmp/p2pnode-app-XXXXXX";
static char file[64];
static char text[1 << 16];

void loading_begin(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/test.conf", folder);
}

void loading_end(void)
{
    options_free(&loaded);
    option_report_free(&complaints);
    unlink(file);
    rmdir(folder);
}

void loading_write_bytes(const void *data, size_t len)
{
    FILE *f = fopen(file, "wb");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
}

void loading_write_file(const char *content)
{
    loading_write_bytes(content, strlen(content));
}

int loading_run(const char *const *words)
{
    static char conf[80];
    char *argv[64];
    int argc = 0;

    snprintf(conf, sizeof conf, "--conf=%s", file);
    for (; words[argc]; argc++)
        argv[argc] = strcmp(words[argc], "CONF") == 0 ? conf : (char *)(uintptr_t)words[argc];
    argv[argc] = NULL;
    options_free(&loaded);
    option_report_free(&complaints);
    return options_load(&loaded, &complaints, argc, argv,
                        (char *const *)(uintptr_t)loading_environment);
}

/* The complaints, one a line, with FILE for the file's name. */
static const char *all_complaints(void)
{
    size_t len = 0;

    text[0] = '\0';
    for (size_t i = 0; i < complaints.errors.n; i++) {
        const char *sentence = complaints.errors.items[i];
        bool named = strncmp(sentence, file, strlen(file)) == 0;

        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s\n", named ? "FILE" : "",
                                named ? sentence + strlen(file) : sentence);
    }
    return text;
}

void loading_good(const char *const *words)
{
    int err = loading_run(words);

    ck_assert_msg(err == 0, "expected no complaint, got %s:\n%s", pn_errname(err),
                  all_complaints());
}

void loading_bad(int status, const char *sentences, const char *const *words)
{
    ck_assert_int_eq(loading_run(words), PN_EINVAL);
    ck_assert_str_eq(all_complaints(), sentences);
    ck_assert_int_eq(complaints.exit_status, status);
}

const char *loading_list(const struct option_list *list)
{
    size_t len = 0;

    text[0] = '\0';
    for (size_t i = 0; i < list->n; i++)
        len +=
            (size_t)snprintf(text + len, sizeof text - len, "%s%s", i ? " " : "", list->items[i]);
    return text;
}
