/* What a model call took, read from the reply as it flows by: the service's own counts from a JSON body or from an
 * event stream, else an estimate from the bytes that is rather too high. Threads: plain data. */
#ifndef SC_PROXY_USAGE_H
#define SC_PROXY_USAGE_H

#include "proxy/screen.h"

typedef struct sc_usage {
    sc_proxy_shape shape;
    bool events; /* the reply is an event stream */
    sc_buf kept; /* of an event stream the line under way, else the body so far */
    bool lost;   /* more than can be kept: nothing is counted from it */
    bool has_in, has_out;
    int64_t in, out;                       /* as counted; in: cached ones too   */
    int64_t cached, written, written_long; /* of in: read from, put into caches */
    int64_t text_bytes, n_events;          /* of what was said                  */
} sc_usage;

void sc_usage_init(sc_usage *u, sc_proxy_shape shape, bool events);
void sc_usage_done(sc_usage *u);
void sc_usage_put(sc_usage *u, sc_str bytes);
void sc_usage_end(sc_usage *u);
/* est_in: what to take for the input where the service does not say. True: it said both. */
bool sc_usage_total(const sc_usage *u, const sc_proxy_model *m, int64_t est_in, sc_proxy_use *ret);

/* Tokens that so many bytes are at most, but for odd texts. */
int64_t sc_usage_estimate(size_t bytes);
/* Rounded up. */
int64_t sc_usage_cost(int64_t tokens, int64_t price);

#endif
