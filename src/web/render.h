/* Domain values as JSON text, in the contract's words. One function a schema; all append to a buffer
 * that remembers its own failure. Threads: pure. */
#ifndef SC_WEB_RENDER_H
#define SC_WEB_RENDER_H

#include "app/read.h"
#include "app/triage.h"
#include "core/decision.h"

/* ,"name": before a value; the comma is left out after '{' and '['. */
void sc_render_name(sc_buf *b, const char *name);
void sc_render_comma(sc_buf *b);
/* Members. _or_null: null when the value is empty (0 for a time). */
void sc_render_str(sc_buf *b, const char *name, sc_str v);
void sc_render_str_or_null(sc_buf *b, const char *name, sc_str v);
void sc_render_int(sc_buf *b, const char *name, int64_t v);
void sc_render_bool(sc_buf *b, const char *name, bool v);
/* Four decimals; null for NAN. */
void sc_render_num(sc_buf *b, const char *name, double v);
void sc_render_time(sc_buf *b, const char *name, int64_t ms);
void sc_render_id(sc_buf *b, const char *name, const sc_id *id);
/* JSON text of our own making, as it is; `empty` when there is none. */
void sc_render_raw(sc_buf *b, const char *name, sc_str json, const char *empty);

void sc_render_feedback(sc_buf *b, const sc_feedback *f);
/* Without the closing brace, so that a detail can add to it. */
void sc_render_cluster_open(sc_buf *b, const sc_cluster *c);
void sc_render_cluster(sc_buf *b, const sc_cluster *c);
void sc_render_job(sc_buf *b, const sc_job *j);
void sc_render_project(sc_buf *b, const sc_project *p);
void sc_render_scopes(sc_buf *b, unsigned scopes);
void sc_render_key_open(sc_buf *b, const sc_key *k);
void sc_render_evidence(sc_buf *b, const sc_evidence *e);
void sc_render_trace(sc_buf *b, const sc_trace *t);
void sc_render_search(sc_buf *b, const sc_search_result *r);
struct sc_remodel_status;
void sc_render_model(sc_buf *b, const struct sc_remodel_status *s);
void sc_render_action(sc_buf *b, const sc_id *project, const sc_triage_result *r);

/* {"items":[ ... then the rows, then ],"total":..,"next_cursor":..} */
void sc_render_list_open(sc_buf *b);
void sc_render_list_close(sc_buf *b, int64_t total, sc_str next_cursor);
/* The same without the last brace: more members follow. */
void sc_render_list_end(sc_buf *b, int64_t total, sc_str next_cursor);

#endif
