/* `p2pnode ctl`: a running node asked from the command line, by the same JSON-RPC as other tools.
 */
#ifndef CTL_CTL_H
#define CTL_CTL_H

struct ctl_config {
    const char *api_listen; /* ADDR:PORT of the node */
    const char *datadir;
    const char *cookie_file; /* or NULL: .cookie in datadir; read unless there is a user */
    const char *user, *password;
};

/* Run one command with its arguments and print what comes of it. argv[0] is the command; argc may
 * be 0, which prints the commands on standard error. "help" alone needs no node. Returns: an exit
 * status: 0; 1 when the node is not to be reached
 * or refuses, with the reason on standard error; 2 for a command line that makes no sense. */
int ctl_run(const struct ctl_config *config, int argc, const char *const *argv);

#endif
