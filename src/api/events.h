/* The stream of events: what the journal notes, as server-sent events (WHATWG HTML, section 9.2) to
 * HTTP clients, and as JSON lines to a file. The journal is the queue: a reader that is too slow
 * misses what has been overwritten, and is told how much that was by an event
 * of the type "lost". */
#ifndef API_EVENTS_H
#define API_EVENTS_H

#include "journal/journal.h"

#define EVENTS_CLIENTS_MAX 8

struct event_base;
struct evhttp_request;
struct events;

/* Thread: the main thread. The journal is borrowed; `log_path`, copied, is appended to from now on,
 * unless NULL. Returns: 0; PN_ENOMEM; what opening the file gives. */
int events_new(struct events **out, struct event_base *base, struct journal *journal,
               const char *log_path);

/* Stream to this client from now on, or from behind the event that its Last-Event-ID names.
 * `topics` are names of events with commas between, or NULL for all. Thread: loop. Returns: 0, and
 * the request is answered in time; PN_EINVAL for an unknown topic, PN_ELIMIT when there are
 * EVENTS_CLIENTS_MAX, and it is not. */
int events_subscribe(struct events *e, struct evhttp_request *req, const char *topics);

/* Open a file for events_set_log. Thread: any. Returns: 0; PN_EIO. */
int events_open_log(int *fd, const char *path);

/* Append to this file from now on, which events_open_log has opened, or to none: NULL and -1.
 * Thread: loop. Owns: takes both. */
void events_set_log(struct events *e, char *path, int fd);

/* Open the file anew, after it was moved aside. On failure the old one stays. Thread: loop.
 * Returns: 0 or a pn_err. */
int events_reopen(struct events *e);

/* Thread: the main thread, when the loop does not run and before its connections are freed. Accepts
 * NULL. */
void events_free(struct events *e);

#endif
