/* What git says when it fails, as a code and words of ours. */
#ifndef SC_GIT_WORDS_H
#define SC_GIT_WORDS_H

#include "git/run.h"

/* `said` is what git wrote to stderr. A line that the other side wrote ("remote: ...") decides nothing. */
sc_rc sc_git_explain(const sc_git_run *r, sc_str said, int exit, sc_err *err);

#endif
