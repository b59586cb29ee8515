/* Export and import: nothing is lost on the way from one store to another and back, row by row as the port tells it; and for
 * each table of each store it is decided what becomes of it. */
#include <ctype.h>
#include <sqlite3.h>

#include "app/transfer.h"
#include "app_fixture.h"
#include "app_ok.h"
#include "sources/registry.h"
#include "store_rows.h"
#include "stores/redis/script.h"

/* ---- What becomes of each table --------------------------------------------------------------------- */

/* TRAVELS: its rows are in an export. MADE: made anew from what travels. STAYS: a secret, or of this machine and this day. */
typedef enum fate { TRAVELS, MADE, STAYS } fate;

static const struct {
    const char *table;
    int columns; /* a new column is decided about, too */
    fate fate;
} tables[] = {
    {"project", 6, TRAVELS},   {"setting", 4, TRAVELS},      {"feedback", 17, TRAVELS},
    {"cluster", 33, TRAVELS},  {"decision", 21, TRAVELS},    {"correction", 11, TRAVELS},
    {"pair", 11, TRAVELS},     {"plan", 9, TRAVELS},         {"fix", 38, TRAVELS},
    {"fix_patch", 2, TRAVELS}, {"fix_log", 5, TRAVELS},      {"audit", 12, TRAVELS},
    {"job", 19, TRAVELS}, /* of fixes; others are asked for anew */
    {"item", 8, MADE},         {"model", 2, MADE},           {"side", 4, MADE},
    {"remodel", 5, MADE},      {"model_switch", 6, MADE},    {"tally", 3, MADE},
    {"arrival", 4, MADE},      {"source_arrival", 5, MADE},  {"chart", 4, MADE},
    {"answer", 3, MADE}, /* a memory of what was asked */
    {"api_key", 11, STAYS},    {"session", 7, STAYS},        {"event", 5, STAYS},
    {"probe", 3, STAYS},       {"sqlite_sequence", 2, MADE},
};

/* Families of keys, as the scripts name them. */
static const struct {
    const char *families;
    fate fate;
} redis_keys[] = {
    {"p pi pn s sn f m fi x k km c cr cf ca cs d ds q qo z zi zp zl y al ai ap j ja ki", TRAVELS},
    {"r w ws mo t ar fa fs ft fo fp is iv kr ks kc kd kv h js jt jr jl je ju jp jh jm jg seq jobs "
     "token aa at o",
     MADE},
    {"ak ah ss se e en ev ep b le", STAYS},
};

static int decided(const char *table) {
    for (size_t i = 0; i < SC_LEN(tables); i++)
        if (!strcmp(tables[i].table, table)) return tables[i].columns;
    return -1;
}

static void each_table_and_column_of_sqlite_has_its_decision(void **state) {
    (void)state;
    static app_fixture f;
    app_fixture_open(&f, NULL, false);
    char path[128];
    sqlite3 *db;
    sqlite3_stmt *q;
    size_t n = 0;
    snprintf(path, sizeof path, "%s/soulcaster.db", f.dir);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db,
                           "SELECT t.name, count(*) FROM sqlite_master t, "
                           "pragma_table_info(t.name) WHERE t.type = 'table' GROUP BY 1",
                           -1, &q, NULL),
        SQLITE_OK);
    while (sqlite3_step(q) == SQLITE_ROW) {
        const char *table = (const char *)sqlite3_column_text(q, 0);
        int columns = sqlite3_column_int(q, 1);
        if (decided(table) != columns)
            fail_msg("table %s has %d columns, %d were decided about: does what is new travel? "
                     "(app/export*.c, app/import*.c, docs/transfer.md, this table)",
                     table, columns, decided(table));
        n++;
    }
    assert_int_equal(n, SC_LEN(tables));
    sqlite3_finalize(q);
    sqlite3_close(db);
    app_fixture_close(&f);
}

static bool has_word(const char *list, sc_str word) {
    sc_str rest = sc_str_of(list), w;
    while (sc_str_next(&rest, ' ', &w))
        if (sc_str_eq(w, word)) return true;
    return false;
}

