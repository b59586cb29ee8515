/* A run's output, bounded: its beginning, its end, and how much lies between. See proc.h. */
#include "proc/proc.h"

void sc_proc_keep_init(sc_proc_keep *k, size_t max_head_bytes) {
    *k = (sc_proc_keep){.n_tail = 0};
    sc_buf_init(&k->head, max_head_bytes);
}

void sc_proc_keep_done(sc_proc_keep *k) { sc_buf_done(&k->head); }

void sc_proc_keep_put(sc_proc_keep *k, sc_str bytes) {
    size_t room = k->head.max - k->head.n, n = SC_MIN(room, bytes.n);
    if (n && !sc_buf_put(&k->head, bytes.p, n)) n = 0;
    bytes.p += n;
    bytes.n -= n;
    if (bytes.n >= sizeof k->tail) {
        size_t skip = bytes.n - sizeof k->tail;
        k->cut_bytes += (int64_t)(k->n_tail + skip);
        memcpy(k->tail, bytes.p + skip, sizeof k->tail);
        k->n_tail = sizeof k->tail;
        return;
    }
    size_t over = k->n_tail + bytes.n > sizeof k->tail ? k->n_tail + bytes.n - sizeof k->tail : 0;
    memmove(k->tail, k->tail + over, k->n_tail - over);
    k->n_tail -= over;
    k->cut_bytes += (int64_t)over;
    memcpy(k->tail + k->n_tail, bytes.p, bytes.n);
    k->n_tail += bytes.n;
}

bool sc_proc_keep_text(const sc_proc_keep *k, sc_buf *out) {
    sc_buf_put(out, k->head.p, k->head.n);
    if (k->cut_bytes) sc_buf_putf(out, "\n[%lld bytes left out]\n", (long long)k->cut_bytes);
    return sc_buf_put(out, k->tail, k->n_tail);
}
