/* soulcaster: user feedback and bug reports in, grouped issues out. Which verbs there are. */
#include "cmd/cmd.h"

static const sc_verb *const verbs[] = {
    &sc_verb_serve,      &sc_verb_worker,   &sc_verb_scheduler, &sc_verb_demo,
    &sc_verb_ingest,     &sc_verb_clusters, &sc_verb_show,      &sc_verb_search,
    &sc_verb_trace,      &sc_verb_merge,    &sc_verb_split,     &sc_verb_move,
    &sc_verb_undo,       &sc_verb_remove,   &sc_verb_analyze,   &sc_verb_cleanup,
    &sc_verb_projects,   &sc_verb_keys,     &sc_verb_limits,    &sc_verb_retention,
    &sc_verb_audit,      &sc_verb_sources,  &sc_verb_jobs,      &sc_verb_agent,
    &sc_verb_fix,        &sc_verb_fixes,    &sc_verb_fix_log,   &sc_verb_agent_script,
    &sc_verb_doctor,     &sc_verb_backup,   &sc_verb_restore,   &sc_verb_export,
    &sc_verb_import,     &sc_verb_model,    &sc_verb_sandbox,   &sc_verb_eval,
    &sc_verb_completion, &sc_verb_help,
};

int main(int argc, char **argv) { return sc_cmd_run(verbs, SC_LEN(verbs), argc, argv); }
