#include "proxy/lookup.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct lookup {
    int (*resolve)(const char *host, const char *service, const struct addrinfo *hints,
                   struct addrinfo **ret);
    char host[SC_HEAD_MAX_HOST], service[16];
    int done_fd;
    struct addrinfo *_Atomic found; /* set before done_fd is readable */
    _Atomic int holders;
} lookup;

static void let_go(lookup *l) {
    if (atomic_fetch_sub(&l->holders, 1) > 1) return;
    struct addrinfo *left = atomic_load(&l->found);
    if (left) freeaddrinfo(left);
    if (l->done_fd >= 0) close(l->done_fd);
    sc_free(l);
}

static void *run_lookup(void *self) {
    lookup *l = self;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (!l->resolve(l->host, l->service, &hints, &found)) atomic_store(&l->found, found);
    eventfd_write(l->done_fd, 1);
    let_go(l);
    return NULL;
}

static bool start(lookup *l) {
    pthread_t thread;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    bool ok = !pthread_create(&thread, &attr, run_lookup, l);
    pthread_attr_destroy(&attr);
    return ok;
}

struct addrinfo *sc_proxy_lookup(const sc_proxy *p, const char *host, int port) {
    lookup *l = sc_alloc(sizeof *l);
    if (!l) return NULL;
    l->resolve = p->conf.resolve;
    snprintf(l->host, sizeof l->host, "%s", host);
    snprintf(l->service, sizeof l->service, "%d", port);
    l->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    l->holders = 2;
    if (l->done_fd < 0 || !start(l)) {
        l->holders = 1;
        let_go(l);
        return NULL;
    }
    struct pollfd wait[2] = {{.fd = l->done_fd, .events = POLLIN},
                             {.fd = p->stop_fd, .events = POLLIN}};
    int got;
    do got = poll(wait, 2, SC_LOOKUP_MS);
    while (got < 0 && errno == EINTR);
    struct addrinfo *found = NULL;
    if (got > 0 && wait[0].revents) found = atomic_exchange(&l->found, NULL);
    let_go(l);
    return found;
}
