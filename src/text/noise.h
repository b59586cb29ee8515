/* Lines of a report that say nothing about it: quoted mail, signatures, what a tracker's template
 * or a mail program put there. Threads: pure functions. */
#ifndef SC_TEXT_NOISE_H
#define SC_TEXT_NOISE_H

#include "base/str.h"

/* True when this line carries no weight and is not shown. */
bool sc_noise_line(sc_str line);
/* True when this line and all after it (`rest`) are a signature or a forwarded original. */
bool sc_noise_ends(sc_str line, sc_str rest);

#endif
