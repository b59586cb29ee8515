/* The command line: what its verbs share.
 *
 * A verb is one constant table row (sc_verb) and one function; main.c lists the rows, and --help,
 * docs/cli.md and shell completion are printed from them. Verbs that look at or change reports speak
 * the public HTTP API and nothing else (sc_api): to the server they are told, to the one that runs on
 * the data folder, or to one that they start themselves, in this process, on a free port.
 *
 * In order: verbs, options, the stack (store to server), the API, files of reports, feeding them in,
 * output. Threads: one, the main thread; the stack has its own inside. */
#ifndef SC_CMD_CMD_H
#define SC_CMD_CMD_H

#include <jansson.h>
#include <stdio.h>

#include "app/app.h"
#include "base/conf.h"
#include "base/json.h"
#include "base/mem.h"
#include "core/repr.h"

/* ---- Verbs ------------------------------------------------------------------------------------- */

enum { SC_EXIT_OK = 0, SC_EXIT_FAILED = 1, SC_EXIT_USAGE = 2, SC_EXIT_REJECTED = 3 };

/* What a verb's options are drawn from besides its own rows. */
enum {
    SC_OPTS_DATA = 1,   /* --data, --env-file                                             */
    SC_OPTS_OUT = 2,    /* --json, --color                                                */
    SC_OPTS_CLIENT = 4, /* --server, --key, --project                                     */
    SC_OPTS_STACK = 8,  /* --log-level and the options of the store and of the embedder   */
    SC_OPTS_STORE = 32, /* which store, where the stack's other options are not taken      */
    SC_OPTS_SERVE = 16, /* --listen and the server's limits                               */
    SC_OPTS_ROLES = 64, /* --queues, --no-scheduler                                       */
    SC_OPTS_API = SC_OPTS_DATA | SC_OPTS_OUT | SC_OPTS_CLIENT, /* a client of the API     */
};

typedef enum sc_verb_group {
    SC_GROUP_RUN,
    SC_GROUP_FEED,
    SC_GROUP_LOOK,
    SC_GROUP_DECIDE,
    SC_GROUP_KEEP,
    SC_GROUP_HELP,
    SC_GROUP_COUNT
} sc_verb_group;

typedef struct sc_call sc_call;
typedef struct sc_verb {
    const char *name;
    sc_verb_group group;
    const char *summary;  /* one line, no full stop                        */
    const char *synopsis; /* what follows the name: "[FILE|-]..."          */
    const char *about;    /* paragraphs, parted by an empty line           */
    const char *examples; /* "# what\nsoulcaster ...\n" lines              */
    const char *exits;    /* exit codes beyond 0, 1 and 2, or NULL         */
    unsigned sets;        /* SC_OPTS_*                                     */
    const sc_opt *opts;   /* the verb's own rows, or NULL                  */
    size_t n_opts;
    size_t conf_size;       /* of the struct that the rows fill              */
    int (*run)(sc_call *c); /* the exit code                               */
} sc_verb;

enum { SC_MAX_EMBEDDERS = 8, SC_MAX_LLMS = 8, SC_MAX_STORES = 4 };

/* Options that several verbs share; the table is in options.c. */
typedef struct sc_common {
    const char *data, *env_file;
    bool json;
    const char *color;
    const char *server, *key, *project;
    const char *log_level;
    /* Of the stack. */
    const char *embedder, *models, *embed_when_down, *embed_max_usd;
    int64_t embed_timeout_ms, embed_max_requests, embed_max_tokens;
    const char *llm, *llm_tasks, *llm_prompts, *llm_max_usd;
    int64_t llm_timeout_ms, llm_settle_ms, llm_max_requests, llm_max_tokens;
    /* Of the server. */
    const char *listen;
    bool no_worker, no_scheduler, login_link;
    const char *queues;
    int64_t threads, max_connections, max_connections_per_address, address_rate, key_rate;
    int64_t max_body_bytes, max_buffered_bytes, max_queued_bytes, max_dead_letters, max_dead_bytes;
    int64_t head_timeout_ms, idle_timeout_ms, min_body_bytes_per_s, drain_ms, lease_ms, tidy_ms;
} sc_common;

