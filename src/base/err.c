/* Names and sentences of the error enum; the list itself lives in the header. */
#include "base/err.h"

#include <errno.h>
#include <stddef.h>

struct err_text {
    const char *name;
    const char *text;
};

static const struct err_text texts[] = {
#define PN_ERR_TEXT_(id, name, text) {name, text},
    PN_ERR_LIST(PN_ERR_TEXT_)
#undef PN_ERR_TEXT_
};

static const struct err_text *find(int err)
{
    if (err <= PN_ERR_FIRST_ || err >= PN_ERR_END_)
        return NULL;
    return &texts[err - PN_ERR_FIRST_ - 1];
}

const char *pn_strerror(int err)
{
    const struct err_text *t = find(err);

    if (err == 0)
        return "success";
    return t ? t->text : "unknown error";
}

const char *pn_errname(int err)
{
    const struct err_text *t = find(err);

    if (err == 0)
        return "ok";
    return t ? t->name : "unknown";
}

int pn_err_from_errno(int sys_errno)
{
    switch (sys_errno) {
    case 0:
        return PN_OK;
    case EAGAIN:
    case EINPROGRESS:
        return PN_EAGAIN;
    case ENOMEM:
    case ENOBUFS:
        return PN_ENOMEM;
    case EMFILE:
    case ENFILE:
        return PN_ELIMIT;
    case ECONNREFUSED:
        return PN_EREFUSED;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EADDRNOTAVAIL:
        return PN_EUNREACH;
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED:
        return PN_ERESET;
    case ETIMEDOUT:
        return PN_ETIMEDOUT;
    case EIO:
        return PN_EIO;
    case ENOSPC:
    case EDQUOT:
    case EFBIG: /* the limit of RLIMIT_FSIZE */
        return PN_ENOSPC;
    case ENOENT:
        return PN_ENOENT;
    case EEXIST:
        return PN_EEXIST;
    case EADDRINUSE:
    case EBUSY:
        return PN_EBUSY;
    case EINVAL:
        return PN_EINVAL;
    case EACCES:
    case EPERM:
    case EROFS:
        return PN_EDENIED;
    default:
        return PN_ESYS;
    }
}
