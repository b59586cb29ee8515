/* What a webhook of GitHub says of pull requests. */
#ifndef SC_SOURCES_GITHUB_PULL_H
#define SC_SOURCES_GITHUB_PULL_H

#include "ports/source.h"

/* As sc_source_ops.pull. */
sc_rc sc_github_pull(const sc_source_request *rq, sc_arena *arena, sc_source_pull *ret,
                     sc_err *err);

#endif
