/* What looks like a secret in a line of text. It errs on the side of finding: a person can still push the line. */
#ifndef SC_PATCH_SECRET_H
#define SC_PATCH_SECRET_H

#include "base/str.h"

/* What it looks like ("a GitHub token"), static; NULL: nothing. The secret itself is not said. */
const char *sc_patch_secret(sc_str line);

#endif
