/* A job is one of WORKER_CALLS_MAX places that the loop hands out. It goes to the thread through
 * one channel and comes back through another; neither can be full, as there are no more jobs than
 * room in each. Only the loop touches job->req: the client may go at any time, and then the answer
 * is dropped. */
#include "api/worker.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <stdatomic.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "thread/chan.h"
#include "thread/thread.h"

enum { MAX_ANSWER_BYTES = 32 << 20 };

struct job {
    bool taken;
    struct evhttp_request *req; /* NULL: the client has gone */
    char *body;
    size_t len;
    struct buf out;
    enum rpc_status status;
};

struct worker {
    struct rpc_set set;
    worker_answer *answer;
    void *answer_arg;
    struct chan jobs, done; /* of struct job * */
    struct event *finished;
    struct thread thread;
    atomic_int_fast64_t beat_us;
    struct job places[WORKER_CALLS_MAX];
};

static struct chan_class jobs_class = {
    .name = "rpc_calls",
    .elem_size = sizeof(struct job *),
    .capacity = WORKER_CALLS_MAX,
};

static struct chan_class done_class = {
    .name = "rpc_answers",
    .elem_size = sizeof(struct job *),
    .capacity = WORKER_CALLS_MAX,
};

/* --- thread rpc --- */

static void run(void *arg)
{
    struct worker *w = arg;
    struct job *job;

    while (chan_recv(&w->jobs, &job, CLOCK_NEVER) == 0) {
        int rc;

        atomic_store(&w->beat_us, clock_mono_us());
        job->status = rpc_answer(&job->out, &w->set, job->body, job->len);
        atomic_store(&w->beat_us, clock_mono_us());
        rc = chan_try_send(&w->done, &job);
        if (BUG(rc < 0))
            return;
    }
}

/* --- thread loop --- */

static void on_client_gone(struct evhttp_connection *connection, void *arg)
{
    struct job *job = arg;

    (void)connection;
    /* evhttp may have let go of it already, and then it is ours. */
    if (!evhttp_request_get_connection(job->req))
        evhttp_request_free(job->req);
    job->req = NULL;
}

static void give_back(struct job *job)
{
    mem_free(job->body);
    buf_free(&job->out);
    *job = (struct job){.taken = false};
}

static void on_finished(evutil_socket_t fd, short events, void *arg)
{
    struct worker *w = arg;
    struct job *job;

    (void)fd;
    (void)events;
    while (chan_try_recv(&w->done, &job) == 0) {
        if (job->req) {
            evhttp_connection_set_closecb(evhttp_request_get_connection(job->req), NULL, NULL);
            w->answer(w->answer_arg, job->req, job->status, &job->out);
        }
        give_back(job);
    }
}

static void wake_loop(void *arg)
{
    struct worker *w = arg;

    event_active(w->finished, EV_READ, 0);
}

static struct job *free_place(struct worker *w)
{
    for (unsigned i = 0; i < WORKER_CALLS_MAX; i++)
        if (!w->places[i].taken)
            return &w->places[i];
    return NULL;
}

int worker_submit(struct worker *w, struct evhttp_request *req)
{
    struct evbuffer *body = evhttp_request_get_input_buffer(req);
    struct job *job = free_place(w);
    int rc;

    if (!job)
        return PN_EAGAIN;
    *job = (struct job){.req = req, .len = evbuffer_get_length(body)};
    job->body = mem_alloc(job->len + 1);
    if (!job->body)
        return PN_ENOMEM;
    evbuffer_copyout(body, job->body, job->len);
    buf_init(&job->out, MAX_ANSWER_BYTES);
    rc = chan_try_send(&w->jobs, &job);
    if (rc < 0) {
        give_back(job);
        return rc;
    }
    job->taken = true;
    evhttp_connection_set_closecb(evhttp_request_get_connection(req), on_client_gone, job);
    return 0;
}

int worker_new(struct worker **out, struct event_base *base, const struct rpc_set *set,
               worker_answer *answer, void *arg)
{
    struct worker *w = mem_zalloc(sizeof *w);
    int rc = PN_ENOMEM;

    if (!w)
        return rc;
    w->set = *set;
    w->answer = answer;
    w->answer_arg = arg;
    w->finished = event_new(base, -1, EV_PERSIST, on_finished, w);
    if (!w->finished || chan_class_register(&jobs_class) < 0 ||
        chan_class_register(&done_class) < 0 || chan_init(&w->jobs, &jobs_class) < 0)
        goto no_jobs;
    if (chan_init(&w->done, &done_class) < 0)
        goto no_done;
    chan_set_notify(&w->done, wake_loop, w);
    rc = thread_start(&w->thread, "rpc", ROLE_RPC, run, w);
    if (rc == 0) {
        *out = w;
        return 0;
    }
    chan_destroy(&w->done, NULL);
no_done:
    chan_destroy(&w->jobs, NULL);
no_jobs:
    if (w->finished)
        event_free(w->finished);
    mem_free(w);
    return rc;
}

void worker_stop(struct worker *w)
{
    struct job *job;

    if (!w)
        return;
    chan_close(&w->jobs);
    while (chan_try_recv(&w->jobs, &job) == 0)
        continue; /* its place is given back by worker_free */
    thread_join(&w->thread);
    on_finished(-1, 0, w);
}

void worker_free(struct worker *w)
{
    if (!w)
        return;
    for (unsigned i = 0; i < WORKER_CALLS_MAX; i++)
        give_back(&w->places[i]);
    chan_destroy(&w->done, NULL);
    chan_destroy(&w->jobs, NULL);
    event_free(w->finished);
    mem_free(w);
}

int64_t worker_heartbeat_us(struct worker *w)
{
    return chan_depth(&w->jobs) > 0 ? atomic_load(&w->beat_us) : clock_mono_us();
}
