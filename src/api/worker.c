/* A job is one of WORKER_CALLS_MAX places that the loop hands out. It goes to a thread through one
 * channel and comes back through another; neither can be full, as there are no more jobs than
 * room in each. Only the loop touches job->req: the client may go at any time, and then the answer
 * is dropped. */
#include "api/worker.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>

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
    struct worker_call call;
};

struct worker {
    struct worker_config config;
    struct chan jobs, done; /* of struct job * */
    struct chan quit;
    struct event *finished;
    struct thread threads[WORKER_THREADS_MAX];
    unsigned running;
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

/* --- a worker --- */

static void run(void *arg)
{
    struct worker *w = arg;
    struct job *job;

    while (chan_recv(&w->jobs, &job, CLOCK_NEVER) == 0) {
        int rc;

        w->config.run(w->config.arg, &job->call);
        rc = chan_try_send(&w->done, &job);
        if (BUG(rc < 0))
            return;
    }
}

/* --- thread loop --- */

void worker_request_gone(struct evhttp_request *req)
{
    /* evhttp may have let go of it already, and then it is ours. */
    if (!evhttp_request_get_connection(req))
        evhttp_request_free(req);
}

static void on_client_gone(struct evhttp_connection *connection, void *arg)
{
    struct job *job = arg;

    (void)connection;
    worker_request_gone(job->req);
    job->req = NULL;
}

static void free_subject(const struct worker *w, void *subject)
{
    if (subject && w->config.free)
        w->config.free(subject);
}

static void give_back(const struct worker *w, struct job *job)
{
    free_subject(w, job->call.subject);
    mem_free(job->body);
    buf_free(&job->call.out);
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
            w->config.answer(w->config.arg, job->req, &job->call);
        }
        give_back(w, job);
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

int worker_submit(struct worker *w, struct evhttp_request *req, void *subject, int64_t since_us)
{
    struct evbuffer *body = evhttp_request_get_input_buffer(req);
    size_t len = evbuffer_get_length(body);
    struct job *job = free_place(w);
    int rc;

    if (!job)
        return PN_EAGAIN;
    *job = (struct job){.req = req, .body = mem_alloc(len + 1)};
    if (!job->body)
        return PN_ENOMEM;
    evbuffer_copyout(body, job->body, len);
    job->body[len] = '\0';
    job->call = (struct worker_call){
        .body = job->body, .len = len, .subject = subject, .quit = &w->quit, .since_us = since_us};
    buf_init(&job->call.out, MAX_ANSWER_BYTES);
    job->taken = true;
    rc = chan_try_send(&w->jobs, &job);
    if (rc < 0) {
        job->call.subject = NULL; /* the caller's still */
        give_back(w, job);
        return rc;
    }
    evhttp_connection_set_closecb(evhttp_request_get_connection(req), on_client_gone, job);
    return 0;
}

static int make_channels(struct worker *w)
{
    int rc = chan_class_register(&jobs_class);

    if (rc == 0)
        rc = chan_class_register(&done_class);
    if (rc == 0)
        rc = chan_class_register(&quit_class);
    if (rc == 0)
        rc = chan_init(&w->jobs, &jobs_class);
    if (rc < 0)
        return rc;
    rc = chan_init(&w->done, &done_class);
    if (rc == 0) {
        rc = chan_init(&w->quit, &quit_class);
        if (rc < 0)
            chan_destroy(&w->done, NULL);
    }
    if (rc < 0)
        chan_destroy(&w->jobs, NULL);
    return rc;
}

static int start(struct worker *w)
{
    int rc = 0;

    chan_set_notify(&w->done, wake_loop, w);
    while (rc == 0 && w->running < w->config.threads) {
        rc = thread_start(&w->threads[w->running], w->config.name, ROLE_RPC, run, w);
        w->running += rc == 0;
    }
    return rc;
}

int worker_new(struct worker **out, struct event_base *base, const struct worker_config *config)
{
    struct worker *w = mem_zalloc(sizeof *w);
    int rc;

    assert(config->threads > 0 && config->threads <= WORKER_THREADS_MAX);
    if (!w)
        return PN_ENOMEM;
    w->config = *config;
    w->finished = event_new(base, -1, EV_PERSIST, on_finished, w);
    rc = w->finished ? make_channels(w) : PN_ENOMEM;
    if (rc < 0) {
        if (w->finished)
            event_free(w->finished);
        mem_free(w);
        return rc;
    }
    rc = start(w);
    if (rc < 0) {
        worker_stop(w);
        worker_free(w);
        return rc;
    }
    *out = w;
    return 0;
}

void worker_stop(struct worker *w)
{
    struct job *job;

    if (!w)
        return;
    quit_request(&w->quit);
    chan_close(&w->jobs);
    while (chan_try_recv(&w->jobs, &job) == 0)
        continue; /* its place is given back by worker_free */
    while (w->running > 0)
        thread_join(&w->threads[--w->running]);
    on_finished(-1, 0, w);
}

void worker_free(struct worker *w)
{
    if (!w)
        return;
    for (unsigned i = 0; i < WORKER_CALLS_MAX; i++)
        give_back(w, &w->places[i]);
    chan_destroy(&w->done, NULL);
    chan_destroy(&w->jobs, NULL);
    chan_destroy(&w->quit, NULL);
    event_free(w->finished);
    mem_free(w);
}
