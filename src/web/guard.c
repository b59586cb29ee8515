#include "web/guard.h"

#include <stdio.h>

#include "web/metrics.h"
#include "web/render.h"

bool sc_guard_state_down(const sc_guard_state *g) {
    return g->breaker != SC_BREAKER_closed || g->capped;
}

void sc_render_guard(sc_buf *b, const sc_guard_state *g) {
    sc_render_str(b, "breaker", sc_str_of(sc_breaker_state_name(g->breaker)));
    sc_render_bool(b, "capped", g->capped);
    if (g->why.rc) sc_render_str(b, "reason", sc_str_of(g->why.msg));
    if (g->again_ms) sc_render_time(b, "asked_again_at", g->again_ms);
    sc_render_name(b, "today");
    sc_buf_putc(b, '{');
    sc_render_int(b, "requests", g->today.requests);
    sc_render_int(b, "tokens", g->today.tokens);
    sc_buf_putf(b, ",\"usd\":%.6f}", (double)g->today.micro_usd / 1e6);
}

void sc_metrics_guard(sc_buf *b, const char *name, const char *what, const sc_guard_state *g) {
    const struct {
        const char *name, *type, *help;
        double v;
    } rows[] = {
        {"requests_total", "counter", "Requests to %s.", (double)g->requests},
        {"failures_total", "counter", "Requests to %s without a whole answer.",
         (double)g->failures},
        {"limited_total", "counter", "Requests that %s answered with: wait.", (double)g->limited},
        {"capped", "gauge", "1 while a cap of the day on %s is reached.", g->capped},
        {"today_requests", "gauge", "Requests to %s booked today (UTC).",
         (double)g->today.requests},
        {"today_tokens", "gauge", "Tokens of %s booked today.", (double)g->today.tokens},
        {"today_usd", "gauge", "Dollars for %s booked today.", (double)g->today.micro_usd / 1e6},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        char family[80];
        snprintf(family, sizeof family, "soulcaster_%s_%s", name, rows[i].name);
        sc_str help = sc_str_of(rows[i].help);
        size_t at = sc_str_find(help, SC_STR("%s"));
        sc_buf_putf(b, "# HELP %s %.*s%s%s\n# TYPE %s %s\n%s %.17g\n", family, (int)at, help.p,
                    what, help.p + at + 2, family, rows[i].type, family, rows[i].v);
    }
    sc_buf_putf(b,
                "# HELP soulcaster_%s_breaker The circuit breaker's state.\n"
                "# TYPE soulcaster_%s_breaker gauge\n",
                name, name);
    for (sc_breaker_state k = SC_BREAKER_closed; k <= SC_BREAKER_half_open; k++)
        sc_buf_putf(b, "soulcaster_%s_breaker{state=\"%s\"} %d\n", name, sc_breaker_state_name(k),
                    g->breaker == k);
}
