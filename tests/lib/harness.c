#include "harness.h"

#include <stdio.h>
#include <stdlib.h>

int harness_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

uint8_t *harness_data(size_t *len, const char *name)
{
    const char *root = getenv("P2PNODE_TEST_DATA");
    char path[1024];
    uint8_t *data = NULL;
    FILE *f;
    long size;

    if (!root) {
        printf("SKIPPED: %s: P2PNODE_TEST_DATA is not set\n", name);
        return NULL;
    }
    snprintf(path, sizeof path, "%s/%s", root, name);
    f = fopen(path, "rb");
    if (!f) {
        printf("SKIPPED: %s: no such file below P2PNODE_TEST_DATA\n", name);
        return NULL;
    }
    if (fseek(f, 0, SEEK_END) == 0 && (size = ftell(f)) >= 0 && fseek(f, 0, SEEK_SET) == 0 &&
        (data = malloc((size_t)size + 1)) && fread(data, 1, (size_t)size, f) == (size_t)size)
        *len = (size_t)size;
    else
        ck_abort_msg("cannot read %s", path);
    fclose(f);
    return data;
}
