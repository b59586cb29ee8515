#include "forge_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"

static void make_repository(forge_fixture *f) {
    git_origin(&f->git);
    git_sh(&f->git, "cd seed && for b in fix other; do git checkout -q -b $b main && echo $b "
                    ">$b.txt && git add -A && "
                    "git commit -q -m $b; done && git push -q origin fix other");
    git_sh(&f->git, "mkdir -p repositories/owner && cp -r origin.git repositories/owner/repo");
    f->conf.root = sc_arena_printf(&f->git.arena, "%s/repositories", f->git.dir);
}

static void start_github(forge_fixture *f) {
    snprintf(f->log, sizeof f->log, "%s/log", f->git.dir);
    const char *log = getenv("GITHUB_LOG") ? getenv("GITHUB_LOG") : f->log;
    const char *public_key = sc_arena_printf(&f->git.arena, "%s/app.pub", f->git.dir);
    const char *const argv[] = {"python3", "tests/support/github_fake.py", log, public_key, NULL};
    f->git.server = git_start(argv, FORGE_TOKEN, f->git.url);
    f->conf.api = f->git.url;
    f->conf.token = FORGE_TOKEN;
}

void forge_fixture_init(forge_fixture *f, const sc_forge_ops *ops) {
    *f = (forge_fixture){.ops = ops, .repo = "owner/repo"};
    unsetenv("GITHUB_TOKEN");
    unsetenv("GITHUB_API_URL");
    git_fixture_init(&f->git);
    sc_arena_init(&f->arena, 64 << 20);
    if (!strcmp(ops->name, "local"))
        make_repository(f);
    else
        start_github(f);
    f->self = sc_alloc(ops->size);
    if (ops->open(f->self, &f->conf, &f->err)) fail_msg("%s", f->err.msg);
}

void forge_fixture_done(forge_fixture *f) {
    f->ops->close(f->self);
    sc_free(f->self);
    sc_arena_done(&f->arena);
    git_fixture_done(&f->git);
}

sc_forge_call forge_call_of(forge_fixture *f, const char *repo) {
    return (sc_forge_call){.repo = sc_str_of(repo),
                           .deadline_ms = sc_now_ms(&sc_clock_system) + 60000,
                           .arena = &f->arena};
}

sc_forge_call forge_call(forge_fixture *f) { return forge_call_of(f, f->repo); }

sc_forge_pr_new forge_new(const char *branch) {
    static const sc_str labels[] = {SC_STR("soulcaster"), SC_STR("bug")};
    return (sc_forge_pr_new){.branch = sc_str_of(branch),
                             .base = SC_STR("main"),
                             .title = SC_STR("Export \"fails\" \u2013 f\u00fcr alle"),
                             .body = SC_STR("Why\n\n```c\na < b && c\n```\n<!-- x -->\n"),
                             .labels = labels,
                             .n_labels = SC_LEN(labels),
                             .draft = true};
}

const char *forge_tell(forge_fixture *f, const char *what, const char *body) {
    return git_says(&f->git, "curl -sf --noproxy '*' -X POST -d '%s' %s/_test/%s", body, f->git.url,
                    what);
}
