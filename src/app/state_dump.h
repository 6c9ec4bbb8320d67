/* SIGUSR1: threads and channel depths to the log. */
#ifndef APP_STATE_DUMP_H
#define APP_STATE_DUMP_H

/* Thread: loop. */
void state_dump(void);

#endif
