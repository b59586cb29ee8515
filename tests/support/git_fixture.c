#include "git_fixture.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "proc/proc.h"

void git_fixture_init(git_fixture *f) {
    *f = (git_fixture){.server = 0};
    snprintf(f->dir, sizeof f->dir, "/tmp/sc-git-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->home, sizeof f->home, "%s/home", f->dir);
    snprintf(f->mirror, sizeof f->mirror, "%s/mirror", f->dir);
    snprintf(f->origin, sizeof f->origin, "%s/origin.git", f->dir);
    snprintf(f->work, sizeof f->work, "%s/work", f->dir);
    assert_int_equal(mkdir(f->home, 0700), 0);
    sc_arena_init(&f->arena, 8 << 20);
    assert_int_equal(sc_proc_find("git", f->program, sizeof f->program, &f->err), SC_OK);
    f->git = (sc_git){.program = f->program, .home = f->home, .timeout_ms = 60000};
    static const char *const env[][2] = {
        {"GIT_CONFIG_NOSYSTEM", "1"},       {"GIT_CONFIG_GLOBAL", "/dev/null"},
        {"GIT_AUTHOR_NAME", "A"},           {"GIT_AUTHOR_EMAIL", "a@example.org"},
        {"GIT_COMMITTER_NAME", "C"},        {"GIT_COMMITTER_EMAIL", "c@example.org"},
        {"GIT_AUTHOR_DATE", "@1700000000"}, {"GIT_COMMITTER_DATE", "@1700000000"},
    };
    for (size_t i = 0; i < SC_LEN(env); i++) setenv(env[i][0], env[i][1], 1);
}

void git_fixture_done(git_fixture *f) {
    if (f->server) {
        kill(f->server, SIGKILL);
        waitpid(f->server, NULL, 0);
    }
    sc_arena_done(&f->arena);
    char command[512];
    snprintf(command, sizeof command, "chmod -R u+rwx '%s'; rm -rf '%s'", f->dir, f->dir);
    assert_int_equal(system(command), 0);
}

static char *command_of(const git_fixture *f, const char *fmt, va_list ap) {
    char *tail = NULL, *whole = NULL;
    if (vasprintf(&tail, fmt, ap) < 0 || asprintf(&whole, "cd '%s' && %s", f->dir, tail) < 0)
        abort();
    free(tail);
    return whole;
}

void git_sh(git_fixture *f, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    char *command = command_of(f, fmt, ap);
    va_end(ap);
    if (system(command)) fail_msg("%s", command);
    free(command);
}

const char *git_says(git_fixture *f, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    char *command = command_of(f, fmt, ap), text[65536];
    va_end(ap);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    size_t n = fread(text, 1, sizeof text - 1, p);
    if (pclose(p)) fail_msg("%s", command);
    free(command);
    while (n && text[n - 1] == '\n') n--;
    const char *copy = sc_arena_copy(&f->arena, text, n);
    assert_non_null(copy);
    return copy;
}

void git_origin(git_fixture *f) {
    git_sh(f,
           "git init -q --bare -b main origin.git && git clone -q origin.git seed 2>/dev/null && "
           "cd seed && git checkout -q -b main && printf 'one\\ntwo\\n' >a.txt && mkdir dir && "
           "echo b >dir/b.txt && printf '#!/bin/sh\\n' >run.sh && chmod +x run.sh && "
           "ln -s a.txt link && git add -A && git commit -q -m first && "
           "git push -q origin main");
}

sc_git_remote git_on_disk(git_fixture *f) {
    const char *url = sc_arena_printf(&f->arena, "file://%s", f->origin);
    return (sc_git_remote){.url = sc_str_of(url), .may_be_file = true};
}

pid_t git_start(const char *const *argv, const char *line, char url[64]) {
    int in[2], out[2];
    assert_true(pipe(in) == 0 && pipe(out) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        for (int fd = 3; fd < 64; fd++) close(fd);
        execvp(argv[0], (char *const *)argv);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    dprintf(in[1], "%s\n", line);
    close(in[1]);
    size_t n = 0;
    for (ssize_t got; n < 63 && !memchr(url, '\n', n); n += (size_t)got)
        if ((got = read(out[0], url + n, 63 - n)) <= 0) break;
    close(out[0]);
    url[n] = 0;
    char *end = strchr(url, '\n');
    assert_non_null(end);
    *end = 0;
    return pid;
}

void git_serve(git_fixture *f, const char *token) {
    const char *const argv[] = {"python3", "tests/support/git_http.py", f->dir, NULL};
    f->server = git_start(argv, token, f->url);
}
