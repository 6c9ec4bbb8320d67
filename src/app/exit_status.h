/* How the process ends; part of its interface, p2pnode(1) EXIT STATUS. */
#ifndef APP_EXIT_STATUS_H
#define APP_EXIT_STATUS_H

enum exit_status {
    STATUS_CLEAN = 0,
    STATUS_FAILURE = 1, /* at run time */
    STATUS_USAGE = 2,   /* the command line */
    STATUS_CONFIG = 3,  /* the configuration */
    STATUS_IN_USE = 4,  /* another process has the data directory */
    STATUS_BIND = 5,    /* an address cannot be listened on */
    STATUS_CORRUPT = 6, /* the data cannot be read */
};

#endif
