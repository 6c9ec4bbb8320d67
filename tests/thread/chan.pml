/* The algorithm of src/thread/chan_core.c and chan_wait.c in Promela, checked by check_model.sh.
 *
 * Two channels, a plain sender, a sender that selects, a plain receiver, a receiver that selects,
 * and a process that closes both channels at any moment or once the senders are through. A
 * blocking call may run into its deadline; how often is bounded, so that every run is finite.
 *
 * Names follow the C: put, take, admit, refuse, first, claim, serve, enrol, withdraw, wake.
 *
 * What is one step here: under a channel's lock the only thing that others can see or change is
 * the `claimed` flag of waiters. So the steps are cut where such a flag that was read may have
 * changed before it is read again or set, and nowhere else. What C does under a waiter's mutex is
 * one step.
 *
 * Checked:
 *   - no element is lost or duplicated, and a failed send leaves its element with the sender
 *   - whenever a lock is released, nobody stands in line who could proceed
 *   - a closed channel drains, then ends
 *   - nobody touches a waiter that has returned from its call
 *   - every process terminates: no state without a successor but the end, and no cycle
 *
 * Defining one of BROKEN_NO_CLAIM, BROKEN_NO_ADMIT, BROKEN_CLOSE_ONE, BROKEN_NO_MUTEX and
 * BROKEN_LATE_DEADLINE puts a defect in, which the check must find.
 *
 * WEIGHTS bounds the channels in weight besides, and makes the plain sender's first element as
 * heavy as a channel allows. Bit w of IMPATIENT lets one call of process w time out. */
#ifdef WEIGHTS
#define CAPACITY     2
#define MAX_WEIGHT   2
#define WEIGHT_OF(e) ((e) == 1 -> 2 : 1)
#else
#define CAPACITY     1
#define MAX_WEIGHT   255
#define WEIGHT_OF(e) 1
#endif

#define CHANNELS 2
#define CALLERS  4 /* processes that block; each has one waiter, and a case per channel */
#define PLAIN_ELEMS  2 /* elements 1 .. PLAIN_ELEMS are the plain sender's */
#define NONE     255

#ifndef IMPATIENT
#define IMPATIENT 15
#endif
#ifndef SELECT_ELEMS
#define SELECT_ELEMS 1
#endif
#define ELEMS (PLAIN_ELEMS + SELECT_ELEMS)

#define SENDERS(c)   (c) /* index into line */
#define RECEIVERS(c) (CHANNELS + (c))
#define CASE(w, c)   ((w)*CHANNELS + (c))
#define WAITER_OF(k) ((k) / CHANNELS)

mtype = { OK, AGAIN, CLOSED, TIMEDOUT }

/* struct chan */
bool mu[CHANNELS];
chan ring[CHANNELS] = [CAPACITY] of { byte };
byte weight[CHANNELS];
bool closed[CHANNELS];
chan line[2 * CHANNELS] = [CALLERS] of { byte }; /* cases of blocked calls, the oldest first */

/* struct chan_case; whether it is queued is seen in line */
byte elem[CALLERS * CHANNELS];
mtype result[CALLERS * CHANNELS];

/* struct chan_waiter */
bool alive[CALLERS]; /* on the stack of a call that has not returned */
bool claimed[CALLERS];
bool done[CALLERS];
bool asleep[CALLERS]; /* in pthread_cond_wait and not signalled */
byte taken[CALLERS];

/* the books */
bool sent[ELEMS + 1];
byte arrived[ELEMS + 1];
byte senders_left = 2;

#define FITS(c, e)                                                                                 \
    (len(ring[c]) < CAPACITY && (len(ring[c]) == 0 || weight[c] + WEIGHT_OF(e) <= MAX_WEIGHT))

/* Every process that works under a channel's lock has these. */
#define LOCALS                                                                                     \
    byte k = NONE;                                                                                 \
    bool won;                                                                                      \
    mtype rc;                                                                                      \
    chan woken = [CALLERS] of { byte }

/* Every process that may block has these, too. */
#define CALLER_LOCALS                                                                              \
    LOCALS;                                                                                        \
    byte first_case, at, deadlines_left = (IMPATIENT >> me) & 1;                                           \
    bool decided, served

inline lock(c)
{
    !mu[c] -> mu[c] = true
}

/* The two invariants at the head of chan_core.c: the first in line is claimed or cannot proceed. */
inline unlock(c)
{
    if
    :: len(line[RECEIVERS(c)]) > 0 ->
        line[RECEIVERS(c)] ? <k>;
        assert(claimed[WAITER_OF(k)] || (len(ring[c]) == 0 && !closed[c]))
    :: else
    fi;
    if
    :: len(line[SENDERS(c)]) > 0 ->
        line[SENDERS(c)] ? <k>;
        assert(claimed[WAITER_OF(k)] || (!FITS(c, elem[k]) && !closed[c]))
    :: else
    fi;
    k = NONE;
    mu[c] = false
}

