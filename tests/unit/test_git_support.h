/* What the tests of git share: a repository, its mirror and a work folder for each of them. */
#ifndef TEST_GIT_SUPPORT_H
#define TEST_GIT_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "git_fixture.h"

static const sc_git_limits roomy = {100000, 1000, 8 << 20, 32 << 20};
static const sc_git_id none = {.text = ""};
static const sc_git_person us = {SC_STR("Soulcaster"), SC_STR("soulcaster@example.org")};

static inline int setup(void **state) {
    git_fixture *f = calloc(1, sizeof *f);
    git_fixture_init(f);
    git_origin(f);
    *state = f;
    return 0;
}

static inline int teardown(void **state) {
    git_fixture_done(*state);
    free(*state);
    return 0;
}

static inline void good(git_fixture *f, sc_rc rc) {
    if (rc) fail_msg("%s: %s", sc_rc_name(rc), f->err.msg);
}

/* main fetched, and its files in work/. */
static inline sc_git_id begin(git_fixture *f) {
    sc_git_remote r = git_on_disk(f);
    sc_git_id base;
    good(f, sc_git_fetch(&f->git, f->mirror, &r, SC_STR("main"), &base, &f->err));
    assert_int_equal(mkdir(f->work, 0700), 0);
    good(f, sc_git_checkout(&f->git, f->mirror, &base, f->work, &f->err));
    return base;
}

static inline sc_rc snap_within(git_fixture *f, const sc_git_id *base, const sc_git_limits *limits,
                                sc_git_id *ret) {
    return sc_git_snapshot(&f->git, f->mirror, base, f->work, limits, ret, &f->err);
}

static inline sc_git_id snap(git_fixture *f, const sc_git_id *base) {
    sc_git_id tree;
    good(f, snap_within(f, base, &roomy, &tree));
    return tree;
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
