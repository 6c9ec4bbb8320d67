#include "store/move_aside.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/atomic_file.h"

enum { SECONDS_CHARS = 20 };

static const char infix[] = ".bad-";

/* Remove the damaged files of before: of `path` "dir/peers.json" all "dir/peers.json.bad-*". */
static void remove_older(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char *dir_path = slash ? mem_dup(path, (size_t)(slash - path) + 2) : mem_strdup(".");
    size_t name_len = strlen(name);
    struct dirent *entry;
    DIR *dir;

    if (!dir_path)
        return;
    if (slash)
        dir_path[slash - path + 1] = '\0';
    dir = opendir(dir_path);
    mem_free(dir_path);
    if (!dir)
        return;
    while ((entry = readdir(dir)))
        if (strncmp(entry->d_name, name, name_len) == 0 &&
            strncmp(entry->d_name + name_len, infix, sizeof infix - 1) == 0)
            unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
}

int file_move_aside(char **aside, const char *path)
{
    size_t size = strlen(path) + sizeof infix + SECONDS_CHARS;
    char *name = mem_alloc(size);
    int rc;

    *aside = NULL;
    if (!name)
        return PN_ENOMEM;
    remove_older(path);
    snprintf(name, size, "%s%s%" PRId64, path, infix, clock_wall_s());
    if (rename(path, name) < 0) {
        rc = pn_err_from_errno(errno);
        mem_free(name);
        return rc;
    }
    atomic_file_sync_dir(path);
    *aside = name;
    return 0;
}
