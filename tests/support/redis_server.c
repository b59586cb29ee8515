#include "redis_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_OPTIONS = 24, WORD = 160 };

struct redis_server {
    char dir[128], socket[160], words[MOST_OPTIONS][WORD];
    size_t n;
    pid_t pid;
};

/* Answers, or has ended. It is asked again whenever the kernel had time for something else. */
static bool ready(redis_server *s) {
    for (int i = 0; i < 4000; i++) {
        redisContext *c = redisConnectUnix(s->socket);
        redisReply *r = c && !c->err ? redisCommand(c, "PING") : NULL;
        bool up = r && (r->type == REDIS_REPLY_STATUS || !strncmp(r->str, "NOAUTH", 6));
        if (r) freeReplyObject(r);
        if (c) redisFree(c);
        if (up) return true;
        if (waitpid(s->pid, NULL, WNOHANG) == s->pid) {
            s->pid = 0;
            return false;
        }
        usleep(5000);
    }
    return false;
}

bool redis_server_again(redis_server *s) {
    s->pid = fork();
    if (s->pid < 0) return false;
    if (s->pid == 0) {
        char *argv[MOST_OPTIONS + 24] = {"redis-server",
                                         "--port",
                                         "0",
                                         "--unixsocket",
                                         s->socket,
                                         "--dir",
                                         s->dir,
                                         "--save",
                                         "",
                                         "--appendonly",
                                         "yes",
                                         "--appendfsync",
                                         "always",
                                         "--maxmemory-policy",
                                         "noeviction"};
        size_t at = 15;
        for (size_t i = 0; i < s->n; i++) argv[at++] = s->words[i];
        int null = open("/dev/null", O_RDWR);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(null, 0);
        dup2(null, 1);
        execvp(argv[0], argv);
        _exit(127);
    }
    return ready(s);
}

redis_server *redis_server_start(const char *const *options) {
    const char *root = getenv("TMPDIR");
    redis_server *s = calloc(1, sizeof *s);
    if (!s) abort();
    if (!root) root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(s->dir, sizeof s->dir, "%s/sc-redis-XXXXXX", root);
    if (!mkdtemp(s->dir)) abort();
    snprintf(s->socket, sizeof s->socket, "%s/s", s->dir);
    for (; options && options[s->n] && s->n < MOST_OPTIONS; s->n++)
        snprintf(s->words[s->n], WORD, "%s", options[s->n]);
    if (redis_server_again(s)) return s;
    redis_server_end(s);
    return NULL;
}

void redis_server_kill(redis_server *s) {
    if (s->pid <= 0) return;
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
    s->pid = 0;
}

static void remove_all(const char *dir) {
    pid_t pid = fork();
    if (pid == 0) {
        execlp("rm", "rm", "-rf", dir, (char *)NULL);
        _exit(127);
    }
    if (pid > 0) waitpid(pid, NULL, 0);
}

void redis_server_end(redis_server *s) {
    if (!s) return;
    redis_server_kill(s);
    remove_all(s->dir);
    free(s);
}

const char *redis_server_dir(const redis_server *s) { return s->dir; }
const char *redis_server_socket(const redis_server *s) { return s->socket; }

static redisReply *said(redis_server *s, int n, const char *const *words) {
    redisContext *c = redisConnectUnix(s->socket);
    redisReply *r =
        c && !c->err ? redisCommandArgv(c, n, (const char **)(uintptr_t)words, NULL) : NULL;
    if (c) redisFree(c);
    return r;
}

long long redis_server_say(redis_server *s, int n, const char *const *words) {
    redisReply *r = said(s, n, words);
    long long v = -1;
    if (r && r->type != REDIS_REPLY_ERROR) v = r->type == REDIS_REPLY_INTEGER ? r->integer : 0;
    if (r) freeReplyObject(r);
    return v;
}

bool redis_server_ask(redis_server *s, int n, const char *const *words, char *ret, size_t size) {
    redisReply *r = said(s, n, words);
    bool ok = r && r->type != REDIS_REPLY_ERROR;
    bool text = ok && (r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS);
    snprintf(ret, size, "%s", text ? r->str : "");
    if (r) freeReplyObject(r);
    return ok;
}

