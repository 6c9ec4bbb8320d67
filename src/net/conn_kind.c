#include "net/conn_kind.h"

const char *conn_kind_name(enum conn_kind kind)
{
    static const char *const names[] = {
#define CONN_KIND_NAME_(id, name) name,
        CONN_KIND_LIST(CONN_KIND_NAME_)
#undef CONN_KIND_NAME_
    };

    return kind < CONN_KINDS ? names[kind] : "unknown";
}
