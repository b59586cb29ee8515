/* The lock of a repository: who works there at the same time, what was left locked, and what goes meanwhile. */
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/tree.h"
#include "git/lock.h"
#include "test_git_support.h"

static void what_a_killed_git_left_locked_hinders_nobody(void **state) {
    git_fixture *f = *state;
    sc_git_remote r = git_on_disk(f);
    sc_git_id base = begin(f), again;
    git_sh(f, "cd mirror && touch shallow.lock packed-refs.lock HEAD.lock config.lock && for r in "
              "refs/soulcaster/base/*; do "
              "touch $r.lock; done && touch -d '2 days ago' soulcaster-index-old "
              "soulcaster-index-old.lock && touch soulcaster-index-new soulcaster-index-new.lock");
    git_sh(f, "cd seed && echo 2 >>a.txt && git commit -qam 2 && git push -q origin main");
    good(f, sc_git_fetch(&f->git, f->mirror, &r, SC_STR("main"), &again, &f->err));
    assert_string_not_equal(base.text, again.text);
    git_sh(f, "cd mirror && test -e soulcaster-index-new && test ! -e soulcaster-index-old");
    /* a checkout that goes on beside the fetch is writing it */
    git_sh(f,
           "cd mirror && test -e soulcaster-index-new.lock && test ! -e soulcaster-index-old.lock");
    /* half an init */
    git_sh(f, "mkdir half && cp mirror/HEAD half/");
    char half[200];
    snprintf(half, sizeof half, "%s/half", f->dir);
    good(f, sc_git_fetch(&f->git, half, &r, SC_STR("main"), &again, &f->err));
}

typedef struct fetcher {
    git_fixture *f;
    sc_git_remote remote;
    sc_err err;
} fetcher;

static void *fetch_often(void *self) {
    fetcher *x = self;
    sc_git_id id;
    for (int i = 0; i < 5; i++)
        if (sc_git_fetch(&x->f->git, x->f->mirror, &x->remote, SC_STR("main"), &id, &x->err))
            return x->err.msg;
    return NULL;
}

static void fetches_at_once_wait_for_each_other(void **state) {
    git_fixture *f = *state;
    pthread_t threads[3];
    fetcher x[3];
    void *failed;
    for (size_t i = 0; i < SC_LEN(x); i++) {
        x[i] = (fetcher){.f = f, .remote = git_on_disk(f)};
        assert_int_equal(pthread_create(&threads[i], NULL, fetch_often, &x[i]), 0);
    }
    for (size_t i = 0; i < SC_LEN(x); i++) {
        pthread_join(threads[i], &failed);
        if (failed) fail_msg("%s", (char *)failed);
    }
}

static void a_repository_is_packed_and_removed(void **state) {
    git_fixture *f = *state;
    sc_git_id base = begin(f), other = base;
    bool has = false;
    good(f, sc_git_has(&f->git, f->mirror, &base, &has, &f->err));
    assert_true(has);
    other.text[0] = other.text[0] == '0' ? '1' : '0';
    good(f, sc_git_has(&f->git, f->mirror, &other, &has, &f->err));
    assert_false(has);
    good(f, sc_git_has(&f->git, f->home, &base, &has, &f->err)); /* no repository at all */
    assert_false(has);
    /* what nothing names goes, once it is old */
    const char *fresh = git_says(f, "echo fresh | git --git-dir=mirror hash-object -w --stdin");
    const char *old = git_says(f, "echo old | git --git-dir=mirror hash-object -w --stdin");
    git_sh(f, "touch -d '30 days ago' mirror/objects/$(echo %s | sed 's,^..,&/,')", old);
    good(f, sc_git_pack(&f->git, f->mirror, &f->err));
    other = sc_git_id_of(sc_str_of(old));
    good(f, sc_git_has(&f->git, f->mirror, &other, &has, &f->err));
    assert_false(has);
    other = sc_git_id_of(sc_str_of(fresh));
    good(f, sc_git_has(&f->git, f->mirror, &other, &has, &f->err));
    assert_true(has);
    good(f, sc_git_has(&f->git, f->mirror, &base, &has, &f->err));
    assert_true(has);
    git_sh(f, "test -e mirror/" SC_GIT_PACKED);
    /* not under who works there */
    int lock;
    good(f, sc_git_lock(&f->git, f->mirror, false, &lock, &f->err));
    f->git.timeout_ms = 20;
    assert_int_equal(sc_git_pack(&f->git, f->mirror, &f->err), SC_TIMEOUT);
    assert_int_equal(sc_git_remove(&f->git, f->mirror, INT64_MAX, &f->err), SC_TIMEOUT);
    close(lock);
    f->git.timeout_ms = 60000;
    good(f, sc_git_remove(&f->git, f->mirror, INT64_MAX, &f->err));
    git_sh(f, "test ! -e mirror && ! ls -d *gone*");
    good(f, sc_git_remove(&f->git, f->mirror, INT64_MAX, &f->err)); /* another process was faster */
}

typedef struct waiter {
    git_fixture *f;
    pthread_t thread;
    int lock;
    sc_rc rc;
    sc_err err;
} waiter;

static void *make_it(void *self) {
    waiter *w = self;
    w->rc = sc_git_init(&w->f->git, w->f->mirror, &w->err);
    return NULL;
}