static void each_family_of_keys_of_redis_has_its_decision(void **state) {
    (void)state;
    for (int s = 0; s < SC_RD_SCRIPT_COUNT; s++) {
        sc_str rest = sc_str_of(sc_rd_script_keys((sc_rd_script)s)), key;
        while (sc_str_next(&rest, ' ', &key)) {
            if (sc_str_ends(key, ":")) key.n--;
            bool known = !key.n;
            for (size_t i = 0; i < SC_LEN(redis_keys); i++)
                known |= has_word(redis_keys[i].families, key);
            if (!known)
                fail_msg("keys %.*s: do they travel? (app/export*.c, docs/transfer.md, this table)",
                         SC_FMT(key));
        }
    }
}

/* ---- A store with something in every table that travels ------------------------------------------------ */

typedef struct world {
    sc_fx fx;
    sc_app *app;
    sc_clock clock;
    sc_embedder embedder;
} world;

static int64_t wall(void *self) { return ((world *)self)->fx.clock_ms; }
static int64_t mono(void *self) {
    (void)self;
    return sc_mono_us(&sc_clock_system);
}

static void open_world(world *w, const sc_store_ops *ops, const sc_embedder *em) {
    memset(w, 0, sizeof *w);
    w->fx.ops = ops;
    w->fx.clock_ms = T0;
    sc_arena_init(&w->fx.arena, (size_t)256 << 20);
    fx_make_dir(w->fx.dir, sizeof w->fx.dir);
    if (ops == &sc_store_redis) redis_server_empty();
    fx_open(&w->fx);
    w->clock = (sc_clock){wall, mono, w};
    sc_app_conf conf;
    sc_app_conf_default(&conf);
    conf.store = w->fx.store;
    conf.embedder = *em;
    conf.sources = sc_source_registry;
    conf.n_sources = SC_SOURCE_COUNT;
    conf.clock = &w->clock;
    ok(sc_app_new(&conf, &w->app, &failure));
}

static void close_world(world *w) {
    sc_app_free(w->app);
    sc_store_close(&w->fx.store);
    sc_arena_done(&w->fx.arena);
    fx_remove_dir(w->fx.dir);
}

static void put_setting(sc_fx *f, const sc_id *project, const char *name, const char *value) {
    f->clock_ms += 7;
    fx_ok(f, f->ops->setting_put(f->s, project, sc_str_of(name), sc_str_of(value), f->clock_ms,
                                 &f->err));
}

static void fill_settings(sc_fx *f) {
    put_setting(f, &f->a, "source.sentry",
                "{\"environments\":[\"prod\"],\"secret\":\"hush-hush\"}");
    put_setting(f, &f->a, "source.reddit", "{\"subreddits\":[\"a\",\"b\"]}");
    put_setting(f, &f->a, "refused.sentry", "{\"at_ms\":5,\"rc\":2,\"detail\":\"no\"}");
    put_setting(f, &f->a, "view.mine", "{\"id\":\"x\",\"query\":{},\"by\":\"ann\"}");
    put_setting(f, &f->a, "fix", "{\"enabled\":true}");
    put_setting(f, &f->b, "limits", "{\"max_reports\":7}");
    put_setting(f, NULL, "llm.use", "{\"day\":1}");
    put_setting(f, NULL, "form.key", "{\"key\":\"hush-key\"}");
    put_setting(f, NULL, "embedder.started", "{\"model\":\"m\"}");
    sc_key k = {.id = fx_id(f),
                .project_id = f->a,
                .name = SC_STR("ci"),
                .prefix = SC_STR("sc_12"),
                .scopes = SC_SCOPE_read,
                .created_at_ms = T0,
                .hash = {1}};
    fx_ok(f, f->ops->key_put(f->s, &k, &f->err));
}

static sc_cluster whole_cluster(sc_fx *f, const char *title) {
    sc_cluster k = fx_cluster(f, &f->a, title);
    k.summary = SC_STR("what \"it\"\nis");
    k.title_locked = k.summary_told = true;
    k.told = 3;
    k.status = SC_CLUSTER_pr_opened;
    k.snooze_until_ms = T0 + 5;
    k.repo_url = SC_STR("https://example.org/r");
    k.branch = SC_STR("fix/x");
    k.pr_url = SC_STR("https://example.org/r/1");
    k.issue_title = SC_STR("it");
    k.issue_description = SC_STR("id");
    k.error_message = SC_STR("em");
    return k;
}

