/* What every plan must keep, read off its steps alone. See plan.h. */
#include "runners/local/plan.h"

/* May be mounted over nothing: what was put there before it stays what it was. */
static bool is_mount(sc_plan_kind k) {
    return k == SC_PLAN_RO || k == SC_PLAN_RO_TRY || k == SC_PLAN_TMPFS || k == SC_PLAN_WORK ||
           k == SC_PLAN_DATA || k == SC_PLAN_SOCKET || k == SC_PLAN_PROC || k == SC_PLAN_DEV ||
           k == SC_PLAN_LINK;
}

static sc_rc broken(sc_err *err, const char *what, const char *where) {
    return sc_fail(err, SC_INTERNAL, "the sandbox's plan is broken: %s%s%.120s", what,
                   where ? ": " : "", where ? where : "");
}

/* The fresh folders into which a mount may go. */
static bool may_hold(const sc_plan_step *outer, const sc_plan_step *inner) {
    if (outer->kind == SC_PLAN_TMPFS && !strcmp(outer->b, SC_RUNNER_HOME))
        return inner->kind == SC_PLAN_DATA;
    return outer->kind == SC_PLAN_DEV && inner->kind == SC_PLAN_TMPFS &&
           !strcmp(inner->b, "/dev/shm");
}

static sc_rc check_mount(const sc_plan *p, size_t i, const char *work_dir, sc_err *err) {
    const sc_plan_step *s = &p->steps[i];
    if (!sc_path_plain(s->b)) return broken(err, "a target is no plain path", NULL);
    bool from_host = s->kind == SC_PLAN_RO || s->kind == SC_PLAN_RO_TRY ||
                     s->kind == SC_PLAN_WORK || s->kind == SC_PLAN_SOCKET;
    if (from_host && !sc_path_plain(s->a)) return broken(err, "a source is no plain path", s->b);
    if (s->kind == SC_PLAN_WORK &&
        (strcmp(s->a, work_dir) != 0 || strcmp(s->b, SC_RUNNER_WORK) != 0))
        return broken(err, "something but the work tree can be written", s->a);
    if (s->kind == SC_PLAN_RO && (sc_path_within("/proc", s->a) || sc_path_within("/dev", s->a)))
        return broken(err, "the machine itself is shown", s->a);
    for (size_t k = 0; k < i; k++) {
        const sc_plan_step *before = &p->steps[k];
        if (!is_mount(before->kind)) continue;
        if (sc_path_within(before->b, s->b)) return broken(err, "mounted over", s->b);
        if (sc_path_within(s->b, before->b) && !may_hold(before, s))
            return broken(err, "mounted into", s->b);
    }
    return SC_OK;
}

sc_rc sc_plan_check(const sc_plan *p, const char *work_dir, sc_err *err) {
    static const char *const to_seal[] = {"/proc", "/dev", "/"};
    int seen[SC_PLAN_KINDS] = {0}, sealed = 0, next_fd = SC_PLAN_FD_DATA;
    for (size_t i = 0; i < p->n; i++) {
        const sc_plan_step *s = &p->steps[i];
        seen[s->kind]++;
        if (is_mount(s->kind)) {
            sc_rc rc = seen[SC_PLAN_SEAL] ? broken(err, "mounted after it was sealed", s->b)
                                          : check_mount(p, i, work_dir, err);
            if (rc) return rc;
        }
        if (s->kind == SC_PLAN_SEAL)
            for (size_t k = 0; k < SC_LEN(to_seal); k++) sealed += !strcmp(s->b, to_seal[k]);
        if (s->kind == SC_PLAN_DATA && s->fd != next_fd++)
            return broken(err, "files and descriptors differ", s->b);
        if (s->kind == SC_PLAN_TMPFS && s->n <= 0)
            return broken(err, "memory without a size", s->b);
        if (s->kind == SC_PLAN_LIMIT && s->n <= 0) return broken(err, "a limit of nothing", s->a);
    }
    static const struct {
        sc_plan_kind kind;
        int times;
        const char *what;
    } once[] = {
        {SC_PLAN_WORK, 1, "one work tree"},     {SC_PLAN_NAMESPACES, 1, "namespaces"},
        {SC_PLAN_USER, 1, "a user of its own"}, {SC_PLAN_CAPS, 1, "no capability"},
        {SC_PLAN_SESSION, 1, "a session"},      {SC_PLAN_FILTER, 1, "a filter of system calls"},
        {SC_PLAN_PROC, 1, "its own /proc"},     {SC_PLAN_DEV, 1, "its own /dev"},
        {SC_PLAN_LIMIT, 6, "six limits"},       {SC_PLAN_CHDIR, 1, "a working folder"}};
    for (size_t i = 0; i < SC_LEN(once); i++)
        if (seen[once[i].kind] != once[i].times) return broken(err, "it must have", once[i].what);
    if (sealed != 3 || seen[SC_PLAN_SEAL] != 3)
        return broken(err, "it must be sealed", "/, /proc and /dev");
    if (!seen[SC_PLAN_RUN]) return broken(err, "nothing to run", NULL);
    return SC_OK;
}