struct sc_call {
    const sc_verb *verb;
    const sc_verb *const *verbs; /* all of them */
    size_t n_verbs;
    sc_common common;
    void *conf;         /* the verb's own, filled from its rows */
    const char **words; /* what is not an option                */
    size_t n_words;
    void *store_confs[SC_MAX_STORES];       /* in the registry's order */
    void *embedder_confs[SC_MAX_EMBEDDERS]; /* in the registry's order */
    void *llm_confs[SC_MAX_LLMS];           /* the same                */
    void *fix_conf;                         /* of fix_stack.c          */
    void *forge_conf;                       /* of all forges together  */
};

/* Parses and runs one command line. Returns the exit code. */
int sc_cmd_run(const sc_verb *const *verbs, size_t n_verbs, int argc, char **argv);

/* "soulcaster VERB: message" on stderr; returns `code`. */
int sc_cmd_fail(const sc_call *c, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same for an error; a usage error gives 2, any other 1. */
int sc_cmd_fail_err(const sc_call *c, const sc_err *err);
/* Usage error unless there are min..max words; true when it is one. */
bool sc_cmd_words_wrong(const sc_call *c, size_t min, size_t max);

/* Each verb's row; main.c puts them in order. */
extern const sc_verb sc_verb_serve, sc_verb_worker, sc_verb_scheduler, sc_verb_demo, sc_verb_ingest,
    sc_verb_import, sc_verb_clusters, sc_verb_show, sc_verb_search, sc_verb_trace, sc_verb_merge,
    sc_verb_split, sc_verb_move, sc_verb_undo, sc_verb_remove, sc_verb_sources, sc_verb_analyze,
    sc_verb_cleanup, sc_verb_keys, sc_verb_limits, sc_verb_retention, sc_verb_audit,
    sc_verb_projects, sc_verb_jobs, sc_verb_eval, sc_verb_doctor, sc_verb_backup, sc_verb_restore,
    sc_verb_export, sc_verb_model, sc_verb_sandbox, sc_verb_completion, sc_verb_help, sc_verb_agent,
    sc_verb_agent_script, sc_verb_fix, sc_verb_fixes, sc_verb_fix_log;
/* `soulcaster --help`, and a verb's page. */
void sc_help_overview(const sc_verb *const *verbs, size_t n_verbs, FILE *to);
void sc_help_verb(const sc_verb *verb, FILE *to);
/* The nearest verb by edit distance, or NULL. */
const sc_verb *sc_help_nearest(const sc_verb *const *verbs, size_t n_verbs, const char *name);

/* ---- Options ----------------------------------------------------------------------------------- */

/* Rows that lists have alike: {SC_OPT_LIMIT(offset, "50", 1000, "rows")}. */
#define SC_OPT_LIMIT(at, by_default, most, what)                                               \
    .name = "limit", .type = SC_OPT_INT, .offset = (at), .fallback = (by_default), .arg = "N", \
    .min = 1, .max = (most), .letter = 'n', .no_env = true, .help = (what)
#define SC_OPT_CURSOR(at)                                                                  \
    .name = "cursor", .type = SC_OPT_STR, .offset = (at), .arg = "CURSOR", .no_env = true, \
    .help = "go on after a page (next_cursor of --json)"
#define SC_OPT_ALL(at, what) \
    .name = "all", .type = SC_OPT_BOOL, .offset = (at), .no_env = true, .help = (what)

/* The rows that a verb takes, in one array (free with sc_free): its own (offset into call->conf) and
 * those of its sets. Offsets are of no use outside options.c; names and help are. */
sc_rc sc_options_rows(const sc_verb *verb, sc_opt **ret, size_t *ret_n, sc_err *err);
/* Fills c->common, c->conf, c->store_confs, c->embedder_confs and c->words. Problems one a line. */
sc_rc sc_options_parse(sc_call *c, int argc, char **argv, sc_buf *problems);
void sc_options_done(sc_call *c);

/* ---- The stack: store, embedder, app, web, server ------------------------------------------------ */

typedef struct sc_stack sc_stack;
typedef enum sc_stack_part {
    SC_STACK_STORE = 1,
    SC_STACK_APP = 2 | SC_STACK_STORE,
    SC_STACK_WORKER = 4 | SC_STACK_APP,
    SC_STACK_SERVER = 8 | SC_STACK_APP,
    SC_STACK_STAYS = 16,                    /* its embedder becomes the installation's */
    SC_STACK_SCHEDULER = 32 | SC_STACK_APP, /* stands for the lead */
} sc_stack_part;

/* Opens the parts from the call's options. `listen` NULL: what the options say. The data folder is
 * made when `parts` is more than the store. */
sc_rc sc_stack_open(const sc_call *c, unsigned parts, const char *listen, sc_stack **ret,
                    sc_err *err);
/* Finishes requests under way (at most c->common.drain_ms), commits, gives leases back, closes. NULL ok. */
void sc_stack_close(sc_stack *s);
sc_app *sc_stack_app(sc_stack *s);
const sc_store *sc_stack_store(const sc_stack *s);
const char *sc_stack_url(const sc_stack *s);
const sc_embedder *sc_stack_embedder(const sc_stack *s);

/* Only the embedder (for `eval`): open, use, close. *ret_hint: how a better one is had, or empty; static. */
sc_rc sc_stack_open_embedder(const sc_call *c, sc_embedder *ret, const char **ret_hint,
                             sc_err *err);
/* For the app: a further one, by its name or by its model's. */
sc_rc sc_stack_open_further(void *call, sc_str name, sc_embedder *ret, sc_err *err);
/* `model use` and `model status`. */
int sc_model_at_work(sc_call *c);
/* Where the encoder's models are: --models, or the folder `models` of the data. */
void sc_models_folder(const sc_call *c, char *ret, size_t room);
void sc_stack_close_embedder(sc_embedder *e);
/* The language model of --llm; ops NULL: none. */
sc_rc sc_stack_open_llm(const sc_call *c, sc_llm *ret, sc_err *err);
void sc_stack_close_llm(sc_llm *l);
/* What the options say of it besides: prompts (the caller's to end), tasks, caps, patience. */
sc_rc sc_stack_llm_conf(const sc_call *c, sc_prompts *ret_prompts, sc_app_conf *conf, sc_err *err);
/* What fixes need of this machine and of the options (fix_stack.c): runner, forges, git, the agents' models. SC_INVALID: an
 * option. What this machine lacks is no error: the API says it when a fix is asked for. *ret is to be closed in any case. */
typedef struct sc_fix_stack sc_fix_stack;
extern const sc_opt sc_fix_opts[];
extern const size_t sc_fix_opts_n;
sc_rc sc_fix_stack_open(const sc_call *c, bool works, sc_fix_stack **ret, sc_fix_conf *ret_conf,
                        sc_err *err);
void sc_fix_stack_close(sc_fix_stack *s);
/* Makes the demo's repository unless it is there (a bare one of the local forge). SC_NOT_FOUND: there is no git. */
sc_rc sc_demo_repo_make(const char *data, sc_err *err);
/* "1.50" dollars of an option to millionths. */
sc_rc sc_stack_usd(const char *option, const char *text, int64_t *ret, sc_err *err);
/* Another store of the same kind in the folder `data` (for restore). */
sc_rc sc_stack_open_store_at(const sc_call *c, const char *data, sc_store *ret, sc_err *err);
void sc_stack_close_store(sc_store *s);
/* Something is stored, as far as can be seen without opening it: the folder has a database, or the store is
 * elsewhere. */
bool sc_stack_is_stored(const sc_call *c);
/* The store is not in the data folder. */
bool sc_stack_is_elsewhere(const sc_call *c);
/* For a REST address of Redis that holds none, from the environment; NULL: there is none, or it is for another address
 * (UPSTASH_REDIS_REST_URL). */
const char *sc_stack_redis_token(const char *url);
/* The file that the store keeps in a data folder: "soulcaster.db". */
const char *sc_stack_store_file(void);

/* DIR/serve.json: the server that runs on a data folder, and a key of its own process. */
typedef struct sc_running {
    char url[128];
    char key[64];
    long pid;
} sc_running;
/* SC_NOT_FOUND when no server runs there (the file is missing, its process is gone, or /health is dumb). */
sc_rc sc_running_find(const char *data, sc_running *ret, sc_err *err);
sc_rc sc_running_write(const char *data, const sc_running *r, sc_err *err);
/* Removes the file when it is this process's. */
void sc_running_remove(const char *data);

/* Any number of processes may share a data folder (the store orders their writes); one that replaces the store's
 * file must have it alone. The lock is held while the descriptor is open; -1: there is no such folder. */
sc_rc sc_folder_share(const char *data, int *ret_fd, sc_err *err);
sc_rc sc_folder_own(const char *data, int *ret_fd, sc_err *err);

/* From now on SIGTERM and SIGINT wait for sc_signals_wait; call before threads start. */
void sc_signals_block(void);
/* For this thread they end the process again (while it is busy and nothing has to be put in order). */
void sc_signals_unblock(void);
/* Waits for one of them and returns it; a second one ends the process at once. */
int sc_signals_wait(void);
/* Logs to stderr as --log-level says: JSON, or text on a terminal. `fallback` is for verbs without it. */
void sc_log_from(const sc_call *c, const char *fallback);

/* ---- The API ----------------------------------------------------------------------------------- */

typedef struct sc_api sc_api;
enum {
    SC_API_GROUPS = 1, /* if it starts its own server, then with the grouping worker */
    SC_API_MAKES = 2,  /* ... also on a data folder that is not there yet; GROUPS too */
};

sc_rc sc_api_open(sc_call *c, unsigned flags, sc_api **ret, sc_err *err);
/* For a server that this process runs anyway. */
sc_rc sc_api_open_at(const char *url, const char *key, const char *project, sc_api **ret,
                     sc_err *err);
void sc_api_close(sc_api *a);
bool sc_api_is_own(const sc_api *a); /* started by sc_api_open in this process */
const char *sc_api_url(const sc_api *a);

/* Path and query: start with the path ("/api/clusters"), add pairs (an empty value adds nothing). */
void sc_path_start(sc_buf *b, const char *path);
void sc_path_add(sc_buf *b, const char *name, sc_str value);
void sc_path_int(sc_buf *b, const char *name, int64_t value);

/* One call. `body` NULL: none. *ret is the reply's JSON (the caller's; NULL for an empty one). A reply
 * of 400 and more is an error with the problem's words. `ret` may be NULL. */
sc_rc sc_api_do(sc_api *a, const char *method, const char *path, const json_t *body, json_t **ret,
                sc_err *err);
/* GET of all pages: fn for each item until it returns false. `path` has no cursor and no limit. */
typedef bool (*sc_api_item_fn)(void *self, const json_t *item);
sc_rc sc_api_each(sc_api *a, const char *path, sc_api_item_fn fn, void *self, sc_err *err);
/* Raw NDJSON there and back; SC_LIMITED carries retry_after_ms. The reply is in the arena. */
sc_rc sc_api_ndjson(sc_api *a, const char *path, sc_str body, sc_arena *arena, sc_str *ret,
                    sc_err *err);
/* Waits until nothing waits to be grouped; progress on stderr. */
sc_rc sc_api_wait_grouped(sc_api *a, sc_err *err);

/* The full id for what a person typed: a whole id, or at least 6 characters of its beginning or end that
 * only one id of the listing at `path` ("/api/clusters") has. */
sc_rc sc_api_resolve(sc_api *a, const char *path, const char *typed, sc_id *ret, sc_err *err);

/* Opens the API for a verb or says why not: true when it is open. */
bool sc_api_ready(sc_call *c, unsigned flags, sc_api **ret, int *ret_exit);
/* Prints the reply to --json, else gives false. */
bool sc_print_json(const sc_call *c, const json_t *v);

/* ---- Files of reports ---------------------------------------------------------------------------- */

/* Bytes of a file or "-"; .gz and .zst are told by their first bytes. */
typedef struct sc_reader sc_reader;
sc_rc sc_reader_open(const char *path, sc_reader **ret, sc_err *err);
void sc_reader_close(sc_reader *r);
/* 0 at the end. */
sc_rc sc_reader_read(sc_reader *r, char *into, size_t room, size_t *ret_n, sc_err *err);
/* A whole file, appended to ret. */
sc_rc sc_reader_all(const char *path, sc_buf *ret, sc_err *err);
/* The next line without its end (borrowed until the next call), at most max_bytes: a longer one gives
 * SC_TOO_LARGE and is skipped. SC_NOT_FOUND at the end. */
sc_rc sc_reader_line(sc_reader *r, size_t max_bytes, sc_str *ret, sc_err *err);
/* At least `want` bytes ahead if there are that many; borrowed. */
sc_rc sc_reader_peek(sc_reader *r, size_t want, sc_str *ret, sc_err *err);

/* CSV as RFC 4180 has it, and what people send: LF or CRLF, a byte order mark, quoted line ends, doubled
 * quotes. A quote inside an unquoted field is itself. A record that is wrong (text after a closing
 * quote, a quote that never closes, too large, too many fields) is an error of its own; reading goes
 * on at the next line. */
enum { SC_CSV_MAX_FIELDS = 512, SC_CSV_MAX_RECORD = 1 << 20 };
typedef sc_rc (*sc_read_fn)(void *self, char *into, size_t room, size_t *ret_n, sc_err *err);
typedef struct sc_csv {
    sc_read_fn read;
    void *self;
    char separator; /* 0: chosen from the first record: comma, semicolon or tab */
    sc_buf in;      /* bytes read and not used up                               */
    size_t at;      /* in `in`                                                  */
    int64_t line;   /* of in.p[at], from 1                                      */
    bool ended;
    sc_buf text; /* the fields of the record, unquoted                       */
    sc_str fields[SC_CSV_MAX_FIELDS];
    size_t n_fields;
    sc_str raw;       /* the record as it stands in the file, without its end     */
    int64_t raw_line; /* where it began                                           */
} sc_csv;
void sc_csv_init(sc_csv *c, sc_read_fn read, void *self, char separator);
void sc_csv_done(sc_csv *c);
/* SC_OK: fields, n_fields, raw and raw_line are set, borrowed until the next call. SC_INVALID: a wrong
 * record (raw and raw_line are set); go on. SC_NOT_FOUND: the end. */
sc_rc sc_csv_next(sc_csv *c, sc_err *err);

/* Reports out of JSONL, JSON (an array, or an object with "items") or CSV. */
typedef struct sc_records sc_records;
typedef struct sc_record {
    int64_t line; /* where it began; for a JSON array the element's number */
    sc_str raw;   /* as it stands in the file, borrowed until the next call */
    json_t *obj;  /* an object, owned by the records until the next call; NULL: unreadable */
} sc_record;
/* format: "jsonl", "json", "csv" or NULL to look. */
sc_rc sc_records_open(const char *path, const char *format, sc_records **ret, sc_err *err);
void sc_records_close(sc_records *r);
const char *sc_records_format(const sc_records *r);
/* SC_NOT_FOUND at the end; SC_INVALID or SC_TOO_LARGE: this record is unreadable (line and raw are
 * set), go on; anything else: give up. */
sc_rc sc_records_next(sc_records *r, sc_record *ret, sc_err *err);

/* Which column is which field. */
typedef struct sc_mapping sc_mapping;
/* `maps` are "from=to" pairs, parted by commas; source NULL: "generic", or what a record says itself. */
sc_rc sc_mapping_new(const sc_opt_list *maps, const char *source, sc_mapping **ret, sc_err *err);
void sc_mapping_free(sc_mapping *m);
/* The report as the API takes it (a new reference). */
sc_rc sc_mapping_apply(sc_mapping *m, const sc_record *r, json_t **ret, sc_err *err);
/* "title <- summary, body <- text; metadata <- label" */
void sc_mapping_tell(const sc_mapping *m, sc_buf *out);

/* ---- Feeding reports in -------------------------------------------------------------------------- */

typedef struct sc_feed_counts {
    int64_t lines, fresh, duplicate, filtered, rejected;
} sc_feed_counts;
typedef struct sc_feed sc_feed;
/* A rejected line: why, and the line as it was. */
typedef void (*sc_reject_fn)(void *self, int64_t line, const char *field, const char *reason,
                             sc_str raw);
sc_rc sc_feed_new(sc_api *a, sc_reject_fn reject, void *self, sc_feed **ret, sc_err *err);
void sc_feed_free(sc_feed *f);
/* Queues one report (as the API takes it); sends when a batch is full. */
sc_rc sc_feed_put(sc_feed *f, int64_t line, sc_str raw, const json_t *report, sc_err *err);
sc_rc sc_feed_flush(sc_feed *f, sc_err *err);
const sc_feed_counts *sc_feed_counts_get(const sc_feed *f);
void sc_feed_count_reject(sc_feed *f);

/* ---- Output -------------------------------------------------------------------------------------- */

typedef enum sc_style { SC_PLAIN, SC_BOLD, SC_DIM, SC_RED, SC_GREEN, SC_YELLOW, SC_CYAN } sc_style;

/* Decides once about colour and width; called by sc_cmd_run. */
void sc_out_setup(const char *color);
bool sc_out_terminal(void); /* stdout is one */
size_t sc_out_width(void);  /* columns; 0 = no limit */
/* Text of a report, made safe for a terminal and for one line (line ends become spaces). */
void sc_out_clean(sc_buf *out, sc_str text);
/* The same, but lines stay lines, each with `indent` spaces before it. */
void sc_out_block(sc_str text, size_t indent);
/* Columns that clean text takes on a terminal. */
size_t sc_out_columns(sc_str text);
void sc_out_styled(sc_style style, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "3 min ago" on a terminal, else RFC 3339; "-" for 0. */
void sc_out_time(sc_buf *out, int64_t ms);
/* The same from a JSON string. */
void sc_out_time_text(sc_buf *out, sc_str rfc3339);
/* The last 8 characters on a terminal, else the whole. */
void sc_out_id(sc_buf *out, sc_str id);
/* 12,345 */
void sc_out_number(sc_buf *out, int64_t n);
/* Flushes; SC_EXIT_FAILED with a word when stdout could not be written. */
int sc_out_end(int code);

enum { SC_TABLE_MAX_COLUMNS = 12 };
typedef struct sc_column {
    const char *head;
    bool right;
    bool gives;      /* is shortened when the line does not fit */
    unsigned leaves; /* when the last column would still be too short: 1 goes first; 0 stays */
} sc_column;
typedef struct sc_table {
    const sc_column *columns;
    size_t n_columns;
    sc_arena arena;
    struct sc_cell {
        sc_str text;
        sc_style style;
    } * cells;
    size_t n_cells, cap;
    bool failed;
} sc_table;
void sc_table_init(sc_table *t, const sc_column *columns, size_t n);
void sc_table_cell(sc_table *t, sc_style style, sc_str text);
void sc_table_cellf(sc_table *t, sc_style style, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void sc_table_print(sc_table *t); /* and forgets the rows */
void sc_table_done(sc_table *t);

/* Progress on stderr: one line that is rewritten on a terminal, else a line every few seconds. */
typedef struct sc_progress {
    const char *what;
    int64_t started_us, told_us;
    bool terminal, shown;
} sc_progress;
void sc_progress_start(sc_progress *p, const char *what);
void sc_progress_tell(sc_progress *p, int64_t done, int64_t total); /* total 0 = unknown */
void sc_progress_end(sc_progress *p);

void sc_sleep_ms(int64_t ms);

#endif
