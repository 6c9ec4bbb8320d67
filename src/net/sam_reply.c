#include "net/sam_reply.h"

#include <string.h>

#include "base/err.h"

bool sam_reply_is(const char *line, const char *words)
{
    size_t len = strlen(words);

    for (const char *p = line; *p; p++)
        if (*p < ' ' || *p > '~')
            return false;
    return strncmp(line, words, len) == 0 && (line[len] == ' ' || line[len] == '\0');
}

/* The end of the word that starts here: a space or the end of the line. Within quotes spaces
 * belong to the word, and a backslash takes the meaning from what follows it. */
static const char *word_end(const char *p)
{
    bool quoted = false;

    for (; *p && (quoted || *p != ' '); p++) {
        if (*p == '"')
            quoted = !quoted;
        else if (quoted && *p == '\\' && p[1])
            p++;
    }
    return p;
}

const char *sam_reply_value(size_t *len, const char *line, const char *key)
{
    size_t key_len = strlen(key);

    for (const char *p = line, *end; *p; p = *end ? end + 1 : end) {
        end = word_end(p);
        if (strncmp(p, key, key_len) != 0 || p[key_len] != '=')
            continue;
        p += key_len + 1;
        *len = (size_t)(end - p);
        if (*len >= 2 && *p == '"' && end[-1] == '"') {
            *len -= 2;
            p++;
        }
        return p;
    }
    return NULL;
}

int sam_reply_result(const char *line)
{
    static const struct {
        const char *name;
        int rc;
    } results[] = {
        {"OK", 0},
        {"NOVERSION", PN_ESAM_VERSION},
        {"INVALID_ID", PN_ESAM_SESSION},
        {"DUPLICATED_ID", PN_ESAM_SESSION},
        {"DUPLICATED_DEST", PN_ESAM_SESSION},
        {"KEY_NOT_FOUND", PN_ESAM_NOTFOUND},
        {"INVALID_KEY", PN_ESAM_NOTFOUND},
        {"PEER_NOT_FOUND", PN_ESAM_NOTFOUND},
        {"LEASESET_NOT_FOUND", PN_ESAM_NOTFOUND},
        {"CANT_REACH_PEER", PN_ESAM_UNREACH},
        {"TIMEOUT", PN_ETIMEDOUT},
    };
    size_t len;
    const char *value = sam_reply_value(&len, line, "RESULT");

    if (!value || len == 0)
        return PN_EPROXY_PROTO;
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++)
        if (strlen(results[i].name) == len && memcmp(results[i].name, value, len) == 0)
            return results[i].rc;
    return PN_ESAM_FAILED; /* I2P_ERROR, and what later routers may say */
}
