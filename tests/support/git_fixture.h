/* Folders, repositories and a shell for tests of what runs git. One fixture at a time: it sets the environment. */
#ifndef GIT_FIXTURE_H
#define GIT_FIXTURE_H

#include <sys/types.h>

#include "git/git.h"

typedef struct git_fixture {
    char dir[128]; /* everything lies in here */
    char home[160], program[256], mirror[160], origin[160], work[160];
    sc_git git;
    sc_err err;
    sc_arena arena;
    pid_t server;
    char url[64]; /* of the server */
} git_fixture;

/* home/ is there, mirror/, origin.git/ and work/ are not. */
void git_fixture_init(git_fixture *f);
void git_fixture_done(git_fixture *f);
/* A shell command, started in f->dir; the test fails when it does. */
void git_sh(git_fixture *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* What a shell command prints, without the last line end; in the arena. */
const char *git_says(git_fixture *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* origin.git, a bare repository with one commit on main: a.txt, dir/b.txt, run.sh (executable), link -> a.txt. */
void git_origin(git_fixture *f);
/* origin.git as a remote on disk. */
sc_git_remote git_on_disk(git_fixture *f);
/* Starts tests/support/git_http.py over f->dir: basic authentication with this token. f->url is where it is; what it saw is
 * in f->dir/seen. */
void git_serve(git_fixture *f, const char *token);

/* Starts a server that reads a line and prints where it is. */
pid_t git_start(const char *const *argv, const char *line, char url[64]);

#endif
