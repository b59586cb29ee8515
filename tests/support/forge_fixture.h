/* A forge with a repository that has the branches main, fix and other, the latter two with a commit more than main. */
#ifndef FORGE_FIXTURE_H
#define FORGE_FIXTURE_H

#include "forges/conf.h"
#include "git_fixture.h"
#include "ports/forge.h"

#define FORGE_TOKEN "ghp_CANARY0123456789abcdefFORGE"

typedef struct forge_fixture {
    git_fixture git;
    sc_forge_conf conf;
    const sc_forge_ops *ops;
    void *self;
    const char *repo;
    sc_arena arena;
    sc_err err;
    char log[192]; /* the fake GitHub's */
} forge_fixture;

/* "local", or "github": the fake one, tests/support/github_fake.py. */
void forge_fixture_init(forge_fixture *f, const sc_forge_ops *ops);
void forge_fixture_done(forge_fixture *f);
/* A call about f->repo, or another one, with a minute of time. */
sc_forge_call forge_call(forge_fixture *f);
sc_forge_call forge_call_of(forge_fixture *f, const char *repo);
/* A pull request of the branch into main. */
sc_forge_pr_new forge_new(const char *branch);
/* The fake GitHub's own way in: POST /_test/WHAT; its answer. */
const char *forge_tell(forge_fixture *f, const char *what, const char *body);

#endif
