/* Who may call methods: whoever can read the cookie file, or knows the user and password of the
 * configuration, as in bitcoind (HTTP Basic, RFC 7617). */
#ifndef API_AUTH_H
#define API_AUTH_H

#include <stdbool.h>

#define API_USER_COOKIE "__cookie__"

/* "Basic " and the longest user and password in base64. */
#define API_CREDENTIAL_BYTES 512

struct api_auth {
    char cookie[API_CREDENTIAL_BYTES];   /* the header that the cookie asks for */
    char password[API_CREDENTIAL_BYTES]; /* likewise user and password; "" without them */
    char *cookie_path;
};

/* Write a fresh cookie, readable by the owner alone; user and password may be NULL.
 * Thread: the main thread. Returns: 0, PN_ETOOLARGE, or what writing the file gives. */
int api_auth_open(struct api_auth *a, const char *cookie_path, const char *user,
                  const char *password);

/* The header that user and password ask for; "" without them. Thread: any. Returns: 0 or
 * PN_ETOOLARGE. */
int api_auth_make(char out[API_CREDENTIAL_BYTES], const char *user, const char *password);

/* Whether the value of the Authorization header is right; compared in constant time. Accepts NULL.
 * Thread: loop. */
bool api_auth_ok(const struct api_auth *a, const char *header);

/* Remove the cookie file. Accepts a zeroed struct. */
void api_auth_close(struct api_auth *a);

#endif
