#include "web/form_guard.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

#define KEY_NAME "form.key"
enum { MAC_TEXT = 64 };

void sc_form_guard_init(sc_form_guard *g) { pthread_mutex_init(&g->lock, NULL); }

void sc_form_guard_done(sc_form_guard *g) { pthread_mutex_destroy(&g->lock); }

/* ---- The key ------------------------------------------------------------------------------------ */

static sc_rc read_key(const sc_store *s, unsigned char ret[32], bool *ret_found, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_str text;
    sc_arena_init(&arena, 65536);
    sc_rc rc = s->ops->setting_get(s->self, NULL, SC_STR(KEY_NAME), &arena, &text, err);
    if (rc) return rc;
    *ret_found = text.n == 66 && sc_hex_decode((sc_str){text.p + 1, 64}, ret, 32);
    return SC_OK;
}

/* Of several processes that make one at the same time all take the first. */
static sc_rc make_key(const sc_store *s, int64_t now_ms, sc_err *err) {
    unsigned char key[32];
    char text[67] = "\"";
    sc_random(key, sizeof key);
    sc_hex_encode(key, sizeof key, text + 1);
    memcpy(text + 65, "\"", 2);
    sc_rc rc = s->ops->setting_swap(s->self, NULL, SC_STR(KEY_NAME), SC_STR_NONE, sc_str_of(text),
                                    now_ms, err);
    return rc == SC_CONFLICT ? SC_OK : rc;
}

static sc_rc get_key(sc_form_guard *g, const sc_store *s, int64_t now_ms, unsigned char ret[32],
                     sc_err *err) {
    bool found;
    pthread_mutex_lock(&g->lock);
    found = g->has_key;
    memcpy(ret, g->key, 32);
    pthread_mutex_unlock(&g->lock);
    if (found) return SC_OK;
    sc_rc rc = read_key(s, ret, &found, err);
    if (!rc && !found) rc = make_key(s, now_ms, err);
    if (!rc && !found) rc = read_key(s, ret, &found, err);
    if (!rc && !found) rc = sc_fail(err, SC_STORE, "the form's key cannot be read");
    if (rc) return rc;
    pthread_mutex_lock(&g->lock);
    memcpy(g->key, ret, 32);
    g->has_key = true;
    pthread_mutex_unlock(&g->lock);
    return SC_OK;
}

/* ---- Marks -------------------------------------------------------------------------------------- */

static sc_rc sign(const unsigned char key[32], const sc_id *project, sc_str time_and_nonce,
                  char ret_hex[MAC_TEXT + 1], sc_err *err) {
    char text[128];
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    const int length =
        snprintf(text, sizeof text, "form|%s|%.*s", project->text, SC_FMT(time_and_nonce));
    if (length < 0 || (size_t)length >= sizeof text ||
        !HMAC(EVP_sha256(), key, 32, (const unsigned char *)text, (size_t)length, mac, &n) ||
        n != 32)
        return sc_fail(err, SC_INTERNAL, "the form's time could not be signed");
    sc_hex_encode(mac, 32, ret_hex);
    return SC_OK;
}

sc_rc sc_form_mark(sc_form_guard *g, const sc_store *s, const sc_id *project, int64_t now_ms,
                   char ret[SC_FORM_MARK], sc_err *err) {
    unsigned char key[32], nonce[SC_FORM_NONCE / 2];
    char hex[SC_FORM_NONCE + 1], mac[MAC_TEXT + 1], head[64];
    sc_rc rc = get_key(g, s, now_ms, key, err);
    if (rc) return rc;
    sc_random(nonce, sizeof nonce);
    sc_hex_encode(nonce, sizeof nonce, hex);
    snprintf(head, sizeof head, "%lld-%s", (long long)now_ms, hex);
    rc = sign(key, project, sc_str_of(head), mac, err);
    if (!rc) snprintf(ret, SC_FORM_MARK, "%s-%s", head, mac);
    return rc;
}

sc_rc sc_form_check(sc_form_guard *g, const sc_store *s, const sc_id *project, sc_str mark,
                    int64_t now_ms, sc_form_verdict *ret, sc_str *ret_nonce, sc_err *err) {
    unsigned char key[32];
    char want[MAC_TEXT + 1];
    int64_t made;
    sc_str rest = mark, time, nonce;
    *ret = SC_FORM_FORGED;
    if (!sc_str_next(&rest, '-', &time) || !sc_str_next(&rest, '-', &nonce) ||
        nonce.n != SC_FORM_NONCE || rest.n != MAC_TEXT ||
        sc_num_i64(time, 0, INT64_MAX, &made, NULL))
        return SC_OK;
    sc_rc rc = get_key(g, s, now_ms, key, err);
    if (!rc) rc = sign(key, project, (sc_str){mark.p, mark.n - MAC_TEXT - 1}, want, err);
    if (rc || !sc_mem_eq_const(want, rest.p, MAC_TEXT)) return rc;
    *ret = now_ms - made > SC_FORM_SLOWEST_MS || made > now_ms ? SC_FORM_STALE
           : now_ms - made < SC_FORM_FASTEST_MS                ? SC_FORM_FAST
                                                               : SC_FORM_FINE;
    *ret_nonce = nonce;
    return SC_OK;
}

/* ---- Counts ------------------------------------------------------------------------------------- */

/* Its counter; where there is none, the one whose window began first is given up. */
static struct sc_form_counter *counter_of(sc_form_guard *g, uint64_t who, int64_t now_us) {
    struct sc_form_counter *oldest = &g->counters[0];
    for (size_t i = 0; i < SC_FORM_COUNTERS; i++) {
        struct sc_form_counter *c = &g->counters[i];
        if (c->since_us && c->who == who && now_us - c->since_us < SC_FORM_WINDOW_US) return c;
        if (c->since_us < oldest->since_us) oldest = c;
    }
    *oldest = (struct sc_form_counter){.who = who, .since_us = SC_MAX(now_us, (int64_t)1)};
    return oldest;
}

bool sc_form_admit(sc_form_guard *g, const sc_id *project, sc_str address, int64_t now_us) {
    const uint64_t all = sc_hash64(project->text, strlen(project->text), 11);
    const uint64_t one = sc_hash64(address.p, address.n, all);
    pthread_mutex_lock(&g->lock);
    struct sc_form_counter *p = counter_of(g, all, now_us);
    bool fine = p->n < SC_FORM_BY_PROJECT;
    if (fine) {
        struct sc_form_counter *a = counter_of(g, one, now_us);
        fine = a->n < SC_FORM_BY_ADDRESS;
        a->n += fine;
        p->n += fine && a != p;
    }
    pthread_mutex_unlock(&g->lock);
    return fine;
}
