#include "rest_server.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "redis_server.h"

struct rest_server {
    pid_t pid;
    int port;
};

/* The first line that it prints; empty when it ended instead. */
static void read_line(int fd, char *line, size_t size) {
    size_t n = 0;
    while (n + 1 < size && read(fd, line + n, 1) == 1 && line[n] != '\n') n++;
    line[n] = 0;
}

rest_server *rest_server_start(const char *redis_socket, const char *const *options) {
    rest_server *s = calloc(1, sizeof *s);
    const char *argv[24] = {"python3", "-B", "tests/support/upstash.py", "--redis", redis_socket};
    char line[200];
    int out[2];
    for (size_t n = 5; options && *options && n < 23; n++) argv[n] = *options++;
    if (!s || pipe(out)) abort();
    s->pid = fork();
    if (s->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(out[1], 1);
        close(out[0]);
        close(out[1]);
        execvp(argv[0], (char *const *)(void *)argv);
        _exit(127);
    }
    close(out[1]);
    read_line(out[0], line, sizeof line);
    close(out[0]);
    s->port = atoi(line); // NOLINT(cert-err34-c)
    if (s->pid > 0 && *line) return s;
    rest_server_end(s);
    return NULL;
}

void rest_server_end(rest_server *s) {
    if (!s) return;
    if (s->pid > 0) {
        kill(s->pid, SIGKILL);
        waitpid(s->pid, NULL, 0);
    }
    free(s);
}

int rest_server_port(const rest_server *s) { return s->port; }

static rest_server *shared;
static char url[80];

static void end_shared(void) { rest_server_end(shared); }

const char *rest_server_url(void) {
    if (!shared && redis_server_url()) {
        shared = rest_server_start(redis_server_socket(redis_server_shared()), NULL);
        if (!shared) abort();
        atexit(end_shared);
        snprintf(url, sizeof url, "http://:" REST_TOKEN "@127.0.0.1:%d", shared->port);
    }
    return shared ? url : NULL;
}
