/* The whole web on a real application, store and server, on a free port, and a small blocking client. */
#ifndef TEST_WEB_SUPPORT_H
#define TEST_WEB_SUPPORT_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/access.h"
#include "app_fixture.h"
#include "assets.h"
#include "base/json.h"
#include "base/log.h"
#include "web/contract.h"
#include "web/web.h"

typedef struct web_bench {
    app_fixture f;
    sc_web *web;
    sc_http_server *server;
    sc_contract *contract;
    int port;
    sc_id other;           /* a second project */
    sc_secret admin;       /* of all projects */
    sc_secret other_admin; /* of the second one */
} web_bench;

typedef struct web_answer {
    int status;
    sc_buf text; /* head and body */
    sc_str head, body;
} web_answer;

static inline void answer_done(web_answer *a) { sc_buf_done(&a->text); }

static inline sc_secret make_key(web_bench *w, const sc_id *project, unsigned scopes) {
    sc_key key;
    sc_secret secret;
    sc_err err = {0};
    if (sc_access_create_key(w->f.app, project, SC_STR("test"), scopes, 0, &w->f.arena, &key,
                             &secret, &err))
        fail_msg("%s", err.msg);
    return secret;
}

/* Set before web_open: what stands between the application and its store. */
static sc_store_ops (*web_wrap)(const sc_store_ops *real);

static inline int web_open(void **state) {
    static web_bench bench;
    web_bench *w = &bench;
    memset(w, 0, sizeof *w);
    signal(SIGPIPE, SIG_IGN);
    sc_log_setup(SC_LOG_OFF, false);
    app_fixture_open_with(&w->f, NULL, false, web_wrap);
    sc_err err = {0};
    sc_str text = {(const char *)sc_asset_openapi_json, sc_asset_openapi_json_len};
    if (sc_contract_load(text, &w->contract, &err)) fail_msg("%s", err.msg);
    sc_web_conf conf = {.app = w->f.app, .version = "test", .max_subscribers = 2};
    if (sc_web_new(&conf, &w->web, &err)) fail_msg("%s", err.msg);
    sc_http_conf http;
    sc_http_conf_default(&http);
    http.listen = "127.0.0.1:0";
    http.threads = 2;
    http.head_timeout_ms = 2000; /* also the grace of a body that does not come */
    if (sc_http_server_open(&http, sc_web_handler(w->web), &w->server, &err))
        fail_msg("%s", err.msg);
    sc_web_set_server(w->web, w->server);
    w->port = (int)strtol(strrchr(sc_http_server_url(w->server), ':') + 1, NULL, 10);
    sc_project other = {
        .id = sc_id_new(&sc_clock_system), .name = SC_STR("other"), .created_at_ms = 1};
    if (w->f.store.ops->project_put(w->f.store.self, &other, &err)) fail_msg("%s", err.msg);
    w->other = other.id;
    w->admin = make_key(w, NULL, SC_SCOPE_admin);
    w->other_admin = make_key(w, &w->other, SC_SCOPE_admin);
    *state = w;
    return 0;
}

static inline int web_close(void **state) {
    web_bench *w = *state;
    sc_web_drain(w->web);
    sc_http_server_drain(w->server, sc_now_ms(&w->f.clock) + 5000);
    sc_app_stop(w->f.app);
    sc_web_stop(w->web);
    sc_http_server_close(w->server);
    sc_web_free(w->web);
    sc_contract_free(w->contract);
    app_fixture_close(&w->f);
    return 0;
}

static inline int web_connect(const web_bench *w) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = 60};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)w->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to)) fail_msg("no connection");
    return fd;
}

static inline void web_send(int fd, sc_str bytes) {
    while (bytes.n) {
        ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
        if (n <= 0) return; /* the server may have answered already */
        bytes = (sc_str){bytes.p + n, bytes.n - (size_t)n};
    }
}

static inline void web_read(int fd, web_answer *ret) {
    char piece[65536];
    sc_buf_init(&ret->text, 256 << 20);
    for (ssize_t n; (n = recv(fd, piece, sizeof piece, 0)) > 0;)
        sc_buf_put(&ret->text, piece, (size_t)n);
    close(fd);
    sc_str all = sc_buf_str(&ret->text);
    size_t end = sc_str_find(all, SC_STR("\r\n\r\n"));
    if (end == SIZE_MAX || all.n < 12) fail_msg("no answer: %.*s", SC_FMT(all));
    ret->status = (int)strtol(all.p + 9, NULL, 10);
    ret->head = (sc_str){all.p, end + 2};
    ret->body = (sc_str){all.p + end + 4, all.n - end - 4};
}

/* One request; `headers` are whole lines ("A: b\r\n"). body.p NULL: none. */
static inline web_answer web_call(const web_bench *w, const char *method, const char *path,
                                  const char *headers, sc_str body) {
    web_answer a = {0};
    int fd = web_connect(w);
    SC_AUTO(sc_buf_done) sc_buf head;
    sc_buf_init(&head, 1 << 20);
    sc_buf_putf(&head, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n%s", method,
                path, w->port, headers);
    if (body.p) sc_buf_putf(&head, "Content-Length: %zu\r\n", body.n);
    sc_buf_puts(&head, "\r\n");
    web_send(fd, sc_buf_str(&head));
    web_send(fd, body);
    web_read(fd, &a);
    return a;
}

static inline const char *key_header(const sc_secret *s) {
    static char lines[4][128];
    static unsigned at;
    char *line = lines[at++ % 4];
    snprintf(line, sizeof lines[0], "X-API-Key: %s\r\n", s->text);
    return line;
}

/* With a JSON body (NULL: none) and a key; the status, and the answer where asked for. */
static inline int web_json(const web_bench *w, const sc_secret *key, const char *method,
                           const char *path, const char *body, web_answer *ret) {
    char headers[256];
    snprintf(headers, sizeof headers, "%s%s", key ? key_header(key) : "",
             body ? "Content-Type: application/json\r\n" : "");
    web_answer a = web_call(w, method, path, headers, body ? sc_str_of(body) : SC_STR_NONE);
    int status = a.status;
    if (ret)
        *ret = a;
    else
        answer_done(&a);
    return status;
}

static inline bool says(const web_answer *a, const char *words) {
    return sc_str_find(sc_buf_str(&a->text), sc_str_of(words)) != SIZE_MAX;
}

#endif
