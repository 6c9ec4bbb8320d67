/* Subnets in CIDR notation and lists of them. */
#ifndef NET_SUBNET_H
#define NET_SUBNET_H

#include "net/addr.h"

#define SUBNET_LIST_MAX 64

struct subnet {
    struct net_addr base;
    unsigned prefix_bits;
};

/* A list belongs to its configuration and never changes once threads read it. */
struct subnet_list {
    struct subnet nets[SUBNET_LIST_MAX];
    unsigned n;
};

/* "10.0.0.0/8", "::1/128"; without a slash the whole address. Bits beyond the prefix must be zero,
 * so that a slip is noticed. Returns: 0 or PN_EFORMAT. */
int subnet_parse(struct subnet *out, const char *text);

bool subnet_contains(const struct subnet *net, const struct net_addr *a);

/* Add comma-separated subnets. Returns: 0, PN_EFORMAT, or PN_ELIMIT when there are too many. */
int subnet_list_add(struct subnet_list *list, const char *text);

/* Whether any subnet contains the address. An empty list contains nothing. */
bool subnet_list_contains(const struct subnet_list *list, const struct net_addr *a);

/* Whether dialling or accepting the address is permitted: anything is, unless a list is given. */
bool subnet_list_permits(const struct subnet_list *list, const struct net_addr *a);

#endif