/* Below those that the kernel gives to whoever asks for any: nobody's connection takes it before it is used. */
int redis_free_port(void) {
    enum { LOWEST = 15000, N = 15000, TRIES = 1000 };
    for (int i = 0; i < TRIES; i++) {
        uint32_t random;
        if (getrandom(&random, sizeof random, 0) != sizeof random) abort();
        const int fd = socket(AF_INET, SOCK_STREAM, 0);
        const int port = LOWEST + (int)(random % N);
        struct sockaddr_in a = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons((uint16_t)port)};
        if (fd < 0) abort();
        const bool mine = !bind(fd, (struct sockaddr *)&a, sizeof a);
        close(fd);
        if (mine) return port;
    }
    abort();
}

/* ---- The shared one ------------------------------------------------------------------------------ */

static redis_server *shared;
static bool tried;
static char url[200];

static void end_shared(void) { redis_server_end(shared); }

const char *redis_server_url(void) {
    if (!tried) {
        tried = true;
        shared = redis_server_start(NULL);
        if (!shared) {
            fprintf(stderr, "no redis-server here: the Redis store is left out\n");
            return NULL;
        }
        atexit(end_shared);
        snprintf(url, sizeof url, "unix://%s", shared->socket);
    }
    return shared ? url : NULL;
}

redis_server *redis_server_shared(void) { return shared; }

static redis_server *alone; /* in its cluster */
static char cluster_url[200];

static void end_alone(void) { redis_server_end(alone); }

/* All slots are its own a moment after it was told so. */
static bool rules(redis_server *s) {
    const char *const take[] = {"CLUSTER", "ADDSLOTSRANGE", "0", "16383"}, *const ask[] = {
                                                                               "CLUSTER", "INFO"};
    char text[2000];
    if (redis_server_say(s, 4, take) < 0) return false;
    for (int i = 0; i < 4000; i++) {
        if (redis_server_ask(s, 2, ask, text, sizeof text) && strstr(text, "cluster_state:ok"))
            return true;
        usleep(5000);
    }
    return false;
}

const char *redis_cluster_url(void) {
    if (!alone && redis_server_url()) {
        char port[8], bus[8];
        snprintf(port, sizeof port, "%d", redis_free_port());
        snprintf(bus, sizeof bus, "%d", redis_free_port());
        const char *const options[] = {
            "--port",         port, "--bind", "127.0.0.1", "--cluster-enabled", "yes",
            "--cluster-port", bus,  NULL};
        alone = redis_server_start(options);
        if (!alone || !rules(alone)) abort();
        atexit(end_alone);
        snprintf(cluster_url, sizeof cluster_url, "unix://%s", alone->socket);
    }
    return alone ? cluster_url : NULL;
}

void redis_certificate(const char *key, const char *cert) {
    const char *const words[] = {"openssl",  "req",
                                 "-x509",    "-newkey",
                                 "rsa:2048", "-nodes",
                                 "-days",    "2",
                                 "-subj",    "/CN=localhost",
                                 "-addext",  "subjectAltName=DNS:localhost",
                                 "-keyout",  key,
                                 "-out",     cert,
                                 NULL};
    pid_t pid = fork();
    int status = 1;
    if (pid == 0) {
        if (!freopen("/dev/null", "w", stderr) || !freopen("/dev/null", "w", stdout)) _exit(126);
        execvp(words[0], (char *const *)(uintptr_t)words);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status) abort();
}

static redis_server *secret; /* over TLS */
static char tls_url[64], tls_key[200], tls_cert[200];

static void end_secret(void) { redis_server_end(secret); }

const char *redis_tls_url(void) {
    if (!secret && redis_server_url()) {
        char port[8];
        snprintf(port, sizeof port, "%d", redis_free_port());
        snprintf(tls_key, sizeof tls_key, "%s/k.pem", shared->dir);
        snprintf(tls_cert, sizeof tls_cert, "%s/c.pem", shared->dir);
        redis_certificate(tls_key, tls_cert);
        const char *const options[] = {"--tls-port",
                                       port,
                                       "--tls-cert-file",
                                       tls_cert,
                                       "--tls-key-file",
                                       tls_key,
                                       "--tls-ca-cert-file",
                                       tls_cert,
                                       "--tls-auth-clients",
                                       "no",
                                       "--bind",
                                       "127.0.0.1",
                                       NULL};
        secret = redis_server_start(options);
        if (!secret) abort();
        atexit(end_secret);
        snprintf(tls_url, sizeof tls_url, "rediss://localhost:%s", port);
    }
    return secret ? tls_url : NULL;
}

const char *redis_tls_ca(void) { return tls_cert; }

void redis_server_empty(void) {
    const char *const words[] = {"FLUSHALL"};
    redis_server *const all[] = {shared, alone, secret};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i]) redis_server_say(all[i], 1, words);
}
