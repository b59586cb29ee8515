/* The fix loop in one process: a store, the real git over a repository on disk, the runner without a sandbox, and a toy
 * forge that does what a test says at the moment it says. The clock stands still until a test moves it. */
#ifndef FIX_FIXTURE_H
#define FIX_FIXTURE_H

#include "app/fix.h"
#include "app_fixture.h"
#include "git_fixture.h"

enum { TOY_MOST = 8, TOY_BODY = 8192 };

typedef struct toy_pull {
    sc_forge_state state;
    char branch[200], body[TOY_BODY];
} toy_pull;

typedef struct fix_fixture {
    app_fixture app;
    git_fixture git;
    sc_forge forge;
    sc_runner_ops runner;
    sc_err err;
    /* The forge's; guarded by the lock while something runs. */
    pthread_mutex_t lock;
    toy_pull pulls[TOY_MOST];
    size_t n_pulls;
    char issues[TOY_MOST][TOY_BODY];
    size_t n_issues;
    char comments[TOY_MOST][200]; /* of every pull request; each by somebody who may write */
    size_t n_comments;
    /* Once: when a pull request or an issue is there, and before that is answered; what the answer is then. */
    sc_rc (*made)(struct fix_fixture *f, const sc_forge_call *c, sc_err *err);
    _Atomic bool down; /* nothing can be looked for */
} fix_fixture;

/* `settings`: members of a project's fix settings besides where the repository is, as JSON without braces. */
void fix_fixture_open(fix_fixture *f, const char *settings);
void fix_fixture_close(fix_fixture *f);
void fix_settings(fix_fixture *f, const char *settings);
/* Stops and opens again, as after SIGTERM. */
void fix_restart(fix_fixture *f);

/* An issue of one report. */
sc_id fix_issue(fix_fixture *f, const char *title);
/* Asks for a fix. */
sc_id fix_start(fix_fixture *f, const sc_id *issue);
sc_fix fix_get(fix_fixture *f, const sc_id *id);
/* The fix, once it is over. */
sc_fix fix_ended(fix_fixture *f, const sc_id *id);
/* The fix, once it is at that step. */
void fix_at(fix_fixture *f, const sc_id *id, sc_fix_step step);
/* Stores a change of an ended one. */
void fix_keep(fix_fixture *f, const sc_fix *fix);

#define fix_ok(f, call)                                                       \
    do {                                                                      \
        sc_rc rc_ = (call);                                                   \
        if (rc_) fail_msg("%s: %s %s", #call, sc_rc_name(rc_), (f)->err.msg); \
    } while (0)

#endif
