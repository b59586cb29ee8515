#include "cutter.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct pipe_ends {
    cutter *c;
    int here, there;
} pipe_ends;

static int join_to(const char *path) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    memcpy(a.sun_path, path, strlen(path));
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0) return fd;
    close(fd);
    return -1;
}

static void *back(void *p) {
    pipe_ends *e = p;
    char b[65536];
    ssize_t n;
    while ((n = read(e->there, b, sizeof b)) > 0)
        if (send(e->here, b, (size_t)n, MSG_NOSIGNAL) != n) break;
    shutdown(e->here, SHUT_RDWR);
    return NULL;
}

static void *forth(void *p) {
    pipe_ends *e = p;
    pthread_t t;
    char b[65536];
    ssize_t n;
    if (pthread_create(&t, NULL, back, e)) abort();
    while ((n = read(e->here, b, sizeof b)) > 0) {
        bool cut = atomic_fetch_sub(&e->c->left, 1) == 1;
        if (cut && !atomic_load(&e->c->after)) break;
        if (cut) shutdown(e->here, SHUT_RDWR); /* the answer finds nobody */
        if (send(e->there, b, (size_t)n, MSG_NOSIGNAL) != n || cut) break;
    }
    shutdown(e->here, SHUT_RDWR);
    shutdown(e->there, SHUT_WR);
    pthread_join(t, NULL);
    close(e->here);
    close(e->there);
    free(e);
    return NULL;
}

static void *accept_all(void *p) {
    cutter *c = p;
    int fd;
    while ((fd = accept(c->listener, NULL, NULL)) >= 0) {
        pipe_ends *e = malloc(sizeof *e);
        pthread_t t;
        if (!e) abort();
        *e = (pipe_ends){c, fd, join_to(c->to)};
        if (e->there < 0) { /* nobody there */
            close(fd);
            free(e);
            continue;
        }
        if (pthread_create(&t, NULL, forth, e)) abort();
        pthread_detach(t);
    }
    return NULL;
}

static int listen_in(cutter *c, const char *dir) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(c->path, sizeof c->path, "%s/cut", dir);
    if (strlen(c->path) >= sizeof a.sun_path) abort();
    memcpy(a.sun_path, c->path, strlen(c->path));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&a, sizeof a)) abort();
    return fd;
}

static int listen_at_port(cutter *c) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) || getsockname(fd, (struct sockaddr *)&a, &n))
        abort();
    c->port = ntohs(a.sin_port);
    return fd;
}

void cutter_start(cutter *c, const char *dir, const char *to) {
    *c = (cutter){.left = -1};
    snprintf(c->to, sizeof c->to, "%s", to);
    c->listener = dir ? listen_in(c, dir) : listen_at_port(c);
    if (listen(c->listener, 16) || pthread_create(&c->thread, NULL, accept_all, c)) abort();
}

void cutter_end(cutter *c) {
    shutdown(c->listener, SHUT_RDWR);
    pthread_join(c->thread, NULL);
    close(c->listener);
    if (c->path[0]) unlink(c->path);
}
