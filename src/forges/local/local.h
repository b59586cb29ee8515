/* Forge: bare repositories on this machine's disk, below one folder. A branch is pushed there; the pull request is a file of ours
 * in the repository (local/pulls.h), and a page of ours for people: its url is empty. Merging is an operation, too. What people
 * merge with git themselves is noticed when the pull request is read. */
#ifndef SC_FORGES_LOCAL_LOCAL_H
#define SC_FORGES_LOCAL_LOCAL_H

#include "ports/forge.h"

extern const sc_forge_ops sc_forge_local;

#endif