/* Reports in two issues, a third one merged away; decisions that name others; corrections, a pair. */
static void fill_grouping(sc_fx *f, sc_cluster k[3], int64_t seqs[4]) {
    int64_t version;
    sc_assign as[3];
    for (int i = 0; i < 4; i++) {
        sc_feedback r = fx_feedback(f, &f->a);
        r.source = i % 2 ? SC_SOURCE_github : SC_SOURCE_sentry;
        r.stack = SC_STR("f (a.c)\ng (b.c)");
        r.repo = SC_STR("o/r");
        r.url = SC_STR("https://example.org/i");
        r.status = SC_STR("open");
        r.issue_number = 40 + i;
        r.received_at_ms += 5;
        seqs[i] = fx_put(f, &r).seq;
    }
    for (int i = 0; i < 3; i++) k[i] = whole_cluster(f, i == 1 ? "two" : "one");
    k[2].merged_into = k[0].id;
    k[1].cohesion_mean = k[1].cohesion_min = __builtin_nan("");
    for (int i = 0; i < 3; i++) as[i] = (sc_assign){seqs[i], k[i > 0].id, SC_STR("repr-bytes")};
    sc_decision d[] = {{.feedback_seq = seqs[0],
                        .cluster_id = k[0].id,
                        .reason = SC_REASON_first,
                        .evidence = {.mean = __builtin_nan(""), .best = .5, .conflict = true},
                        .shared_terms = SC_STR("[\"save\"]"),
                        .model = SC_STR("m1"),
                        .actor = SC_STR("worker"),
                        .job_id = fx_id(f),
                        .at_ms = T0},
                       {.feedback_seq = seqs[1],
                        .cluster_id = k[1].id,
                        .from_id = k[0].id,
                        .reason = SC_REASON_person_moved,
                        .nearest_seq = seqs[0],
                        .shared_terms = SC_STR("[]"),
                        .model = SC_STR("m1"),
                        .actor = SC_STR("ann"),
                        .note = SC_STR("why"),
                        .at_ms = T0 + 1}};
    sc_correction c[] = {{.id = fx_id(f),
                          .action_id = fx_id(f),
                          .kind = SC_CORRECTION_pin,
                          .feedback_seq = seqs[1],
                          .cluster_id = k[1].id,
                          .actor = SC_STR("ann"),
                          .at_ms = T0 + 2},
                         {.id = fx_id(f),
                          .action_id = fx_id(f),
                          .kind = SC_CORRECTION_apart,
                          .cluster_id = k[0].id,
                          .other_id = k[1].id,
                          .actor = SC_STR("llm:x"),
                          .at_ms = T0 + 3}};
    sc_group_write w = {.project_id = f->a,
                        .expect_version = fx_version(f, &f->a),
                        .model = "m1",
                        .assigns = as,
                        .n_assigns = 3,
                        .clusters = k,
                        .n_clusters = 3,
                        .decisions = d,
                        .n_decisions = 2,
                        .corrections = c,
                        .n_corrections = 2,
                        .now_ms = T0};
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
    sc_pair_write p = {.project_id = f->a,
                       .pair = {.a = k[0].id,
                                .b = k[1].id,
                                .state = SC_PAIR_two,
                                .probability = .5,
                                .a_count = 4,
                                .b_count = 2,
                                .model = SC_STR("toy"),
                                .why = SC_STR("other causes"),
                                .at_ms = T0}};
    fx_ok(f, f->ops->pair_put(f->s, &p, &f->err));
}

