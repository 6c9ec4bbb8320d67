/* Print a rendered sample: `metrics_sample text` or `metrics_sample openmetrics`. */
#include <stdio.h>
#include <string.h>

#include "metrics/metrics.h"
#include "sample.h"

int main(int argc, char **argv)
{
    struct buf out;
    int err;

    if (argc != 2)
        return 2;
    buf_init(&out, 1 << 20);
    metrics_register_process("0.0.0-sample");
    sample_fill();
    err = metrics_render(&out, strcmp(argv[1], "openmetrics") == 0 ? METRICS_OPENMETRICS
                                                                   : METRICS_TEXT_004);
    if (err == 0)
        fwrite(out.data, 1, out.len, stdout);
    buf_free(&out);
    metrics_reset();
    return err ? 1 : 0;
}
