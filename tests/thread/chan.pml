/* The algorithm of src/thread/chan_core.c (here chan_core.pml) and chan_wait.c in Promela, checked
 * by check_model.sh.
 *
 * Two channels, a plain sender, a sender that selects, a plain receiver, a receiver that selects,
 * and a process that closes both channels at any moment or once the senders are through. A
 * blocking call may run into its deadline; how often is bounded, so that every run is finite.
 *
 * Names follow the C: put, take, admit, refuse, first, claim, serve, enrol, withdraw, wake.
 *
 * What is one step here: under a channel's lock the only thing that others can see or change is
 * the `claimed` flag of waiters. So the steps are cut between reading such a flag and claiming the
 * waiter, and between the release of the lock and the wake-up, and nowhere else. What C does under
 * a waiter's mutex is one step.
 *
 * Checked:
 *   - no element is lost or duplicated, and a failed send leaves its element with the sender
 *   - whenever a lock is released, the first in line cannot proceed
 *   - a closed channel drains, then ends
 *   - nobody touches a waiter that has returned from its call
 *   - every process terminates: no state without a successor but the end, and no cycle
 *
 * Defining one of these puts a defect in, which the check must find:
 *   BROKEN_NO_CLAIM       two channels serve one select
 *   BROKEN_NO_ADMIT       a sender that gives up does not let those behind it in
 *   BROKEN_CLOSE_ONE      close lets only the first in line go
 *   BROKEN_NO_MUTEX       a waiter looks at `done` and goes to sleep without its mutex
 *   BROKEN_LATE_DEADLINE  a call leaves at its deadline without claiming itself
 *
 * Sizes: PLAIN_ELEMS, SELECT_ELEMS; IMPATIENT, whose bit w lets one call of process w time out;
 * LATE_CLOSE, no close before the senders are through; NO_PLAIN_RECEIVER; WEIGHTS, channels bounded
 * in weight besides, and the plain sender's first element as heavy as they allow. */
#include "chan_core.pml"

/* Every process that may block has these, too. */
#define CALLER_LOCALS                                                                              \
    LOCALS;                                                                                        \
    byte first_case, at, deadlines_left = (IMPATIENT >> me) & 1;                                   \
    bool decided, served

/* A call begins as it first stands in line. */
inline call_begins()
{
    if
    :: !alive[me] -> alive[me] = true; taken[me] = NONE
    :: else
    fi
}

/* rc: how the call ended; at: the channel of the case that was taken. Nothing of it remains. */
inline call_ends()
{
    if
    :: taken[me] == NONE -> rc = TIMEDOUT
    :: else -> rc = result[taken[me]]; at = taken[me] % CHANNELS
    fi;
    alive[me] = false;
    claimed[me] = false;
    done[me] = false;
    taken[me] = 0;
    result[CASE(me, 0)] = 0;
    result[CASE(me, 1)] = 0;
    decided = false;
    first_case = 0
}

/* Stand in line for a case, or proceed with it. decided: the other cases need not be tried. */
inline enrol_send(c, e_)
{
    atomic {
        lock(c);
        call_begins();
        first(SENDERS(c));
        decided = (closed[c] || (k == NONE && FITS(c, e_)));
        won = false;
        if
        :: decided -> claim(me)
        :: else -> elem[CASE(me, c)] = e_; line[SENDERS(c)] ! CASE(me, c)
        fi;
        more = false;
        if
        :: won -> put_or_find_receiver(c, e_)
        :: else
        fi;
        if
        :: won && !more -> serve_self(c)
        :: else
        fi;
        if
        :: !more -> unlock(c)
        :: else
        fi
    }
    do
    :: atomic {
           more ->
           put_to_receiver(c, e_);
           if
           :: !more -> serve_self(c); unlock(c)
           :: else
           fi
       }
    :: !more -> break
    od;
    wake()
}

inline enrol_recv(c)
{
    atomic {
        lock(c);
        call_begins();
        decided = (closed[c] || len(ring[c]) > 0);
        won = false;
        more = false;
        if
        :: decided -> claim(me)
        :: else -> line[RECEIVERS(c)] ! CASE(me, c)
        fi;
        if
        :: won -> take(c, elem[CASE(me, c)]); serve_self(c)
        :: else
        fi;
        if
        :: !more -> unlock(c)
        :: else
        fi
    }
    admit_rest(c)
}