static void fill_fixes(sc_fx *f, const sc_id *cluster) {
    for (int64_t v = 1; v <= 2; v++) {
        sc_plan p = {.id = fx_id(f),
                     .project_id = f->a,
                     .cluster_id = *cluster,
                     .version = v,
                     .problem = SC_STR("p"),
                     .expected = SC_STR("e"),
                     .evidence = SC_STR("v"),
                     .acceptance = SC_STR("a"),
                     .by = SC_STR("ann"),
                     .created_at_ms = T0 + v};
        fx_ok(f, f->ops->plan_put(f->s, &p, &f->err));
    }
    for (int i = 0; i < 3; i++) {
        sc_job job = {.id = fx_id(f),
                      .project_id = f->a,
                      .kind = SC_STR("fix"),
                      .unique_key = SC_STR("fix:x"),
                      .payload = SC_STR("{\"a\":1}"),
                      .state = i ? SC_JOB_failed : SC_JOB_success,
                      .attempts = 2,
                      .max_attempts = 3,
                      .fence = 4,
                      .run_at_ms = T0 + 1,
                      .created_at_ms = T0 + i,
                      .updated_at_ms = T0 + 50 + i,
                      .ended_at_ms = T0 + 60 + i,
                      .error = SC_STR("no"),
                      .request_id = SC_STR("req-7")};
        sc_fix fix = {.cluster_id = *cluster,
                      .follows = fx_id(f),
                      .by = SC_STR("ann"),
                      .instructions = SC_STR("in"),
                      .agent = SC_STR("ag"),
                      .runner = SC_STR("ru"),
                      .plan_version = 2,
                      .step = SC_FIX_opened,
                      .reason = i ? SC_FIX_REASON_budget : SC_FIX_REASON_none,
                      .started_at_ms = T0 + 2,
                      .repository = SC_STR("o/r"),
                      .base_branch = SC_STR("main"),
                      .base_commit = SC_STR("aa"),
                      .head_commit = SC_STR("bb"),
                      .branch = SC_STR("soulcaster/x"),
                      .tests = SC_STR("{\"base\":{}}"),
                      .findings = SC_STR("[{}]"),
                      .blocked = SC_STR("[\"h\"]"),
                      .cost = {1, 2, 3, 4},
                      .pull = SC_FIX_PULL_merged,
                      .pull_number = 9,
                      .pull_url = SC_STR("https://example.org/p"),
                      .opened_at_ms = T0 + 3,
                      .merged_at_ms = T0 + 4,
                      .watch_until_ms = T0 + 5,
                      .seen_comments = 6,
                      .patch_bytes = 4,
                      .patch_files = 1,
                      .patch_added = 2,
                      .patch_removed = 3};
        sc_str patch = i ? (sc_str){"\xff\0ab", 4} : SC_STR("diff --git \"ä\"\n");
        fx_ok(f, f->ops->fix_keep(f->s, &job, &fix, i == 2 ? NULL : &patch, &f->err));
        for (int r = 0; r < 250; r++) {
            sc_fix_log row = {.stream = SC_STR("agent"),
                              .text = sc_str_of(sc_arena_printf(&f->arena, "row %d of %d\n", r, i)),
                              .at_ms = T0 + r};
            fx_ok(f, f->ops->fix_log_put(f->s, &job.id, &row, 1, 1 << 20, &f->err));
        }
    }
}

static void fill(world *w) {
    sc_fx *f = &w->fx;
    sc_cluster k[3];
    int64_t seqs[4];
    f->a = fx_project(f, "a");
    f->b = fx_project(f, "b");
    fill_settings(f);
    fill_grouping(f, k, seqs);
    fill_fixes(f, &k[0].id);
    sc_audit rows[2] = {
        {.id = fx_id(f),
         .project_id = f->a,
         .at_ms = T0,
         .actor = SC_STR("ann"),
         .key_id = fx_id(f),
         .action = SC_STR("mergeClusters"),
         .target = SC_STR("x"),
         .before = SC_STR("{\"a\":1}"),
         .after = SC_STR("{\"a\":2}"),
         .asked = SC_STR("{}"),
         .request_id = SC_STR("r")},
        {.id = fx_id(f), .at_ms = T0 + 1, .actor = SC_STR("local"), .action = SC_STR("createKey")}};
    size_t fresh;
    fx_ok(f, f->ops->audit_put(f->s, rows, 2, &fresh, &f->err));
}

/* ---- The way there and back ------------------------------------------------------------------------------- */

static bool keep(void *self, sc_str bytes) { return sc_buf_put_str(self, bytes); }

static sc_buf exported(world *w) {
    sc_buf b;
    sc_transfer_counts n;
    sc_buf_init(&b, 64 << 20);
    ok(sc_export(w->app, NULL, keep, &b, NULL, NULL, &n, &failure));
    assert_int_equal(n.fixes, 3);
    assert_int_equal(n.plans, 2);
    return b;
}

/* ---- What comes while it is written ------------------------------------------------------------------------ */

typedef struct late {
    world *w;
    const char *kind; /* of the line behind which it comes */
    bool came;
    sc_buf text;
} late;

