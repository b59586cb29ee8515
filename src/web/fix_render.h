/* Fixes as JSON text, in the contract's words. Threads: pure. */
#ifndef SC_WEB_FIX_RENDER_H
#define SC_WEB_FIX_RENDER_H

#include "app/fix.h"
#include "web/render.h"

/* plan_id: of the plan it works by; NULL where that is not looked up. */
/* title: of its issue; none: the issue is gone. */
void sc_render_fix(sc_buf *b, const sc_fix *f, sc_str title, const sc_id *plan_id);
void sc_render_fix_log(sc_buf *b, const sc_fix_log *l);
void sc_render_plan(sc_buf *b, const sc_plan *p);
void sc_render_pull(sc_buf *b, const sc_fix *f, const sc_fix_pull_view *v);
void sc_render_fix_state(sc_buf *b, const sc_fix_state *s);

#endif
