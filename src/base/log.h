/* Logs: one JSON object a line on stderr, for machines first. On a terminal: short text lines.
 *
 * Only main, cmd, app and web log; library rooms return errors. A field whose key is listed as
 * secret never prints. Threads: thread-safe; lines appear whole, and in the order in which they were logged. */
#ifndef SC_BASE_LOG_H
#define SC_BASE_LOG_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

typedef enum sc_log_level {
    SC_LOG_DEBUG,
    SC_LOG_INFO,
    SC_LOG_WARN,
    SC_LOG_ERROR,
    SC_LOG_OFF
} sc_log_level;

/* Lines below `level` are dropped. `text` selects text lines instead of JSON. Default: INFO, JSON. */
void sc_log_setup(sc_log_level level, bool text);
/* "debug" ... "off"; SC_INVALID otherwise. */
sc_rc sc_log_level_parse(sc_str name, sc_log_level *ret, sc_err *err);
bool sc_log_on(sc_log_level level);

/* The request or job this thread works for; every line of the thread carries it. "" = none. */
void sc_log_context(const char *request_id);

typedef struct sc_log_field {
    const char *key;
    enum { SC_LOG_F_STR, SC_LOG_F_INT, SC_LOG_F_MS } kind;
    sc_str s;
    int64_t i;
} sc_log_field;

#define SC_F_STR(k, v) ((sc_log_field){.key = (k), .kind = SC_LOG_F_STR, .s = (v)})
#define SC_F_TXT(k, v) SC_F_STR(k, sc_str_of(v))
#define SC_F_INT(k, v) ((sc_log_field){.key = (k), .kind = SC_LOG_F_INT, .i = (int64_t)(v)})
#define SC_F_MS(k, us) /* microseconds, shown as milliseconds */ \
    ((sc_log_field){.key = (k), .kind = SC_LOG_F_MS, .i = (int64_t)(us)})

/* sc_log(SC_LOG_INFO, "request", SC_F_TXT("method", m), SC_F_INT("status", 200)); */
#define sc_log(level, event, ...)                                                     \
    sc_log_fields(level, event, (const sc_log_field[]){{.key = NULL}, ##__VA_ARGS__}, \
                  SC_LEN(((const sc_log_field[]){{.key = NULL}, ##__VA_ARGS__})))
void sc_log_fields(sc_log_level level, const char *event, const sc_log_field *f, size_t n);

/* For lines that come by the thousand (a request each): as sc_log, but a JSON line of level INFO or below may wait in
 * memory, some KiB at most, until the next line that is not of this kind, or sc_log_flush. True when this was the first
 * to wait: the caller sees to it that sc_log_flush is called soon. */
#define sc_log_later(level, event, ...)                                                     \
    sc_log_fields_later(level, event, (const sc_log_field[]){{.key = NULL}, ##__VA_ARGS__}, \
                        SC_LEN(((const sc_log_field[]){{.key = NULL}, ##__VA_ARGS__})))
bool sc_log_fields_later(sc_log_level level, const char *event, const sc_log_field *f, size_t n);
/* Writes what waits. Also at exit(3). */
void sc_log_flush(void);

/* Each line that is not dropped is handed on as well; never waits, any thread. The sink outlives the threads that log, or is taken off
 * (NULL) and one of them may still be in it. */
typedef struct sc_log_sink {
    void (*put)(void *self, sc_log_level level, const char *event, const char *request_id,
                const sc_log_field *f, size_t n);
    void *self;
} sc_log_sink;
void sc_log_sink_set(const sc_log_sink *to);

/* One line with the error's code, message, errno and field. */
void sc_log_err(sc_log_level level, const char *event, const sc_err *err);

#endif
