/* The event loop: one libevent base on the main thread, for listeners, HTTP and signals. */
#ifndef NET_LOOP_H
#define NET_LOOP_H

struct event_base;
struct loop;

/* Thread: the main thread, once. Owns: the caller frees with loop_free. Returns: NULL on failure.
 */
struct loop *loop_new(void);
void loop_free(struct loop *l);

/* The base to add events to. Thread: the loop's, or before loop_run. */
struct event_base *loop_base(struct loop *l);

/* Dispatch events until loop_stop. Thread: the main thread. */
void loop_run(struct loop *l);

/* Make loop_run return. Thread: any. */
void loop_stop(struct loop *l);

#endif
