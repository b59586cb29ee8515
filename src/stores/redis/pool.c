/* Which connection a command goes over: a few a server, taken and given back; in a cluster, the server that has the
 * key's slot (https://redis.io/docs/reference/cluster-spec/). */
#include <stdio.h>

#include "stores/redis/store.h"

enum { REST_LOOK_MS = 1000 }; /* each one is an HTTP exchange, and counted */

/* ---- Slots --------------------------------------------------------------------------------------- */

/* CRC-16/XMODEM, as the cluster's specification has it. */
static unsigned crc16(const char *p, size_t n) {
    unsigned crc = 0;
    for (size_t i = 0; i < n; i++) {
        crc ^= (unsigned)(unsigned char)p[i] << 8;
        for (int bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
    }
    return crc & 0xffff;
}

/* Every key of ours has a tag in braces. */
static unsigned slot_of(const char *key) {
    const char *from = strchr(key, '{'), *to = from ? strchr(from, '}') : NULL;
    if (!to || to == from + 1) return crc16(key, strlen(key)) % SC_RD_SLOTS;
    return crc16(from + 1, (size_t)(to - from) - 1) % SC_RD_SLOTS;
}

/* With the lock. The node's index; the last place is used again when there are too many. */
static size_t node_at(sc_rd *s, sc_str host, int port) {
    for (size_t i = 0; i < s->n_nodes; i++)
        if (s->nodes[i].address.port == port && sc_str_is(host, s->nodes[i].address.host)) return i;
    if (s->n_nodes == SC_RD_NODES || host.n >= sizeof s->nodes[0].address.host) return 0;
    sc_rd_node *n = &s->nodes[s->n_nodes];
    *n = (sc_rd_node){.address = s->nodes[0].address};
    memcpy(n->address.host, host.p, host.n);
    n->address.host[host.n] = 0;
    n->address.port = port;
    return s->n_nodes++;
}

typedef struct redirect {
    bool moved, ask;
    unsigned slot;
    sc_str host;
    int port;
} redirect;

/* "MOVED 3999 127.0.0.1:6381", "ASK 3999 127.0.0.1:6381" */
static redirect redirect_of(sc_str said) {
    redirect r = {.moved = sc_str_starts(said, "MOVED "), .ask = sc_str_starts(said, "ASK ")};
    sc_str word, slot, at;
    int64_t number, port;
    size_t colon = SIZE_MAX;
    if (!r.moved && !r.ask) return r;
    sc_str_next(&said, ' ', &word);
    bool ok = sc_str_next(&said, ' ', &slot) && sc_str_next(&said, ' ', &at) &&
              !sc_num_i64(slot, 0, SC_RD_SLOTS - 1, &number, NULL);
    for (size_t i = 0; ok && i < at.n; i++)
        if (at.p[i] == ':') colon = i;
    ok = ok && colon != SIZE_MAX &&
         !sc_num_i64((sc_str){at.p + colon + 1, at.n - colon - 1}, 1, 65535, &port, NULL);
    if (!ok) return (redirect){.moved = false};
    r.slot = (unsigned)number;
    r.host = (sc_str){at.p, colon};
    r.port = (int)port;
    return r;
}

/* ---- Connections --------------------------------------------------------------------------------- */

static sc_rc take(sc_rd *s, size_t node, sc_rd_link **ret, sc_err *err) {
    pthread_mutex_lock(&s->lock);
    sc_rd_node *n = &s->nodes[node];
    while (!n->n_idle && n->n_used == SC_RD_LINKS) pthread_cond_wait(&s->link_free, &s->lock);
    n->n_used++;
    sc_rd_link *l = n->n_idle ? n->idle[--n->n_idle] : NULL;
    sc_rd_address address = n->address;
    pthread_mutex_unlock(&s->lock);
    if (l && !sc_rd_link_fresh(l)) {
        sc_rd_link_close(l);
        l = NULL;
    }
    sc_rc rc = l ? SC_OK : sc_rd_link_open(&address, &l, err);
    if (rc) {
        pthread_mutex_lock(&s->lock);
        s->nodes[node].n_used--;
        pthread_cond_signal(&s->link_free);
        pthread_mutex_unlock(&s->lock);
        return rc;
    }
    *ret = l;
    return SC_OK;
}

static void give(sc_rd *s, size_t node, sc_rd_link *l, bool good) {
    pthread_mutex_lock(&s->lock);
    sc_rd_node *n = &s->nodes[node];
    n->n_used--;
    if (good) n->idle[n->n_idle++] = l;
    pthread_cond_signal(&s->link_free);
    pthread_mutex_unlock(&s->lock);
    if (!good) sc_rd_link_close(l);
}

typedef struct command {
    const char *text;
    size_t n;
    bool again;
} command;

static sc_rc asking(sc_rd_link *l, sc_err *err) {
    static const char text[] = "*1\r\n$6\r\nASKING\r\n";
    redisReply *reply;
    sc_rc rc = sc_rd_link_send(l, text, sizeof text - 1, err);
    if (!rc) rc = sc_rd_link_reply(l, &reply, err);
    if (!rc) freeReplyObject(reply);
    return rc;
}

/* Sent twice only when the server cannot have run it, or may run it twice. *ret_done: it may have been done, and must
 * not be sent again, there or elsewhere. */
static sc_rc exchange(sc_rd *s, size_t node, bool ask, const command *c, redisReply **ret,
                      bool *ret_done, sc_err *err) {
    for (int turn = 0;; turn++) {
        sc_rd_link *l = NULL;
        *ret_done = false;
        sc_rc rc = take(s, node, &l, err);
        if (rc) return rc;
        if (ask) rc = asking(l, err);
        if (!rc) rc = sc_rd_link_send(l, c->text, c->n, err);
        bool sent = !rc;
        if (!rc) rc = sc_rd_link_reply(l, ret, err);
        give(s, node, l, !rc);
        *ret_done = rc && sent && !c->again;
        if (*ret_done) sc_wrap(err, "it is not known whether this was written");
        if (!rc || rc == SC_NOMEM || turn || *ret_done) return rc;
    }
}

/* Where the answer says to go on. A server that names no host means its own. */
static size_t follow(sc_rd *s, size_t node, const redirect *r) {
    pthread_mutex_lock(&s->lock);
    sc_str host = r->host.n ? r->host : sc_str_of(s->nodes[node].address.host);
    size_t to = node_at(s, host, r->port);
    if (r->moved) s->slots[r->slot] = (uint8_t)to;
    pthread_mutex_unlock(&s->lock);
    return to;
}

sc_rc sc_rd_command(sc_rd *s, const char *key, int argc, const char **argv, const size_t *lens,
                    bool again, redisReply **ret, sc_err *err) {
    enum { MOST_TURNS = 5 };
    char *text = NULL;
    int n = redisFormatCommandArgv(&text, argc, argv, lens);
    if (n < 0) return sc_fail(err, SC_NOMEM, "no memory for a command of Redis");
    const command c = {text, (size_t)n, again};
    pthread_mutex_lock(&s->lock);
    size_t node = key ? s->slots[slot_of(key)] : 0, n_nodes = key ? s->n_nodes : 1, gone = 0;
    pthread_mutex_unlock(&s->lock);
    bool ask = false, done = false;
    sc_rc rc = SC_STORE;
    for (int turn = 0;;) {
        redisReply *reply = NULL;
        rc = exchange(s, node, ask, &c, &reply, &done, err);
        if (rc && !done && rc != SC_NOMEM && ++gone < n_nodes) {
            node = (node + 1) % n_nodes; /* any other server knows who has the slot now */
            ask = false;
            continue;
        }
        if (rc) break;
        redirect r = {.moved = false};
        if (reply->type == REDIS_REPLY_ERROR && !s->nodes[0].address.rest)
            r = redirect_of((sc_str){reply->str, reply->len});
        if ((!r.moved && !r.ask) || turn++ == MOST_TURNS) {
            *ret = reply;
            break;
        }
        node = follow(s, node, &r);
        ask = r.ask;
        freeReplyObject(reply);
    }
    redisFreeCommand(text);
    return rc;
}

/* ---- Life ---------------------------------------------------------------------------------------- */

sc_rc sc_rd_pool_open(sc_rd *s, const sc_redis_conf *conf, sc_err *err) {
    sc_rd_address address;
    sc_rc rc = sc_rd_address_parse(sc_str_of(conf->url), conf->token, &address, err);
    if (rc) return rc;
    if (conf->ca_file && strlen(conf->ca_file) >= sizeof address.ca_file)
        return sc_fail_field(err, SC_INVALID, "redis-ca", "the path is too long");
    snprintf(address.ca_file, sizeof address.ca_file, "%s", conf->ca_file ? conf->ca_file : "");
    address.timeout_ms = (int)conf->timeout_ms;
    s->nodes = sc_alloc_array(SC_RD_NODES, sizeof *s->nodes);
    if (!s->nodes) return sc_fail(err, SC_NOMEM, "no memory for the store");
    s->nodes[0].address = address;
    s->look_ms = conf->look_ms || !address.rest ? conf->look_ms : REST_LOOK_MS;
    s->n_nodes = 1;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->link_free, NULL);
    s->ready = true;
    return SC_OK;
}

void sc_rd_pool_close(sc_rd *s) {
    for (size_t i = 0; i < s->n_nodes; i++)
        while (s->nodes[i].n_idle) sc_rd_link_close(s->nodes[i].idle[--s->nodes[i].n_idle]);
    if (s->ready) {
        pthread_mutex_destroy(&s->lock);
        pthread_cond_destroy(&s->link_free);
    }
    sc_free(s->nodes);
    *s = (sc_rd){.ready = false};
}
