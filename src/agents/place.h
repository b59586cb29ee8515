/* Where a program that is installed outside the system's folders lies, and what of the machine a sandbox has to show so that it
 * runs there: npm's and pipx's folders, a version manager's, one binary in ~/.local. What is found is what is there; whether it
 * may be shown is for the runner to say.
 *
 * A script is followed to its interpreter ("#!/usr/bin/env node"), and every path to what it really is. Threads: plain functions. */
#ifndef SC_AGENTS_PLACE_H
#define SC_AGENTS_PLACE_H

#include "base/mem.h"
#include "base/str.h"

enum { SC_AGENT_MAX_PLACES = 16 };

typedef struct sc_agent_place {
    const char *program; /* what to start: an absolute path, or the name where it is the system's */
    const char *paths
        [SC_AGENT_MAX_PLACES]; /* files and folders to show, where they are; none holds another */
    size_t n;
    const char *search; /* folders with a ':' behind each, for the front of PATH; "": none */
} sc_agent_place;

/* `home`: NULL: our user's; neither it nor a folder right below it is in paths, only single files of such. Everything is in the
 * arena. SC_NOT_FOUND: there is no such program, or its interpreter is missing. */
sc_rc sc_agent_find_place(const char *program, const char *home, sc_arena *arena,
                          sc_agent_place *ret, sc_err *err);

#endif
