/* The part of the model under the channel's lock, after src/thread/chan_core.c. chan.pml has the
 * story. */
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
#define NONE     255

#ifndef IMPATIENT
#define IMPATIENT 15
#endif
#ifndef PLAIN_ELEMS
#define PLAIN_ELEMS 2 /* elements 1 .. PLAIN_ELEMS are the plain sender's */
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
    byte k = NONE, n_woken;                                                                        \
    bool more, won;                                                                                \
    mtype rc;                                                                                      \
    chan woken = [CALLERS] of { byte }

inline lock(c)
{
    !mu[c] -> mu[c] = true
}

/* The two invariants at the head of chan_core.c: the first in line is claimed or cannot proceed. */
inline check_lines(c)
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
    fi
}

inline unlock(c)
{
    check_lines(c);
    k = NONE;
    won = false;
    mu[c] = false
}

/* chan_wake: done and the signal, under each waiter's mutex */
inline wake()
{
    if
    :: atomic {
           n_woken > 0 ->
           do
           :: n_woken > 0 ->
              woken ? k;
              assert(alive[WAITER_OF(k)] && claimed[WAITER_OF(k)]);
              done[WAITER_OF(k)] = true;
              asleep[WAITER_OF(k)] = false;
              n_woken--
           :: else -> break
           od;
           k = NONE
       }
    :: n_woken == 0
    fi
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
    woken ! k_;
    n_woken++
}

/* The call served itself; it need not wait for its own wake-up. */
inline serve_self(c)
{
    result[CASE(me, c)] = rc;
    taken[me] = CASE(me, c);
    done[me] = true;
    rc = 0
}

inline push(c, e_)
{
    ring[c] ! e_;
    weight[c] = weight[c] + WEIGHT_OF(e_)
}

/* Below, `more` says that k was seen unclaimed and remains to be claimed: the step ends there. */

inline next_to_admit(c)
{
    first(SENDERS(c));
    more = (k != NONE && FITS(c, elem[k]))
}

inline admit_one(c)
{
    claim(WAITER_OF(k));
    if
    :: won -> line[SENDERS(c)] ?? eval(k); push(c, elem[k]); serve(k, OK)
    :: else
    fi;
    next_to_admit(c)
}

/* rc, unless more */
inline put_or_find_receiver(c, e_)
{
    first(RECEIVERS(c));
    more = (!closed[c] && k != NONE);
    if
    :: closed[c] -> rc = CLOSED
    :: !closed[c] && !more ->
       first(SENDERS(c));
       if
       :: k == NONE && FITS(c, e_) -> push(c, e_); rc = OK
       :: else -> rc = AGAIN
       fi
    :: else
    fi
}

inline put_to_receiver(c, e_)
{
    claim(WAITER_OF(k));
    if
    :: won ->
       line[RECEIVERS(c)] ?? eval(k);
       elem[k] = e_;
       serve(k, OK);
       rc = OK;
       more = false
    :: else -> put_or_find_receiver(c, e_)
    fi
}

/* rc, and the element in e_ */
inline take(c, e_)
{
    if
    :: len(ring[c]) > 0 ->
       ring[c] ? e_;
       weight[c] = weight[c] - WEIGHT_OF(e_);
       rc = OK;
       next_to_admit(c)
    :: else -> rc = (closed[c] -> CLOSED : AGAIN); more = false
    fi
}

/* What is left to do after take or a sender's leaving, to the release of the lock. */
inline admit_rest(c)
{
    do
    :: atomic {
           more ->
           admit_one(c);
           if
           :: !more -> unlock(c)
           :: else
           fi
       }
    :: !more -> break
    od;
    wake()
}

/* The next in line to end: first the senders, then the receivers. */
inline next_to_refuse(c)
{
    first(l);
    if
    :: k == NONE && l == SENDERS(c) -> l = RECEIVERS(c); first(l)
    :: else
    fi;
    more = (k != NONE);
    if
    :: !more -> unlock(c)
    :: else
    fi
}

inline close(c)
{
    atomic {
        lock(c);
        closed[c] = true;
        l = SENDERS(c);
        next_to_refuse(c)
    }
    do
    :: atomic {
           more ->
           claim(WAITER_OF(k));
           if
           :: won -> line[l] ?? eval(k); serve(k, CLOSED)
           :: else
           fi;
#ifdef BROKEN_CLOSE_ONE
           more = false;
           unlock(c)
#else
           next_to_refuse(c)
#endif
       }
    :: !more -> break
    od;
    wake()
}
