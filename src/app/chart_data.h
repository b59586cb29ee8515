/* A chart: where each report of a project is drawn, as it is kept in memory and in the store.
 * Threads: plain data. */
#ifndef SC_APP_CHART_DATA_H
#define SC_APP_CHART_DATA_H

#include "base/id.h"
#include "base/mem.h"
#include "base/str.h"

enum {
    SC_CHART_LAID = 1, /* it was there when all was laid out last    */
    SC_CHART_BASE = 2, /* later ones are placed by their distance to it */
};

typedef struct sc_chart_point {
    int64_t key; /* seq of the report */
    unsigned char id[16];
    int16_t x, y;
    uint8_t flags;
} sc_chart_point;

typedef struct sc_chart {
    char model[200]; /* of the vectors                          */
    float unit;      /* of x and y, to one of the layout's      */
    int64_t laid_ms; /* when all was laid out                   */
    int64_t version; /* the store's; not in the text            */
    uint32_t n;
    sc_chart_point *points; /* by key */
} sc_chart;

/* The point of a report, or NULL. */
sc_chart_point *sc_chart_find(const sc_chart *c, int64_t key);
sc_rc sc_chart_encode(const sc_chart *c, sc_buf *out, sc_err *err);
/* SC_INVALID: it is damaged, or of another version of ours. */
sc_rc sc_chart_decode(sc_str blob, sc_chart *ret, sc_err *err);
void sc_chart_done(sc_chart *c);

#endif
