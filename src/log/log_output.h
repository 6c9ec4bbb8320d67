/* Where lines go. Internal to log/; log_open and log_reopen are declared in log.h. */
#ifndef LOG_LOG_OUTPUT_H
#define LOG_LOG_OUTPUT_H

#include <stddef.h>

/* Hand one whole line to the destination, or count it as failed. Thread: any. */
void log_output_write(const char *line, size_t len);

#endif