/* Leave the line. A case that was never tried is in none. */
inline withdraw(l, c)
{
    atomic {
        more = false;
        if
        :: taken[me] != CASE(me, c) ->
           lock(c);
           if
           :: line[l] ?? [eval(CASE(me, c))] ->
              line[l] ?? eval(CASE(me, c));
#ifndef BROKEN_NO_ADMIT
              next_to_admit(c)
#endif
           :: else
           fi;
           if
           :: !more -> unlock(c)
           :: else
           fi
        :: else
        fi;
    }
    admit_rest(c)
}

/* Sleep until done, or if `timed` until the deadline: then served is false. */
inline sleep_until(timed)
{
    do
    :: atomic { done[me] -> served = true; break }
#ifdef BROKEN_NO_MUTEX
    :: !done[me] -> asleep[me] = true;
#else
    :: atomic { !done[me] -> asleep[me] = true }
#endif
       if
       :: atomic { !asleep[me] -> assert(done[me]); served = true; break }
       :: atomic {
              timed && deadlines_left > 0 ->
              deadlines_left--;
              asleep[me] = false;
              break
          }
       fi
    od
}

/* The middle of chan_wait, between standing in line and leaving it. */
inline wait()
{
    sleep_until(true);
#ifndef BROKEN_LATE_DEADLINE
    if
    :: !served ->
       atomic { claim(me); served = won; won = false }
       if
       :: !served -> sleep_until(false)
       :: else
       fi
    :: else
    fi;
#endif
    served = false
}

/* chan_send on channel 0 */
proctype plain_sender(byte me)
{
    CALLER_LOCALS;
    byte e = 1;

    do
    :: e <= PLAIN_ELEMS ->
       atomic {
           lock(0);
           put_or_find_receiver(0, e);
           if
           :: !more -> unlock(0)
           :: else
           fi
       }
       do
       :: atomic {
              more ->
              put_to_receiver(0, e);
              if
              :: !more -> unlock(0)
              :: else
              fi
          }
       :: !more -> break
       od;
       wake();
       if
       :: rc == AGAIN ->
          enrol_send(0, e);
          wait();
          withdraw(SENDERS(0), 0);
          atomic { call_ends() }
       :: else
       fi;
       atomic {
           sent[e] = (rc == OK);
           elem[CASE(me, 0)] = 0;
           rc = 0;
           at = 0;
           e++
       }
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
       atomic {
           call_ends();
           sent[e] = (rc == OK);
           elem[CASE(me, 0)] = 0;
           elem[CASE(me, 1)] = 0;
           rc = 0;
           at = 0;
           e++
       }
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
    :: atomic {
           lock(0);
           take(0, e);
           if
           :: !more -> unlock(0)
           :: else
           fi
       }
       admit_rest(0);
       if
       :: rc == AGAIN ->
          enrol_recv(0);
          wait();
          withdraw(RECEIVERS(0), 0);
          atomic { call_ends(); e = elem[CASE(me, 0)]; elem[CASE(me, 0)] = 0 }
       :: else
       fi;
       if
       :: atomic { rc == OK -> book(e); e = 0; rc = 0; at = 0 }
       :: rc == TIMEDOUT
       :: rc == CLOSED -> break
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
       atomic {
           call_ends();
           if
           :: rc == OK -> book(elem[CASE(me, at)])
           :: rc == CLOSED -> assert(closed[at] && len(ring[at]) == 0); ended[at] = true
           :: else
           fi;
           elem[CASE(me, 0)] = 0;
           elem[CASE(me, 1)] = 0;
           rc = 0;
           at = 0
       }
    :: else -> break
    od
}

proctype closer()
{
    LOCALS;
    byte l;

    if
#ifndef LATE_CLOSE
    :: true
#endif
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
#ifndef NO_PLAIN_RECEIVER
        run plain_receiver(2);
#endif
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
