/* What keeps machines from a public form: a signed time in each page that was served, and counts by address
 * and by project.
 *
 * A mark is "<ms>-<nonce>-<HMAC-SHA256>" over the project, the time and the nonce; the key is the
 * installation's, kept in its settings. The nonce becomes the report's external_id, so a mark that is
 * sent again makes no second report. Nothing is set in the visitor's browser. Threads: any. */
#ifndef SC_WEB_FORM_GUARD_H
#define SC_WEB_FORM_GUARD_H

#include <pthread.h>

#include "ports/store.h"

enum {
    SC_FORM_MARK = 160,        /* room for a mark                         */
    SC_FORM_NONCE = 32,        /* characters                              */
    SC_FORM_FASTEST_MS = 3000, /* from page to sending                    */
    SC_FORM_SLOWEST_MS = 24 * 3600000,
    SC_FORM_WINDOW_US = 600 * 1000000, /* of the counts                           */
    SC_FORM_BY_ADDRESS = 10,           /* reports a window                        */
    SC_FORM_BY_PROJECT = 300,
    SC_FORM_COUNTERS = 1024,
};

typedef struct sc_form_guard {
    pthread_mutex_t lock;
    bool has_key;
    unsigned char key[32];
    struct sc_form_counter {
        uint64_t who;
        int64_t since_us; /* monotonic; 0: free */
        int64_t n;
    } counters[SC_FORM_COUNTERS];
} sc_form_guard;

typedef enum sc_form_verdict {
    SC_FORM_FINE,
    SC_FORM_FORGED, /* no mark of ours, or of another project */
    SC_FORM_FAST,
    SC_FORM_STALE,
} sc_form_verdict;

void sc_form_guard_init(sc_form_guard *g);
void sc_form_guard_done(sc_form_guard *g);
sc_rc sc_form_mark(sc_form_guard *g, const sc_store *s, const sc_id *project, int64_t now_ms,
                   char ret[SC_FORM_MARK], sc_err *err);
/* *ret_nonce is a part of `mark`. */
sc_rc sc_form_check(sc_form_guard *g, const sc_store *s, const sc_id *project, sc_str mark,
                    int64_t now_ms, sc_form_verdict *ret, sc_str *ret_nonce, sc_err *err);
/* Counts one report; false when the address or the project has sent its share of the window. */
bool sc_form_admit(sc_form_guard *g, const sc_id *project, sc_str address, int64_t now_us);

#endif
