#include "fake_upstream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_ANSWERS = 64, MAX_REQUEST = 1 << 20 };

typedef struct answer {
    fake_manner manner;
    char *bytes;
    size_t n;
} answer;

struct fake_upstream {
    int listener, stop[2];
    char url[64];
    pthread_t thread;
    pthread_mutex_t lock;
    answer queue[MAX_ANSWERS];
    size_t first, n;
    char *request;
    size_t count;
};

static bool send_all(int fd, const char *p, size_t n) {
    while (n) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        p += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* Head and Content-Length bytes; the caller frees. */
static char *read_request(int fd) {
    char *p = calloc(1, MAX_REQUEST + 1);
    size_t n = 0, want = SIZE_MAX;
    while (p && n < MAX_REQUEST && n < want) {
        ssize_t got = recv(fd, p + n, MAX_REQUEST - n, 0);
        if (got <= 0) break;
        n += (size_t)got;
        const char *end = strstr(p, "\r\n\r\n"), *length = strcasestr(p, "\r\nContent-Length:");
        if (end && want == SIZE_MAX)
            want = (size_t)(end + 4 - p) +
                   (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
    }
    return p;
}

/* True when the test ends or the other side has gone. */
static bool given_up(fake_upstream *u, int fd, int ms) {
    struct pollfd p[2] = {{.fd = u->stop[0], .events = POLLIN}, {.fd = fd, .events = POLLIN}};
    poll(p, 2, ms);
    char c;
    return p[0].revents || (p[1].revents && recv(fd, &c, 1, MSG_DONTWAIT) <= 0);
}

static void serve_one(fake_upstream *u, int fd) {
    char *request = read_request(fd);
    answer a = {.manner = FAKE_SLAM};
    pthread_mutex_lock(&u->lock);
    free(u->request);
    u->request = request;
    u->count++;
    if (u->first < u->n) a = u->queue[u->first++];
    pthread_mutex_unlock(&u->lock);
    if (a.manner == FAKE_WHOLE) send_all(fd, a.bytes, a.n);
    if (a.manner == FAKE_CUT) send_all(fd, a.bytes, a.n - a.n / 4);
    if (a.manner == FAKE_HANG)
        while (!given_up(u, fd, 1000)) {
        }
    if (a.manner == FAKE_DRIP)
        for (size_t i = 0; i < a.n && !given_up(u, fd, 5); i++)
            if (!send_all(fd, a.bytes + i, 1)) break;
    close(fd);
}

static void *run(void *arg) {
    fake_upstream *u = arg;
    for (;;) {
        struct pollfd p[2] = {{.fd = u->stop[0], .events = POLLIN},
                              {.fd = u->listener, .events = POLLIN}};
        poll(p, 2, -1);
        if (p[0].revents) return NULL;
        int fd = accept(u->listener, NULL, NULL);
        if (fd >= 0) serve_one(u, fd);
    }
}

fake_upstream *fake_upstream_new(void) {
    fake_upstream *u = calloc(1, sizeof *u);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    if (!u || pipe(u->stop)) abort();
    u->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(u->listener, (struct sockaddr *)&a, n) || listen(u->listener, 16) ||
        getsockname(u->listener, (struct sockaddr *)&a, &n))
        abort();
    snprintf(u->url, sizeof u->url, "http://127.0.0.1:%d", ntohs(a.sin_port));
    pthread_mutex_init(&u->lock, NULL);
    if (pthread_create(&u->thread, NULL, run, u)) abort();
    return u;
}

void fake_upstream_free(fake_upstream *u) {
    if (write(u->stop[1], "", 1) != 1) abort();
    pthread_join(u->thread, NULL);
    for (size_t i = 0; i < u->n; i++) free(u->queue[i].bytes);
    close(u->listener);
    close(u->stop[0]);
    close(u->stop[1]);
    pthread_mutex_destroy(&u->lock);
    free(u->request);
    free(u);
}

const char *fake_upstream_url(const fake_upstream *u) { return u->url; }

void fake_upstream_answer(fake_upstream *u, fake_manner manner, int status, const char *head,
                          const char *body) {
    char *bytes = NULL;
    int n = asprintf(&bytes,
                     "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nConnection: close\r\n"
                     "Content-Length: %zu\r\n%s\r\n%s",
                     status, strlen(body), head, body);
    pthread_mutex_lock(&u->lock);
    if (n < 0 || u->n == MAX_ANSWERS) abort();
    u->queue[u->n++] = (answer){manner, bytes, (size_t)n};
    pthread_mutex_unlock(&u->lock);
}

const char *fake_upstream_request(fake_upstream *u) {
    pthread_mutex_lock(&u->lock);
    const char *r = u->request ? u->request : "";
    pthread_mutex_unlock(&u->lock);
    return r;
}

size_t fake_upstream_count(fake_upstream *u) {
    pthread_mutex_lock(&u->lock);
    size_t n = u->count;
    pthread_mutex_unlock(&u->lock);
    return n;
}