/* An issue with a report, decisions, a correction, a suggestion, plans, fixes; and a project with a key and an audit row. */
static void come(sc_fx *f) {
    int64_t version;
    sc_arena *arena = &f->arena;
    sc_cluster *old, k = fx_cluster(f, &f->a, "late");
    size_t n;
    fx_ok(f, f->ops->clusters_since(f->s, &f->a, 0, arena, &old, &n, &f->err));
    sc_feedback r = fx_feedback(f, &f->a);
    int64_t seq = fx_put(f, &r).seq;
    sc_assign as = {seq, k.id, SC_STR("repr-bytes")};
    sc_decision d = {.feedback_seq = seq,
                     .cluster_id = k.id,
                     .from_id = old[0].id,
                     .reason = SC_REASON_person_moved,
                     .shared_terms = SC_STR("[]"),
                     .model = SC_STR("m1"),
                     .at_ms = T0};
    sc_correction c = {.id = fx_id(f),
                       .action_id = fx_id(f),
                       .kind = SC_CORRECTION_pin,
                       .feedback_seq = seq,
                       .cluster_id = k.id,
                       .at_ms = T0};
    sc_group_write w = {.project_id = f->a,
                        .expect_version = fx_version(f, &f->a),
                        .model = "m1",
                        .assigns = &as,
                        .n_assigns = 1,
                        .clusters = &k,
                        .n_clusters = 1,
                        .decisions = &d,
                        .n_decisions = 1,
                        .corrections = &c,
                        .n_corrections = 1,
                        .now_ms = T0};
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
    sc_pair_write p = {.project_id = f->a,
                       .pair = {.a = old[0].id,
                                .b = k.id,
                                .state = SC_PAIR_two,
                                .probability = .5,
                                .model = SC_STR("toy"),
                                .at_ms = T0}};
    fx_ok(f, f->ops->pair_put(f->s, &p, &f->err));
    fill_fixes(f, &k.id);
    sc_id fresh = fx_project(f, "late");
    sc_key key = {.id = fx_id(f),
                  .project_id = fresh,
                  .name = SC_STR("late"),
                  .prefix = SC_STR("sc_34"),
                  .scopes = SC_SCOPE_read,
                  .created_at_ms = T0,
                  .hash = {2}};
    fx_ok(f, f->ops->key_put(f->s, &key, &f->err));
    sc_audit row = {.id = fx_id(f),
                    .project_id = fresh,
                    .at_ms = T0,
                    .actor = SC_STR("ann"),
                    .action = SC_STR("createProject")};
    fx_ok(f, f->ops->audit_put(f->s, &row, 1, &n, &f->err));
}

static bool keep_and_come(void *self, sc_str line) {
    late *l = self;
    char start[64];
    snprintf(start, sizeof start, "{\"kind\":\"%s\"", l->kind);
    if (!l->came && sc_str_starts(line, start)) {
        l->came = true;
        come(&l->w->fx);
    }
    return sc_buf_put_str(&l->text, line);
}

static void note_behind(void *self, sc_str what, sc_str name) {
    sc_buf_putf(self, "%.*s:%.*s ", SC_FMT(what), SC_FMT(name));
}

static sc_transfer_counts import(world *w, sc_str text, sc_buf *behind) {
    sc_import_conf conf = {.self = behind, .behind = note_behind};
    sc_import *im;
    sc_transfer_counts n;
    sc_str line;
    int64_t no = 0;
    ok(sc_import_begin(w->app, &conf, &im, &failure));
    while (sc_str_next(&text, '\n', &line)) ok(sc_import_line(im, line, ++no, &failure));
    ok(sc_import_end(im, &n, &failure));
    return n;
}

/* Says where they differ: they are long. */
static void same(const sc_buf *is, const sc_buf *was) {
    size_t at = 0;
    while (at < is->n && at < was->n && is->p[at] == was->p[at]) at++;
    if (at == is->n && at == was->n) return;
    size_t from = at > 60 ? at - 60 : 0;
    fail_msg("\n  is  ...%.160s\n  was ...%.160s", is->p + from, was->p + from);
}

