/* The algorithm of src/thread/chan_core.c and chan_wait.c in Promela, checked by check_model.sh.
 *
 * Two channels, a plain sender, a sender that selects, a plain receiver, a receiver that selects,
 * and a process that closes both channels at any moment or when the senders are through. Each
 * blocking call may run into its deadline; how often is bounded, so that every run is finite.
 *
 * Names follow the C: put, take, admit, first, enrol, withdraw, wait. What C does under a
 * channel's lock is not one atomic step here: other processes run between any two accesses to a
 * waiter's `claimed` flag, which is the one thing that the lock does not guard.
 *
 * Checked:
 *   - no element is lost or duplicated, and a failed send leaves its element with the sender
 *   - whenever a lock is free, nobody stands in line who could proceed (no wake-up is lost)
 *   - a closed channel drains, then ends
 *   - nobody touches a waiter that has returned from its call
 *   - every process terminates: no state without a successor but the end, and no cycle
 *
 * Defining one of BROKEN_NO_CLAIM, BROKEN_NO_ADMIT, BROKEN_CLOSE_ONE, BROKEN_BLIND_SLEEP,
 * BROKEN_LATE_DEADLINE puts a defect in, which the check must find.
 */
#ifdef WEIGHTS
#define CAPACITY     2
#define MAX_WEIGHT   3
#define WEIGHT_OF(e) ((e) == 1 -> 3 : 1) /* the plain sender's first element is heavy */
#else
#define CAPACITY     1
#define MAX_WEIGHT   255
#define WEIGHT_OF(e) 1
#endif
#ifndef DEADLINES
#define DEADLINES 1 /* how often each process's calls may time out */
#endif

#define CHANNELS 2
#define CALLERS  4 /* processes that block; each has one waiter and a case per channel */
#define ELEMS    4 /* numbered from 1 */
#define NONE     255

#define CASE(w, c)   ((w)*CHANNELS + (c))
#define WAITER_OF(k) ((k) / CHANNELS)

mtype = { OK, AGAIN, CLOSED, TIMEDOUT, SEND, RECV }

/* struct chan */
bool mu[CHANNELS];
chan ring[CHANNELS] = [CAPACITY] of { byte };
byte weight[CHANNELS];
bool closed[CHANNELS];
chan senders[CHANNELS] = [CALLERS] of { byte };
chan receivers[CHANNELS] = [CALLERS] of { byte };

/* struct chan_case: element and result; whether it is queued is in the queue itself */
byte elem[CALLERS * CHANNELS];
mtype result[CALLERS * CHANNELS];

/* struct chan_waiter */
bool alive[CALLERS]; /* on the stack of a call that has not returned */
bool claimed[CALLERS];
bool done[CALLERS];
byte taken[CALLERS];
bool wmu[CALLERS];
bool asleep[CALLERS]; /* in pthread_cond_wait, not signalled */

/* the books */
bool sent[ELEMS + 1];
byte arrived[ELEMS + 1];
byte senders_left = 2;

#define FITS(c, e)                                                                                 \
    (nfull(ring[c]) && (empty(ring[c]) || weight[c] + WEIGHT_OF(e) <= MAX_WEIGHT))

inline lock(m)
{
    atomic { !m -> m = true }
}

/* The two invariants at the head of chan_core.c, for the first in line: if it is not claimed, it
 * must not be able to proceed. */
inline check_lines(c)
{
    if
    :: nempty(receivers[c]) ->
        receivers[c] ? <k>;
        assert(claimed[WAITER_OF(k)] || (empty(ring[c]) && !closed[c]))
    :: else
    fi;
    if
    :: nempty(senders[c]) ->
        senders[c] ? <k>;
        assert(claimed[WAITER_OF(k)] || (!FITS(c, elem[k]) && !closed[c]))
    :: else
    fi;
    k = NONE
}

inline unlock(c)
{
    atomic {
        check_lines(c);
        mu[c] = false
    }
}

/* k: the first in line that is not claimed, or NONE. Claimed ones go. */
inline first(line, c)
{
    do
    :: atomic { empty(line[c]) -> k = NONE; break }
    :: atomic {
           nempty(line[c]) ->
           line[c] ? <k>;
           assert(alive[WAITER_OF(k)]);
           if
           :: claimed[WAITER_OF(k)] -> line[c] ? _
           :: else -> break
           fi
       }
    od
}

inline claim(w)
{
    atomic {
        assert(alive[w]);
#ifdef BROKEN_NO_CLAIM
        won = true;
#else
        won = !claimed[w];
#endif
        claimed[w] = true
    }
}

inline serve(k_, result_)
{
    result[k_] = result_;
    taken[WAITER_OF(k_)] = k_;
    woken ! k_
}

inline push(c, e)
{
    ring[c] ! e;
    weight[c] = weight[c] + WEIGHT_OF(e)
}

inline admit(c)
{
    do
    :: first(senders, c);
       if
       :: atomic { k != NONE && FITS(c, elem[k]) -> skip }
       :: else -> break
       fi;
       claim(WAITER_OF(k));
       if
       :: atomic {
              won ->
              senders[c] ?? eval(k);
              push(c, elem[k]);
              serve(k, OK)
          }
       :: else
       fi
    od
}

/* rc of sending e */
inline put(c, e)
{
    rc = (closed[c] -> CLOSED : AGAIN);
    do
    :: rc == AGAIN ->
       first(receivers, c);
       if
       :: k == NONE -> break
       :: else
       fi;
       claim(WAITER_OF(k));
       if
       :: atomic {
              won ->
              receivers[c] ?? eval(k);
              elem[k] = e;
              serve(k, OK);
              rc = OK
          }
       :: else
       fi
    :: else -> break
    od;
    if
    :: rc == AGAIN ->
       first(senders, c);
       if
       :: atomic { k == NONE && FITS(c, e) -> push(c, e); rc = OK }
       :: else
       fi
    :: else
    fi
}

/* rc, and the element in e */
inline take(c, e)
{
    if
    :: empty(ring[c]) -> rc = (closed[c] -> CLOSED : AGAIN)
    :: atomic {
           nempty(ring[c]) ->
           ring[c] ? e;
           weight[c] = weight[c] - WEIGHT_OF(e);
           rc = OK
       }
#ifndef BROKEN_NO_ADMIT
       admit(c)
#endif
    fi
}

inline wake()
{
    do
    :: atomic { woken ? k -> lock(wmu[WAITER_OF(k)]) }
       assert(alive[WAITER_OF(k)]);
       done[WAITER_OF(k)] = true;
       asleep[WAITER_OF(k)] = false;
       atomic { wmu[WAITER_OF(k)] = false; k = NONE }
    :: empty(woken) -> break
    od
}
