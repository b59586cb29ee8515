/* How much of libmicrohttpd's own speed the HTTP server keeps: one tiny reply, three ways.
 *
 *   http_floor bare|now|later [THREADS]
 *
 * bare: libmicrohttpd alone; now: our server, replying in `done`; later: our server, the reply coming
 * from one other thread. Prints the URL and serves until stdin ends; bench/http_floor.sh drives it. */
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/http_server.h"

#define HELLO "{\"status\":\"ok\"}"

enum { QUEUE = 4096 };

/* The requests that wait for the other thread. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t more;
    sc_http_request *r[QUEUE];
    size_t n;
    bool stop;
} waiting = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};

static void say_hello(sc_http_request *r) {
    sc_http_reply(r, 200, "application/json", SC_STR(HELLO));
}

static void nothing(void *self, sc_http_request *r) { (void)self, (void)r; }
static void reply_now(void *self, sc_http_request *r) {
    (void)self;
    say_hello(r);
}
static void reply_later(void *self, sc_http_request *r) {
    (void)self;
    pthread_mutex_lock(&waiting.lock);
    if (waiting.n == QUEUE) abort();
    waiting.r[waiting.n++] = r;
    pthread_cond_signal(&waiting.more);
    pthread_mutex_unlock(&waiting.lock);
}
static void on_error(void *self, sc_http_request *r, const sc_err *err) {
    (void)self;
    sc_http_reply(r, sc_rc_http(err->rc), "text/plain", sc_str_of(err->msg));
}

static void *replier(void *arg) {
    (void)arg;
    sc_http_request *batch[QUEUE];
    for (;;) {
        pthread_mutex_lock(&waiting.lock);
        while (!waiting.n && !waiting.stop) pthread_cond_wait(&waiting.more, &waiting.lock);
        size_t n = waiting.n;
        memcpy(batch, waiting.r, n * sizeof *batch);
        waiting.n = 0;
        pthread_mutex_unlock(&waiting.lock);
        if (!n) return NULL;
        for (size_t i = 0; i < n; i++) say_hello(batch[i]);
    }
}

static enum MHD_Result bare(void *cls, struct MHD_Connection *c, const char *url,
                            const char *method, const char *version, const char *data, size_t *size,
                            void **state) {
    (void)cls, (void)url, (void)method, (void)version, (void)data, (void)size;
    static int seen;
    if (!*state) {
        *state = &seen;
        return MHD_YES;
    }
    struct MHD_Response *r = MHD_create_response_from_buffer(
        sizeof HELLO - 1, (void *)(uintptr_t)HELLO, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(r, "Content-Type", "application/json");
    enum MHD_Result ok = MHD_queue_response(c, 200, r);
    MHD_destroy_response(r);
    return ok;
}

static void wait_for_end_of_input(void) {
    char c;
    while (read(0, &c, 1) > 0) {
    }
}

static int run_bare(unsigned threads) {
    struct MHD_Daemon *d =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, bare, NULL,
                         MHD_OPTION_THREAD_POOL_SIZE, threads, MHD_OPTION_END);
    if (!d) return 1;
    printf("http://127.0.0.1:%u\n", MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    wait_for_end_of_input();
    MHD_stop_daemon(d);
    return 0;
}

static int run_ours(bool later, unsigned threads) {
    sc_http_handler h = {.head = nothing,
                         .done = later ? reply_later : reply_now,
                         .closed = nothing,
                         .error = on_error};
    sc_http_conf conf;
    sc_http_server *s = NULL;
    sc_err err;
    pthread_t t;
    sc_http_conf_default(&conf);
    conf.listen = "127.0.0.1:0";
    conf.threads = threads;
    conf.max_connections_per_address = 0;
    if (sc_http_server_open(&conf, &h, &s, &err)) {
        fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    if (later && pthread_create(&t, NULL, replier, NULL)) return 1;
    printf("%s\n", sc_http_server_url(s));
    fflush(stdout);
    wait_for_end_of_input();
    sc_http_server_drain(s, 1000);
    sc_http_server_close(s);
    if (later) {
        pthread_mutex_lock(&waiting.lock);
        waiting.stop = true;
        pthread_cond_signal(&waiting.more);
        pthread_mutex_unlock(&waiting.lock);
        pthread_join(t, NULL);
    }
    return 0;
}

int main(int argc, char **argv) {
    int64_t threads = 2;
    if (argc < 2 || (argc > 2 && sc_num_i64(sc_str_of(argv[2]), 1, 64, &threads, NULL))) {
        fprintf(stderr, "usage: http_floor bare|now|later [THREADS]\n");
        return 2;
    }
    bool is_bare = !strcmp(argv[1], "bare");
    return is_bare ? run_bare((unsigned)threads)
                   : run_ours(!strcmp(argv[1], "later"), (unsigned)threads);
}