static void *lock_it(void *self) {
    waiter *w = self;
    w->rc = sc_git_lock(&w->f->git, w->f->mirror, true, &w->lock, &w->err);
    return NULL;
}

/* How often this process has the lock of the mirror open. */
static int open_locks(const git_fixture *f) {
    char path[400], link[300], to[400];
    struct dirent *e;
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    assert_non_null(d);
    snprintf(path, sizeof path, "%s/soulcaster.lock", f->mirror);
    while ((e = readdir(d))) {
        snprintf(link, sizeof link, "/proc/self/fd/%s", e->d_name);
        ssize_t got = readlink(link, to, sizeof to - 1);
        to[got > 0 ? got : 0] = 0;
        n += !strcmp(to, path);
    }
    closedir(d);
    return n;
}

/* Starts `what` on a thread that waits for the mirror's lock, which is ours. Returns our lock. */
static int make_wait(waiter *w, git_fixture *f, void *(*what)(void *)) {
    int lock;
    *w = (waiter){.f = f, .lock = -1, .rc = SC_INTERNAL};
    good(f, sc_git_lock(&f->git, f->mirror, true, &lock, &f->err));
    assert_int_equal(pthread_create(&w->thread, NULL, what, w), 0);
    while (open_locks(f) < 2) sched_yield();
    return lock;
}

static int remove_under(waiter *w, git_fixture *f, void *(*what)(void *)) {
    good(f, sc_git_init(&f->git, f->mirror, &f->err));
    int lock = make_wait(w, f, what);
    good(f, sc_tree_remove(f->mirror, &f->err));
    return lock;
}

static void who_waits_for_a_repository_that_goes_makes_it_anew(void **state) {
    waiter w;
    int lock = remove_under(&w, *state, make_it);
    close(lock);
    pthread_join(w.thread, NULL);
    if (w.rc) fail_msg("%s", w.err.msg);
    git_sh(w.f, "git --git-dir=mirror rev-parse --is-bare-repository");
}

static void a_lock_is_of_the_repository_that_is_there(void **state) {
    git_fixture *f = *state;
    waiter w;
    int lock = remove_under(&w, f, lock_it), second = -1;
    good(f, sc_git_init(&f->git, f->mirror, &f->err));
    close(lock);
    pthread_join(w.thread, NULL);
    if (w.rc) fail_msg("%s", w.err.msg);
    f->git.timeout_ms = 300;
    assert_int_equal(sc_git_lock(&f->git, f->mirror, true, &second, &f->err), SC_TIMEOUT);
    close(w.lock);
}

static void fetch(git_fixture *f) {
    sc_git_remote r = git_on_disk(f);
    sc_git_id base;
    good(f, sc_git_fetch(&f->git, f->mirror, &r, SC_STR("main"), &base, &f->err));
}

static const int64_t LONG_AGO_S = 1000000000;

static void *remove_it(void *self) {
    waiter *w = self;
    w->rc = sc_git_remove(&w->f->git, w->f->mirror, LONG_AGO_S, &w->err);
    return NULL;
}

static void what_was_used_while_its_removal_waited_stays(void **state) {
    git_fixture *f = *state;
    waiter w;
    fetch(f);
    git_sh(f, "touch -d @%lld mirror/info/attributes", (long long)LONG_AGO_S);
    assert_int_equal(sc_git_used_s(f->mirror), LONG_AGO_S);
    int lock = make_wait(&w, f, remove_it);
    git_sh(f, "touch mirror/info/attributes"); /* as a fetch does */
    close(lock);
    pthread_join(w.thread, NULL);
    assert_int_equal(w.rc, SC_CONFLICT);
    git_sh(f, "git --git-dir=mirror rev-parse --is-bare-repository");
    git_sh(f, "touch -d @%lld mirror/info/attributes", (long long)LONG_AGO_S);
    good(f, sc_git_remove(&f->git, f->mirror, LONG_AGO_S, &f->err));
    assert_int_equal(sc_git_used_s(f->mirror), INT64_MAX);
}

static git_fixture *comes; /* who wants the mirror as soon as its lock's file is gone */

/* Instead of the C library's. */
int unlinkat(int at, const char *path, int flags) {
    int rc = (int)syscall(SYS_unlinkat, at, path, flags);
    git_fixture *f = comes;
    if (!f || strcmp(path, "soulcaster.lock") != 0) return rc;
    comes = NULL;
    fetch(f);
    return rc;
}

static void who_comes_while_a_repository_goes_has_a_whole_one(void **state) {
    git_fixture *f = *state;
    fetch(f);
    comes = f;
    good(f, sc_git_remove(&f->git, f->mirror, INT64_MAX, &f->err));
    assert_null(comes);
    git_sh(f, "git --git-dir=mirror fsck --strict && test -e mirror/soulcaster.lock && ! ls -d "
              "*gone*");
    fetch(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        T(what_a_killed_git_left_locked_hinders_nobody),
        T(fetches_at_once_wait_for_each_other),
        T(a_repository_is_packed_and_removed),
        T(who_waits_for_a_repository_that_goes_makes_it_anew),
        T(a_lock_is_of_the_repository_that_is_there),
        T(what_was_used_while_its_removal_waited_stays),
        T(who_comes_while_a_repository_goes_has_a_whole_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
