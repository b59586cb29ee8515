/* A fix's own columns as they stand in a line: type, key, member of sc_fix. Export and import are written from it. */
#ifndef SC_APP_TRANSFER_FIX_H
#define SC_APP_TRANSFER_FIX_H

#include "core/fix.h"

#define SC_TRANSFER_FIX(X)                   \
    X(str, "by", by)                         \
    X(str, "instructions", instructions)     \
    X(str, "agent", agent)                   \
    X(str, "runner", runner)                 \
    X(str, "repository", repository)         \
    X(str, "base_branch", base_branch)       \
    X(str, "base_commit", base_commit)       \
    X(str, "head_commit", head_commit)       \
    X(str, "branch", branch)                 \
    X(str, "tests", tests)                   \
    X(str, "findings", findings)             \
    X(str, "blocked", blocked)               \
    X(str, "pull_url", pull_url)             \
    X(int, "plan_version", plan_version)     \
    X(int, "started_at_ms", started_at_ms)   \
    X(int, "calls", cost.calls)              \
    X(int, "tokens_in", cost.tokens_in)      \
    X(int, "tokens_out", cost.tokens_out)    \
    X(int, "micro_usd", cost.micro_usd)      \
    X(int, "pull_number", pull_number)       \
    X(int, "opened_at_ms", opened_at_ms)     \
    X(int, "merged_at_ms", merged_at_ms)     \
    X(int, "watch_until_ms", watch_until_ms) \
    X(int, "seen_comments", seen_comments)   \
    X(int, "patch_bytes", patch_bytes)       \
    X(int, "patch_files", patch_files)       \
    X(int, "patch_added", patch_added)       \
    X(int, "patch_removed", patch_removed)

#endif
