/* The driver for make check: every target over every file of its folder in the corpus.
 *
 *     fuzz_replay [CORPUS]             default: $srcdir/tests/fuzz/corpus
 *     fuzz_replay --make-corpus DIR    write the seeds */
#include <dirent.h>

#include "fuzz.h"

/* One input. It is copied to its exact size, so that a sanitizer sees a read behind it. */
static bool run_file(const struct fuzz_target *t, const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = NULL;
    bool done = false;
    long size;

    if (f && fseek(f, 0, SEEK_END) == 0 && (size = ftell(f)) >= 0) {
        rewind(f);
        data = malloc(size ? (size_t)size : 1);
        done = data && fread(data, 1, (size_t)size, f) == (size_t)size;
        if (done)
            t->run(t, data, (size_t)size);
    }
    if (!done)
        perror(path);
    free(data);
    if (f)
        fclose(f);
    return done;
}

/* All inputs of one target. Returns: their number, or -1. */
static int run_folder(const struct fuzz_target *t, const char *corpus)
{
    char path[1024];
    DIR *dir;
    int inputs = 0;

    snprintf(path, sizeof path, "%s/%s", corpus, t->name);
    dir = opendir(path);
    if (!dir) {
        perror(path);
        return -1;
    }
    for (struct dirent *e; inputs >= 0 && (e = readdir(dir));) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s/%s", corpus, t->name, e->d_name);
        inputs = run_file(t, path) ? inputs + 1 : -1;
    }
    closedir(dir);
    return inputs;
}

static int run_all(const char *corpus)
{
    size_t count;
    const struct fuzz_target *targets = fuzz_targets(&count);
    int status = EXIT_SUCCESS, total = 0;

    for (size_t i = 0; i < count; i++) {
        int inputs = run_folder(&targets[i], corpus);

        printf("%-13s %4d inputs\n", targets[i].name, inputs);
        if (inputs <= 0)
            status = EXIT_FAILURE; /* a target without inputs tests nothing */
        total += inputs;
    }
    printf("%zu targets, %d inputs\n", count, total);
    return status;
}

int main(int argc, char **argv)
{
    const char *srcdir = getenv("srcdir");
    char corpus[512];

    if (argc == 3 && strcmp(argv[1], "--make-corpus") == 0)
        return fuzz_corpus_make(argv[2]) ? EXIT_SUCCESS : EXIT_FAILURE;
    if (argc > 2) {
        fprintf(stderr, "usage: %s [CORPUS] | --make-corpus DIR\n", argv[0]);
        return 2;
    }
    snprintf(corpus, sizeof corpus, "%s/tests/fuzz/corpus", srcdir ? srcdir : ".");
    return run_all(argc == 2 ? argv[1] : corpus);
}
