/* A group of a batch: some hundred lines on their way into one commit, and what became of each.
 * Threads: one at a time, but for `state`, which the committer sets to DONE (after `err`). */
#ifndef SC_WEB_BATCH_GROUP_H
#define SC_WEB_BATCH_GROUP_H

#include <stdatomic.h>

#include "app/ingest.h"
#include "web/schema.h"

enum {
    SC_BATCH_GROUP_LINES = 1000,     /* then it is full */
    SC_BATCH_GROUP_BYTES = 1 << 20,  /* of lines; then too */
    SC_BATCH_GROUP_ARENA = 32 << 20, /* a bound, not an expectation */
};

typedef enum sc_batch_group_state {
    SC_BATCH_GROUP_FREE,
    SC_BATCH_GROUP_FILLING,
    SC_BATCH_GROUP_READY,  /* full, not submitted yet */
    SC_BATCH_GROUP_FLYING, /* the committer has it */
    SC_BATCH_GROUP_DONE,   /* its results are known */
} sc_batch_group_state;

typedef struct sc_batch_group_line {
    int64_t number;
    bool item; /* in `items`, the next one in order */
    sc_str
        tail; /* else, or when it was refused: the rest of its result as JSON: "status":"error",... */
    bool filtered;
} sc_batch_group_line;

typedef struct sc_batch_group {
    _Atomic int state;
    uint64_t seq; /* order of filling */
    sc_arena arena;
    sc_feedback *items;
    sc_str *again_ids; /* one an item: app/ingest.h */
    size_t n_items, cap_items;
    sc_batch_group_line *lines;
    size_t n_lines, cap_lines;
    size_t bytes;
    int64_t lost, lost_from; /* lines that not even an error could be kept for: no memory */
    sc_ingest in;
    sc_put_result *results;
    sc_err err; /* of the commit */
} sc_batch_group;

typedef struct sc_batch_counts {
    int64_t ok, duplicate, filtered, error, skipped;
} sc_batch_counts;

void sc_batch_group_init(sc_batch_group *g);
void sc_batch_group_reset(sc_batch_group *g);
void sc_batch_group_done(sc_batch_group *g);
bool sc_batch_group_full(const sc_batch_group *g);
/* What all lines of a batch share. */
typedef struct sc_batch_scope {
    sc_app *app;
    sc_id project;
    const sc_schema *line_schema;
    char request_id[65];
} sc_batch_scope;
/* Adds one line: an item, or the error that it is. */
void sc_batch_group_add(sc_batch_group *g, const sc_batch_scope *scope, int64_t number,
                        sc_str line);
void sc_batch_group_add_error(sc_batch_group *g, int64_t number, const sc_err *err);
/* The store does not take this item, but the others. On the committer's thread while the group is flying. */
void sc_batch_group_refuse(sc_batch_group *g, size_t item, const sc_err *err);
/* Result lines, in order; counts them. */
void sc_batch_group_write(const sc_batch_group *g, sc_buf *out, sc_batch_counts *counts);

#endif
