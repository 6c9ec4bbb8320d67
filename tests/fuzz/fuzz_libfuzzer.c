/* The driver for libFuzzer: FUZZ names the target; FUZZ=list names them all. */
#include "fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct fuzz_target *target;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *name = getenv("FUZZ");
    size_t count;
    const struct fuzz_target *all = fuzz_targets(&count);

    (void)argc;
    (void)argv;
    target = name ? fuzz_target_find(name) : NULL;
    if (target)
        return 0;
    for (size_t i = 0; i < count; i++)
        puts(all[i].name);
    exit(name && strcmp(name, "list") == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    target->run(target, data, len);
    return 0;
}