/* k: the first in line that is not claimed, or NONE. Claimed ones go. */
inline first(l)
{
    k = NONE;
    do
    :: len(line[l]) > 0 ->
       line[l] ? <k>;
       assert(alive[WAITER_OF(k)]);
       if
       :: claimed[WAITER_OF(k)] -> line[l] ? _; k = NONE
       :: else -> break
       fi
    :: else -> break
    od
}

inline claim(w)
{
    assert(alive[w]);
#ifdef BROKEN_NO_CLAIM
    won = true;
#else
    won = !claimed[w];
#endif
    claimed[w] = true
}

inline serve(k_, result_)
{
    result[k_] = result_;
    taken[WAITER_OF(k_)] = k_;
    woken ! k_
}

inline push(c, e_)
{
    ring[c] ! e_;
    weight[c] = weight[c] + WEIGHT_OF(e_)
}

/* Callers have done first(SENDERS(c)). */
inline admit(c)
{
    do
    :: atomic {
           k != NONE && FITS(c, elem[k]) ->
           claim(WAITER_OF(k));
           if
           :: won ->
              line[SENDERS(c)] ?? eval(k);
              push(c, elem[k]);
              serve(k, OK)
           :: else
           fi;
           first(SENDERS(c))
       }
    :: else -> break
    od
}

/* rc: of sending e_ on c, which is locked. Callers have done first(RECEIVERS(c)). */
inline put(c, e_)
{
    rc = (closed[c] -> CLOSED : AGAIN);
    do
    :: atomic {
           rc == AGAIN && k != NONE ->
           claim(WAITER_OF(k));
           if
           :: won ->
              line[RECEIVERS(c)] ?? eval(k);
              elem[k] = e_;
              serve(k, OK);
              rc = OK
           :: else -> first(RECEIVERS(c))
           fi
       }
    :: else -> break
    od;
    atomic {
        if
        :: rc == AGAIN ->
           first(SENDERS(c));
           if
           :: k == NONE && FITS(c, e_) -> push(c, e_); rc = OK
           :: else
           fi
        :: else
        fi
    }
}

/* rc, and the element in e_ */
inline take(c, e_)
{
    if
    :: atomic {
           len(ring[c]) > 0 ->
           ring[c] ? e_;
           weight[c] = weight[c] - WEIGHT_OF(e_);
           rc = OK;
           first(SENDERS(c))
       }
       admit(c)
    :: else -> rc = (closed[c] -> CLOSED : AGAIN)
    fi
}

/* done and the signal, under the waiter's mutex */
inline wake()
{
    do
    :: atomic {
           woken ? k ->
           assert(alive[WAITER_OF(k)]);
           done[WAITER_OF(k)] = true;
           asleep[WAITER_OF(k)] = false;
           k = NONE
       }
    :: empty(woken) -> break
    od
}

/* Stand in line for a case, or proceed with it. decided: the other cases need not be tried. */
inline enrol_send(c, e_)
{
    atomic {
        lock(c);
        first(SENDERS(c));
        decided = (closed[c] || (k == NONE && FITS(c, e_)));
        if
        :: !decided -> elem[CASE(me, c)] = e_; line[SENDERS(c)] ! CASE(me, c)
        :: else -> claim(me); first(RECEIVERS(c))
        fi
    }
    if
    :: decided && won -> put(c, e_); atomic { serve(CASE(me, c), rc) }
    :: else
    fi;
    atomic { unlock(c); won = false; rc = 0 }
    wake()
}

inline enrol_recv(c)
{
    atomic {
        lock(c);
        decided = (closed[c] || len(ring[c]) > 0);
        if
        :: !decided -> line[RECEIVERS(c)] ! CASE(me, c)
        :: else -> claim(me)
        fi
    }
    if
    :: decided && won -> take(c, elem[CASE(me, c)]); atomic { serve(CASE(me, c), rc) }
    :: else
    fi;
    atomic { unlock(c); won = false; rc = 0 }
    wake()
}

/* Leave the line. A case that was never tried is in none. */
inline withdraw(l, c)
{
    if
    :: taken[me] != CASE(me, c) ->
       atomic {
           lock(c);
           if
           :: line[l] ?? [eval(CASE(me, c))] -> line[l] ?? eval(CASE(me, c))
           :: else
           fi;
#ifdef BROKEN_NO_ADMIT
           k = NONE
#else
           first(SENDERS(c))
#endif
       }
       admit(c);
       atomic { unlock(c); won = false }
       wake()
    :: else
    fi
}

/* Sleep until done, or if `timed` until the deadline: then served is false. */
inline sleep_until(timed)
{
    served = true;
    do
    :: done[me] -> break
#ifdef BROKEN_NO_MUTEX
    :: !done[me] -> asleep[me] = true;
#else
    :: atomic { !done[me] -> asleep[me] = true }
#endif
       if
       :: !asleep[me]
       :: atomic {
              timed && deadlines_left > 0 ->
              deadlines_left--;
              asleep[me] = false;
              served = false;
              break
          }
       fi
    od
}

inline call_begins()
{
    atomic {
        alive[me] = true;
        claimed[me] = false;
        done[me] = false;
        taken[me] = NONE;
        decided = false
    }
}

