/* SIGHUP: the log is opened anew, the configuration read again. */
#ifndef APP_RELOAD_H
#define APP_RELOAD_H

struct node;

/* Read all sources again; apply what can change while running and name what cannot. A
 * configuration with any error is refused whole and the running one stays. Thread: loop. */
void node_reload(struct node *n);

/* Make the families p2pnode_config_last_reload_* known. */
void reload_init_metrics(void);

/* Level, format and destination of the log as the options say. Returns: 0 or a pn_err. */
struct options;
int apply_log_options(const struct options *o);

#endif