static void move(world *from, world *to) {
    SC_AUTO(sc_buf_done) sc_buf text = exported(from);
    SC_AUTO(sc_buf_done) sc_buf behind;
    SC_AUTO(sc_buf_done) sc_buf was = store_rows(&from->fx);
    sc_buf_init(&behind, 4096);
    assert_int_equal(sc_str_find(sc_buf_str(&text), SC_STR("hush")), SIZE_MAX);
    to->fx.a = from->fx.a;
    to->fx.b = from->fx.b;
    import(to, sc_buf_str(&text), &behind);
    SC_AUTO(sc_buf_done) sc_buf is = store_rows(&to->fx);
    same(&is, &was);
    fx_ok(&to->fx, to->fx.ops->verify(to->fx.s, NULL, NULL, &to->fx.err));
    sc_transfer_counts again = import(to, sc_buf_str(&text), &behind);
    assert_int_equal(again.projects + again.feedback + again.clusters + again.decisions +
                         again.corrections + again.settings + again.pairs + again.plans +
                         again.fixes + again.audits,
                     0);
    SC_AUTO(sc_buf_done) sc_buf twice = store_rows(&to->fx);
    same(&twice, &was);
}

static void all_rows_move_from_sqlite_to_redis_and_back(void **state) {
    (void)state;
    static app_fixture host;
    static world here, there, back;
    if (!redis_server_url()) skip();
    app_fixture_open(&host, NULL, false);
    open_world(&here, &sc_store_sqlite, &host.embedder);
    open_world(&there, &sc_store_redis, &host.embedder);
    open_world(&back, &sc_store_sqlite, &host.embedder);
    fill(&here);
    move(&here, &there);
    move(&there, &back);
    close_world(&here);
    close_world(&there);
    close_world(&back);
    app_fixture_close(&host);
}

static void what_stays_behind_is_said_by_name(void **state) {
    (void)state;
    static app_fixture host;
    static world here, there;
    app_fixture_open(&host, NULL, false);
    open_world(&here, &sc_store_sqlite, &host.embedder);
    open_world(&there, &sc_store_sqlite, &host.embedder);
    fill(&here);
    SC_AUTO(sc_buf_done) sc_buf text = exported(&here);
    SC_AUTO(sc_buf_done) sc_buf behind;
    sc_buf_init(&behind, 4096);
    import(&there, sc_buf_str(&text), &behind);
    assert_true(sc_str_find(sc_buf_str(&behind), SC_STR("key:ci (a)")) != SIZE_MAX);
    assert_true(sc_str_find(sc_buf_str(&behind), SC_STR("secret:source.sentry (a)")) != SIZE_MAX);
    close_world(&here);
    close_world(&there);
    app_fixture_close(&host);
}

static void import_what_was_exported_meanwhile(const sc_store_ops *from, const char *kind,
                                               const sc_embedder *em) {
    static world here, there;
    SC_AUTO(sc_buf_done) sc_buf behind;
    late l = {.w = &here, .kind = kind};
    sc_transfer_counts n;
    open_world(&here, from, em);
    open_world(&there, &sc_store_sqlite, em);
    fill(&here);
    sc_buf_init(&l.text, 64 << 20);
    sc_buf_init(&behind, 4096);
    ok(sc_export(here.app, NULL, keep_and_come, &l, NULL, NULL, &n, &failure));
    assert_true(l.came);
    sc_transfer_counts in = import(&there, sc_buf_str(&l.text), &behind);
    assert_int_equal(in.clusters, n.clusters);
    assert_int_equal(in.feedback, n.feedback);
    assert_int_equal(in.fixes, n.fixes);
    fx_ok(&there.fx, there.fx.ops->verify(there.fx.s, NULL, NULL, &there.fx.err));
    sc_buf_done(&l.text);
    close_world(&here);
    close_world(&there);
}

static void an_export_made_while_the_server_works_can_be_imported(void **state) {
    (void)state;
    static app_fixture host;
    /* Between the list of issues and the reports, and between any two of the lists behind them. */
    static const char *const kinds[] = {"project",    "setting", "cluster", "feedback", "decision",
                                        "correction", "pair",    "plan",    "fix",      "key"};
    app_fixture_open(&host, NULL, false);
    for (size_t i = 0; i < SC_LEN(kinds); i++) {
        import_what_was_exported_meanwhile(&sc_store_sqlite, kinds[i], &host.embedder);
        if (redis_server_url())
            import_what_was_exported_meanwhile(&sc_store_redis, kinds[i], &host.embedder);
    }
    app_fixture_close(&host);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_table_and_column_of_sqlite_has_its_decision),
        cmocka_unit_test(each_family_of_keys_of_redis_has_its_decision),
        cmocka_unit_test(all_rows_move_from_sqlite_to_redis_and_back),
        cmocka_unit_test(what_stays_behind_is_said_by_name),
        cmocka_unit_test(an_export_made_while_the_server_works_can_be_imported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
