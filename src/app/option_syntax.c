#include "app/option_syntax.h"

#include <ctype.h>
#include <string.h>
#include <sys/un.h>

#include "app/config_file.h"
#include "app/options.h"
#include "net/addr.h"
#include "net/subnet.h"
#include "net/target.h"

/* An address with letters is IPv6 and has several colons; anything else with letters is meant as a
 * host's name. */
static bool looks_like_a_name(const char *text)
{
    unsigned colons = 0, letters = 0;

    for (; *text; text++) {
        colons += *text == ':';
        letters += isalpha((unsigned char)*text) != 0;
    }
    return letters > 0 && colons < 2;
}

const char *option_check_address(const char *text, enum option_port port, bool zero_port_allowed)
{
    /* Two different defaults tell whether the text itself has a port. */
    struct net_addr a, b;

    if (net_addr_parse(&a, text, 1) < 0 || net_addr_parse(&b, text, 2) < 0)
        return looks_like_a_name(text) ? "is a name: only a numeric address is accepted here"
                                       : "is not a numeric address: ADDR, ADDR:PORT or [ADDR]:PORT";
    if (a.port != b.port)
        return port == OPTION_PORT_REQUIRED ? "has no port: ADDR:PORT or [ADDR]:PORT" : NULL;
    return a.port == 0 && !zero_port_allowed ? "has port 0, on which nobody can be reached" : NULL;
}

const char *option_check_target(const char *text)
{
    struct net_target t;

    if (net_target_parse(&t, text, 1) < 0)
        return "is neither an address nor a name: HOST, HOST:PORT or [ADDR]:PORT";
    /* I2P has no ports. */
    return t.port == 0 && t.kind != TARGET_I2P ? "has port 0, on which nobody can be reached"
                                               : NULL;
}

const char *option_check_name(const char *text)
{
    struct net_target target;

    if (strchr(text, ':') || net_target_parse(&target, text, 0) < 0 || target.kind != TARGET_NAME)
        return "is not a host name";
    return NULL;
}

const char *option_check_publish(const char *text)
{
    struct net_addr addr;
    struct sockaddr_un un;

    if (strncmp(text, OPTION_IPC, strlen(OPTION_IPC)) == 0) {
        text += strlen(OPTION_IPC);
        return text[0] != '/' || !text[1]           ? "names no absolute path after ipc://"
               : strlen(text) >= sizeof un.sun_path ? "is too long for a socket's path"
                                                    : NULL;
    }
    if (strncmp(text, OPTION_TCP, strlen(OPTION_TCP)) != 0)
        return "is neither tcp://ADDR:PORT nor ipc:///PATH";
    text += strlen(OPTION_TCP);
    if (option_check_address(text, OPTION_PORT_REQUIRED, false) ||
        net_addr_parse(&addr, text, 0) < 0 || (addr.kind != NET_IPV4 && addr.kind != NET_IPV6))
        return "names no numeric address and port: tcp://ADDR:PORT or tcp://[ADDR]:PORT";
    return NULL;
}

const char *option_check_subnet(const char *text)
{
    struct subnet net;

    return subnet_parse(&net, text) < 0
               ? "is not a subnet like 10.0.0.0/8 or fd00::/8, with no bits set after the prefix"
               : NULL;
}

const char *option_check_hex(const char *text, size_t max_bytes)
{
    size_t len = strspn(text, "0123456789abcdefABCDEF");

    if (text[len] || len == 0 || len % 2)
        return "is not a whole number of bytes in hexadecimal";
    return len / 2 > max_bytes ? "is too long" : NULL;
}

const char *option_check_comment(const char *text, size_t max_chars)
{
    size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                              " .,;-_?@");

    if (text[len])
        return "is not made of letters, digits, spaces and .,;-_?@ only";
    return len > max_chars ? "is too long" : NULL;
}

const char *option_check_writable(const char *text)
{
    size_t len = strlen(text);

    for (const char *at = text; *at; at++) {
        if (iscntrl((unsigned char)*at))
            return "contains a control character";
        if (*at == ';' && (at == text || isspace((unsigned char)at[-1])))
            return "contains what a configuration file takes for a comment";
    }
    if (len > 0 && (isspace((unsigned char)text[0]) || isspace((unsigned char)text[len - 1])))
        return "begins or ends in a blank";
    return len > CONFIG_VALUE_MAX_BYTES ? "is too long" : NULL;
}
