/* What services answer, cut into pieces anywhere: the counts never go below nothing, and are the same however it is cut
 * (the estimate of a stream that breaks off aside). And the redactor: a secret that was put in never comes out, and what
 * holds none comes out as it was. The first bytes choose the shape, the kind and the piece. */
#include <stdlib.h>

#include "base/json.h"
#include "base/redact.h"
#include "proxy/usage.h"

static const char secret[] = "sk-canary-0123456789";

static sc_proxy_use count(sc_str in, sc_proxy_shape shape, bool events, size_t piece,
                          bool *counted) {
    static const sc_proxy_model m = {"m", 1000000, 2000000, 500000};
    sc_usage u;
    sc_proxy_use use;
    sc_usage_init(&u, shape, events);
    for (size_t i = 0; i < in.n; i += piece)
        sc_usage_put(&u, (sc_str){in.p + i, SC_MIN(piece, in.n - i)});
    sc_usage_end(&u);
    *counted = sc_usage_total(&u, &m, 7, &use);
    sc_usage_done(&u);
    if (use.tokens_in < 0 || use.tokens_out < 0 || use.micro_usd < 0) abort();
    return use;
}

static void redact(sc_str in, size_t piece) {
    static sc_redact *set;
    if (!set &&
        (sc_redact_new(&set, NULL) || sc_redact_add(set, SC_STR("sk-canary-0123456789"), NULL)))
        abort();
    sc_buf text, out;
    sc_redact_stream s;
    sc_buf_init(&text, 1 << 22);
    sc_buf_init(&out, 1 << 24);
    size_t half = in.n / 2;
    sc_buf_put(&text, in.p, half);
    sc_buf_puts(&text, secret);
    sc_buf_put(&text, in.p + half, in.n - half);
    sc_redact_start(&s, set);
    for (size_t i = 0; i < text.n; i += piece)
        if (!sc_redact_put(&s, (sc_str){text.p + i, SC_MIN(piece, text.n - i)}, &out)) abort();
    if (!sc_redact_end(&s, &out) || !s.n_found) abort();
    sc_redact_done(&s);
    if (sc_str_find(sc_buf_str(&out), sc_str_of(secret)) != SIZE_MAX) abort();
    sc_buf_done(&out);
    sc_buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3 || size > 1 << 20) return 0;
    sc_json_setup();
    sc_proxy_shape shape = data[0] % SC_PROXY_SHAPES;
    bool events = data[1] & 1, whole, cut;
    size_t piece = (size_t)data[2] % 64 + 1;
    sc_str in = {(const char *)data + 3, size - 3};
    sc_proxy_use a = count(in, shape, events, size, &whole);
    sc_proxy_use b = count(in, shape, events, piece, &cut);
    if (whole != cut || a.tokens_in != b.tokens_in || a.tokens_out != b.tokens_out ||
        a.micro_usd != b.micro_usd)
        abort();
    redact(in, piece);
    return 0;
}
