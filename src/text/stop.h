/* Function words of English, and the very commonest of German, Spanish and French. Threads: pure. */
#ifndef SC_TEXT_STOP_H
#define SC_TEXT_STOP_H

#include "base/str.h"

/* True for a folded word without weight of its own. */
bool sc_stop_word(sc_str word);

#endif
