/* The option table as data. Internal to the option code; a caller of options.h needs none of it. */
#ifndef APP_OPTION_TABLE_H
#define APP_OPTION_TABLE_H

#include "app/options.h"

/* What a value looks like, and which type its field of struct options has. */
enum option_kind {
    OPTION_KIND_FLAG,         /* bool: no value on the command line, yes or no elsewhere */
    OPTION_KIND_INTEGER,      /* int64_t */
    OPTION_KIND_DURATION,     /* int64_t in ms, written in seconds with up to three decimals */
    OPTION_KIND_KILOBYTES,    /* int64_t in bytes, written in thousands */
    OPTION_KIND_CHOICE,       /* const char *: one of `choices`, static */
    OPTION_KIND_PATH,         /* char * */
    OPTION_KIND_HEX,          /* char *: at most `max` whole bytes */
    OPTION_KIND_COMMENT,      /* char *: at most `max` characters that BIP 14 allows */
    OPTION_KIND_LISTEN,       /* char *: ADDR:PORT */
    OPTION_KIND_BITS,         /* struct option_bits */
    OPTION_KIND_LISTEN_LIST,  /* struct option_list: ADDR[:PORT], port 0 allowed */
    OPTION_KIND_ADDRESS_LIST, /* struct option_list: ADDR[:PORT] */
    OPTION_KIND_SUBNET_LIST,  /* struct option_list: ADDR[/BITS] */
    OPTION_KIND_TARGET_LIST,  /* struct option_list: HOST[:PORT], addresses and names */
    OPTION_KIND_NAME_LIST,    /* struct option_list: host names */
    OPTION_KIND_PUBLISH_LIST, /* struct option_list: tcp://ADDR:PORT, ipc:///PATH */
    OPTION_KIND_CHOICE_LIST,  /* struct option_list: each one of `choices` */
    OPTION_KIND_COUNT
};

/* X(identifier, "name in the file", "heading") */
#define OPTION_SECTION_LIST(X)                  \
    X(SECTION_GENERAL, "", "General")           \
    X(SECTION_BITCOIN, "bitcoin", "Bitcoin")    \
    X(SECTION_ETHEREUM, "ethereum", "Ethereum") \
    X(SECTION_ELECTRUM, "electrum", "Electrum") \
    X(SECTION_PEERS, "peers", "Peers")          \
    X(SECTION_API, "api", "HTTP")               \
    X(SECTION_ZMQ, "zmq", "ZeroMQ")             \
    X(SECTION_LOG, "log", "Log")                \
    X(SECTION_INSTEAD, "", "Instead of running")

enum option_section {
#define OPTION_SECTION_ENUM_(id, name, heading) id,
    OPTION_SECTION_LIST(OPTION_SECTION_ENUM_)
#undef OPTION_SECTION_ENUM_
        SECTION_COUNT
};

enum option_flag {
    OPTION_NOT_IN_FILE = 1,
    OPTION_NOT_IN_ENVIRONMENT = 2,
    OPTION_COMMAND_LINE_ONLY = OPTION_NOT_IN_FILE | OPTION_NOT_IN_ENVIRONMENT,
    OPTION_CAN_BE_OFF = 4, /* NULL or 0 means off; else switching off restores the default */
    OPTION_RELOADABLE = 8, /* may change at SIGHUP */
    OPTION_HIDDEN = 16     /* not in --help and the like */
};

#define OPTION_CHOICES(...) \
    (const char *const[])   \
    {                       \
        __VA_ARGS__, NULL   \
    }

struct option_def {
    const char *name;
    char short_name;      /* or 0 */
    const char *variable; /* a second name in the environment, known from elsewhere, or NULL */
    enum option_kind kind;
    enum option_section section;
    unsigned flags;
    const char *placeholder;
    const char *default_value;  /* as a user would write it, or NULL */
    const char *default_text;   /* said of the default in its place, or NULL */
    const char *implied;        /* not NULL: the value may be left out and is then this */
    const char *const *choices; /* OPTION_CHOICES("a", "b"), or NULL */
    double min, max;            /* inclusive, in the unit that is written */
    const char *help;
    const char *man;
    size_t offset; /* of the field in struct options */
};

extern const struct option_def option_table[OPTION_COUNT];

/* Returns: the option's definition and in *id its number, or NULL. The name may be cut short by
 * name_len. */
const struct option_def *option_find(enum option_id *id, const char *name, size_t name_len);

/* P2PNODE_ and the name in capitals. out holds OPTION_VARIABLE_BYTES. */
#define OPTION_VARIABLE_PREFIX "P2PNODE_"
#define OPTION_VARIABLE_BYTES  64
void option_variable(char out[OPTION_VARIABLE_BYTES], const struct option_def *def);

bool option_is_list(const struct option_def *def);

/* Whether an empty value, or --no-KEY, means "none" rather than the default. */
bool option_can_be_empty(const struct option_def *def);

const char *option_section_name(enum option_section section);
const char *option_section_heading(enum option_section section);

#endif
