/* A service that is asked over HTTP, as bad as a test wants it: one thread on a loopback port that answers request
 * after request with what the test queued, and remembers the last request. */
#ifndef FAKE_UPSTREAM_H
#define FAKE_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>

typedef struct fake_upstream fake_upstream;

typedef enum fake_manner {
    FAKE_WHOLE, /* the answer, then the end of the connection          */
    FAKE_CUT,   /* half of the body that Content-Length promised       */
    FAKE_HANG,  /* takes the request and says nothing                  */
    FAKE_DRIP,  /* a byte every few ms until the other side gives up   */
    FAKE_SLAM,  /* closes without a word                               */
} fake_manner;

fake_upstream *fake_upstream_new(void);
void fake_upstream_free(fake_upstream *u);
const char *fake_upstream_url(const fake_upstream *u); /* "http://127.0.0.1:PORT" */
/* Queues an answer. `head`: further header lines, each with its \r\n, or "". */
void fake_upstream_answer(fake_upstream *u, fake_manner manner, int status, const char *head,
                          const char *body);
/* The last request whole, NUL-terminated (borrowed until the next one), and how many there were. */
const char *fake_upstream_request(fake_upstream *u);
size_t fake_upstream_count(fake_upstream *u);

#endif
