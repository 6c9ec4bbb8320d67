/* The files of the dashboard, compiled into the program (src/api/web). */
#ifndef API_WEB_H
#define API_WEB_H

#include <stddef.h>

struct web_file {
    const char *path; /* "/" is index.html */
    const char *type;
    const unsigned char *data;
    size_t len;
};

extern const struct web_file web_files[];
extern const unsigned web_files_count;

/* What the pages may do: nothing but run these files and talk to this server. */
#define WEB_POLICY                                                                                 \
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; " \
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

#endif
