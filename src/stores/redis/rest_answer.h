/* What the REST address answered, as the bytes that Redis itself would have sent. Threads: plain functions. */
#ifndef SC_STORES_REDIS_REST_ANSWER_H
#define SC_STORES_REDIS_REST_ANSWER_H

#include "base/str.h"

/* Longer is not waited: a plan may be made larger meanwhile. */
enum { SC_RD_REST_MOST_WAIT_MS = 10 * 60 * 1000 };

/* Appends the answers to n commands. `body` is {"result": ...} or {"error": text}, or, for a pipeline, an array of n of
 * these; all strings in base64 but "OK" (`Upstash-Encoding: base64`), errors as they are. SC_STORE: it is nothing of that. SC_NOMEM. `secret` never comes out in an error. */
sc_rc sc_rd_rest_answer(sc_str body, bool pipeline, size_t n, sc_str secret, sc_buf *out,
                        sc_err *err);
/* The same for a refusal, a status of 300 to 499: {"error": text} is what Redis said (400), anything else is told in our words. It
 * is the answer to each command that was sent together. `wait_ms`: it is to be asked again then; 0: it does not say. */
void sc_rd_rest_refusal(int status, sc_str body, size_t n, int64_t wait_ms, sc_str secret,
                        sc_buf *out);
/* How long the words of a refusal say to wait; 0: nothing. */
int64_t sc_rd_rest_wait_ms(sc_str said);

#endif