/* The middle of chan_wait, between standing in line and leaving it. */
inline wait()
{
    sleep_until(true);
    if
    :: !served ->
#ifndef BROKEN_LATE_DEADLINE
       atomic { claim(me) }
       if
       :: !won -> sleep_until(false)
       :: else
       fi
#else
       skip
#endif
    :: else
    fi
}

/* rc: how the call ended; at: the channel of the case that was taken. */
inline call_ends()
{
    atomic {
        if
        :: taken[me] == NONE -> rc = TIMEDOUT
        :: else -> rc = result[taken[me]]; at = taken[me] % CHANNELS
        fi;
        alive[me] = false;
        won = false;
        decided = false;
        served = false
    }
}

/* chan_send on channel 0 */
proctype plain_sender(byte me)
{
    CALLER_LOCALS;
    byte e = 1;

    do
    :: e <= PLAIN_ELEMS ->
       atomic { lock(0); first(RECEIVERS(0)) }
       put(0, e);
       atomic { unlock(0); won = false }
       wake();
       if
       :: rc == AGAIN ->
          call_begins();
          enrol_send(0, e);
          wait();
          withdraw(SENDERS(0), 0);
          call_ends()
       :: else
       fi;
       atomic { sent[e] = (rc == OK); rc = 0; at = 0; e++ }
    :: else -> break
    od;
    senders_left--
}

/* chan_select with a send case on either channel */
proctype select_sender(byte me)
{
    CALLER_LOCALS;
    byte e = PLAIN_ELEMS + 1;

    do
    :: e <= ELEMS ->
       call_begins();
       if
       :: first_case = 0
       :: first_case = 1
       fi;
       enrol_send(first_case, e);
       if
       :: !decided -> enrol_send(1 - first_case, e)
       :: else
       fi;
       wait();
       withdraw(SENDERS(0), 0);
       withdraw(SENDERS(1), 1);
       call_ends();
       atomic { sent[e] = (rc == OK); rc = 0; at = 0; e++ }
    :: else -> break
    od;
    senders_left--
}

inline book(e_)
{
    arrived[e_]++;
    assert(arrived[e_] == 1)
}

/* chan_recv on channel 0 until it is closed and empty */
proctype plain_receiver(byte me)
{
    CALLER_LOCALS;
    byte e;

    do
    :: atomic { lock(0) }
       take(0, e);
       atomic { unlock(0); won = false }
       wake();
       if
       :: rc == AGAIN ->
          call_begins();
          enrol_recv(0);
          wait();
          withdraw(RECEIVERS(0), 0);
          call_ends();
          e = elem[CASE(me, 0)]
       :: else
       fi;
       if
       :: atomic { rc == OK -> book(e); e = 0; rc = 0 }
       :: rc == CLOSED -> break
       :: rc == TIMEDOUT
       fi
    od;
    assert(closed[0] && len(ring[0]) == 0)
}

/* chan_select with a receive case on either channel until both are closed and empty */
proctype select_receiver(byte me)
{
    CALLER_LOCALS;
    bool ended[CHANNELS];

    do
    :: !ended[0] || !ended[1] ->
       call_begins();
       if
       :: !ended[0] -> first_case = 0
       :: !ended[1] -> first_case = 1
       fi;
       enrol_recv(first_case);
       if
       :: !decided && !ended[1 - first_case] -> enrol_recv(1 - first_case)
       :: else
       fi;
       wait();
       withdraw(RECEIVERS(0), 0);
       withdraw(RECEIVERS(1), 1);
       call_ends();
       atomic {
           if
           :: rc == OK -> book(elem[CASE(me, at)])
           :: rc == CLOSED -> assert(closed[at] && len(ring[at]) == 0); ended[at] = true
           :: else
           fi;
           rc = 0;
           at = 0
       }
    :: else -> break
    od
}

/* Callers have done first(l). */
inline refuse(l)
{
    do
    :: atomic {
           k != NONE ->
           claim(WAITER_OF(k));
           if
           :: won -> line[l] ?? eval(k); serve(k, CLOSED)
           :: else
           fi;
#ifdef BROKEN_CLOSE_ONE
           k = NONE
#else
           first(l)
#endif
       }
    :: else -> break
    od
}

inline close(c)
{
    atomic { lock(c); closed[c] = true; first(SENDERS(c)) }
    refuse(SENDERS(c));
    atomic { first(RECEIVERS(c)) }
    refuse(RECEIVERS(c));
    atomic { unlock(c); won = false }
    wake()
}

proctype closer()
{
    LOCALS;

    if
    :: true
    :: senders_left == 0
    fi;
    close(0);
    close(1)
}

init
{
    byte e = 1;

    atomic {
        run plain_sender(0);
        run select_sender(1);
        run plain_receiver(2);
        run select_receiver(3);
        run closer()
    }
    atomic {
        _nr_pr == 1 ->
        do
        :: e <= ELEMS -> assert(arrived[e] == (sent[e] -> 1 : 0)); e++
        :: else -> break
        od;
        assert(len(ring[0]) == 0 && len(ring[1]) == 0)
    }
}
