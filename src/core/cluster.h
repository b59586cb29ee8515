/* A cluster: reports that one fix would cover. On the dashboard it is called an issue.
 *
 * The states and who may change them are one table with one transition function. */
#ifndef SC_CORE_CLUSTER_H
#define SC_CORE_CLUSTER_H

#include "base/id.h"
#include "base/str.h"
#include "core/feedback.h"

/*                name        final: new reports reopen it as a regression */
#define SC_CLUSTER_STATUSES(X) \
    X(new, false)              \
    X(triaged, false)          \
    X(fixing, false)           \
    X(pr_opened, false)        \
    X(resolved, true)          \
    X(regressed, false)        \
    X(ignored, false)          \
    X(snoozed, false)

typedef enum sc_cluster_status {
#define X(name, final) SC_CLUSTER_##name,
    SC_CLUSTER_STATUSES(X)
#undef X
        SC_CLUSTER_STATUS_COUNT
} sc_cluster_status;

const char *sc_cluster_status_name(sc_cluster_status s);
bool sc_cluster_status_parse(sc_str name, sc_cluster_status *ret);

/* What happens to a cluster. */
typedef enum sc_cluster_event {
    SC_CLUSTER_EV_TRIAGE,  /* a person looked at it              */
    SC_CLUSTER_EV_REOPEN,  /* a person wants it back on the list */
    SC_CLUSTER_EV_RESOLVE, /* a person, or a merged fix          */
    SC_CLUSTER_EV_IGNORE,
    SC_CLUSTER_EV_SNOOZE,
    SC_CLUSTER_EV_WAKE,      /* the snooze ran out                 */
    SC_CLUSTER_EV_REPORT,    /* a new report joined                */
    SC_CLUSTER_EV_FIX,       /* a fix job started                  */
    SC_CLUSTER_EV_PR,        /* its pull request is open           */
    SC_CLUSTER_EV_PR_CLOSED, /* closed without a merge             */
    SC_CLUSTER_EV_COUNT
} sc_cluster_event;

/* The one transition function. SC_CONFLICT names both where the event does not fit the status.
 * A REPORT on a resolved cluster gives `regressed`; on any other it keeps the status. */
sc_rc sc_cluster_next(sc_cluster_status from, sc_cluster_event ev, sc_cluster_status *ret,
                      sc_err *err);

/* Takes a person's change of status back: `to` is what it was before. SC_CONFLICT from or to a status that says
 * that a fix is under way. */
sc_rc sc_cluster_restore(sc_cluster_status from, sc_cluster_status to, sc_err *err);

enum { SC_CLUSTER_REPRESENTATIVES = 3, SC_CLUSTER_KEYWORDS = 8, SC_CLUSTER_TREND_DAYS = 14 };

typedef struct sc_cluster {
    int64_t seq; /* the store's number; 0 = not stored yet                       */
    sc_id id;
    sc_id project_id;
    sc_str title;
    sc_str summary;
    bool title_locked; /* a person wrote the title: no pass changes it                 */
    bool title_told, summary_told; /* a language model wrote it                     */
    int64_t told; /* members when one was last asked; 0 = never                         */
    bool due;     /* one is to be asked for title and summary                           */
    sc_cluster_status status;
    int64_t count; /* members                                                      */
    int64_t source_counts[SC_SOURCE_COUNT];
    sc_str keywords; /* JSON array of strings                                        */
    sc_id representative_ids[SC_CLUSTER_REPRESENTATIVES]; /* empty id = none                */
    double
        cohesion_mean; /* average pairwise similarity, 0..1; 1 for a single member; NAN: unknown */
    double cohesion_min; /* worst member's average similarity to the others              */
    int64_t first_seen_ms, last_seen_ms; /* members' created_at                             */
    int64_t created_at_ms, updated_at_ms;
    int64_t snooze_until_ms; /* 0 = not snoozed by time                                      */
    int64_t trend[SC_CLUSTER_TREND_DAYS]; /* members a UTC day by created_at, oldest first  */
    int64_t trend_day; /* day number (ms / 86400000) of the last trend slot            */
    sc_id merged_into; /* set when the cluster is gone: its reports live there; its own id: it
                        * had one report, which was parked                             */
    sc_str repo_url, branch, pr_url, issue_title, issue_description, error_message;
    int64_t version; /* grows with every change (optimistic concurrency)             */
} sc_cluster;

/* It has no reports, and they are in no other cluster either. */
bool sc_cluster_deserted(const sc_cluster *c);

/* Who wrote what is shown: "person", "llm", or "extract" (taken from the reports). */
const char *sc_cluster_title_by(const sc_cluster *c);
const char *sc_cluster_summary_by(const sc_cluster *c);
/* Is a language model to be asked for title and summary? From two reports on (`long_one`: one with a long
 * text does), and again whenever their number has doubled; not while it is ignored. */
bool sc_cluster_wants_telling(const sc_cluster *c, bool long_one);
/* Half of the reports that a model's words were about are gone: the words are, too. */
bool sc_cluster_outgrown(const sc_cluster *c);
/* Its words are about other reports by now: they are taken from the reports again, and a model is asked anew. */
void sc_cluster_untell(sc_cluster *c);

/* "tight" >= .85, "moderate" >= .70, "loose" below; "single" for one member; "unknown": not measured. */
const char *sc_cluster_quality(const sc_cluster *c);

/* Recent weight for sorting by trend: members of the last 7 days minus those of the 7 before. */
int64_t sc_cluster_trend_score(const sc_cluster *c, int64_t today);

#endif
