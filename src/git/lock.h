/* Who may be in a repository of ours at once, across processes: a file lock that git itself holds, too, since it inherits the
 * descriptor. So whoever has it alone knows that no git runs there, not even one whose starter was killed, and that what git left
 * locked is left over. */
#ifndef SC_GIT_LOCK_H
#define SC_GIT_LOCK_H

#include "git/git.h"

/* Waits, at most g->timeout_ms; SC_TIMEOUT, SC_CANCELLED. Closing the descriptor gives it back. */
sc_rc sc_git_lock(const sc_git *g, const char *dir, bool alone, int *ret_fd, sc_err *err);
/* Removes what git locked and did not give back. Only while it is held alone. */
void sc_git_sweep(const char *dir);

#endif
