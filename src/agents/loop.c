#include "agents/loop.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"

enum {
    TRIES = 5,
    MAX_WAIT_MS = 60000,
    MAX_RESULT = 48 << 10, /* bytes of one result */
    SAID = 300,            /* bytes of a line for people */
    REMEMBERED = 12,       /* calls that a new one is compared with */
    SAME_CALLS = 3,
    SAME_ERRORS = 3,
    QUIET_STEPS = 25, /* without a change */
    SILENT_TURNS = 2, /* without a call   */
    TURN_ARENA = 64 << 20,
};

typedef struct loop {
    const sc_loop_conf *conf;
    sc_dialog *dialog;
    sc_arena arena; /* of the turn */
    sc_loop_end *end;
    uint64_t calls[REMEMBERED]; /* hashes of calls and what came of them, since the last change */
    size_t n_calls;
    uint64_t last_error;
    int same_errors, silent, quiet;
    bool nudged, over;
} loop;

/* ---- For people ---------------------------------------------------------------------------------- */

static void say(const loop *l, const char *mark, sc_str text) {
    char line[SAID + 64];
    sc_str part = sc_str_clip(text, SAID);
    int n =
        snprintf(line, sizeof line, "%s%.*s%s", mark, SC_FMT(part), part.n < text.n ? "..." : "");
    for (int i = 0; i < n && i < (int)sizeof line - 1; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 127) line[i] = ' ';
    l->conf->say(l->conf->self, line);
}

static void say_call(const loop *l, const sc_dialog_call *c) {
    char mark[96];
    SC_AUTO(sc_buf_done) sc_buf args;
    sc_buf_init(&args, 1 << 20);
    if (c->args) sc_json_dump(c->args, &args);
    snprintf(mark, sizeof mark, "step %lld: %.40s ", (long long)l->end->steps, c->name);
    say(l, mark, sc_buf_str(&args));
}

static void say_result(const loop *l, sc_tool_end how, sc_str text) {
    char mark[64];
    size_t lines = 0;
    for (size_t i = 0; i < text.n; i++) lines += text.p[i] == '\n';
    if (how == SC_TOOL_FAILED || lines <= 1)
        say(l, "  ", text);
    else {
        /* A run's end says the most. */
        sc_str last = sc_str_trim(text);
        const char *lf = last.n ? memrchr(last.p, '\n', last.n) : NULL;
        if (lf) last = (sc_str){lf + 1, (size_t)(last.p + last.n - lf) - 1};
        snprintf(mark, sizeof mark, "  %zu lines, the last: ", lines);
        say(l, mark, last);
    }
}

static void give_up(loop *l, const char *why) {
    l->over = true;
    l->end->outcome = SC_LOOP_GAVE_UP;
    snprintf(l->end->why, sizeof l->end->why, "%s", why);
}

/* ---- Asking -------------------------------------------------------------------------------------- */

static void sleep_ms(int64_t ms) {
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (nanosleep(&t, &t)) {
    }
}

static sc_rc ask(loop *l, sc_dialog_turn *ret, sc_err *err) {
    int64_t wait = l->conf->retry_ms;
    for (int try = 1;; try++, wait *= 2) {
        sc_arena_reset(&l->arena);
        int64_t deadline = sc_now_ms(&sc_clock_system) + l->conf->ask_ms;
        sc_rc rc = sc_dialog_ask(l->dialog, deadline, &l->arena, ret, err);
        bool again = rc == SC_LIMITED || rc == SC_UPSTREAM || rc == SC_TIMEOUT;
        if (!rc || !again || try == TRIES) return rc;
        say(l, "the model does not answer: ", sc_str_of(err->msg));
        sleep_ms(SC_MIN(SC_MAX(wait, err->retry_after_ms), (int64_t)MAX_WAIT_MS));
    }
}

/* ---- Circles ------------------------------------------------------------------------------------- */

/* Is it going nowhere, and how? NULL: it is not. */
static const char *stuck(loop *l, const sc_dialog_call *c, sc_tool_end how, sc_str text) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4 << 20);
    sc_buf_puts(&b, c->name);
    if (c->args) sc_json_dump(c->args, &b);
    uint64_t call = sc_hash64(text.p, text.n, sc_hash64(b.p, b.n, 1));
    uint64_t error = how == SC_TOOL_FAILED ? sc_hash64(text.p, text.n, 2) : 0;
    if (how == SC_TOOL_EDITED) l->quiet = 0, l->n_calls = 0;
    l->same_errors = error && error == l->last_error ? l->same_errors + 1 : error ? 1 : 0;
    l->last_error = error;
    int same = 1;
    for (size_t i = 0; i < SC_MIN(l->n_calls, (size_t)REMEMBERED); i++) same += l->calls[i] == call;
    l->calls[l->n_calls++ % REMEMBERED] = call;
    if (same >= SAME_CALLS) return "the same call gave the same answer again and again";
    if (l->same_errors >= SAME_ERRORS) return "the same error came again and again";
    return NULL;
}

/* The first time it is told; the second time it is over. */
static sc_rc nudge(loop *l, const char *why, sc_err *err) {
    if (l->nudged) {
        give_up(l, why);
        return SC_OK;
    }
    char words[512];
    l->nudged = true;
    l->n_calls = 0;
    l->same_errors = l->quiet = l->silent = 0;
    snprintf(words, sizeof words,
             "You are not getting on: %s. Think about what you know, and take another way: read "
             "another place, or "
             "make the change that you think is right. If you are finished, or cannot go on, call "
             "`done` and say so.",
             why);
    say(l, "told the model: ", sc_str_of(why));
    return sc_dialog_say(l->dialog, sc_str_of(words), err);
}

/* ---- Steps --------------------------------------------------------------------------------------- */

static sc_rc do_calls(loop *l, const sc_dialog_turn *t, sc_err *err) {
    sc_str texts[SC_DIALOG_MAX_CALLS];
    const char *why = NULL;
    SC_AUTO(sc_buf_done) sc_buf out;
    sc_buf_init(&out, 8 << 20);
    for (size_t i = 0; i < t->n_calls; i++) {
        sc_buf_reset(&out);
        say_call(l, &t->calls[i]);
        sc_tool_end how =
            l->over ? SC_TOOL_FAILED
                    : sc_tool_call(&l->conf->box, t->calls[i].name, t->calls[i].args, &out);
        sc_str text = sc_str_clip(sc_buf_str(&out), MAX_RESULT);
        if (how == SC_TOOL_DONE) {
            l->over = true;
            snprintf(l->end->why, sizeof l->end->why, "%.*s",
                     SC_FMT(sc_str_clip(text, sizeof l->end->why - 1)));
        }
        l->end->edits += how == SC_TOOL_EDITED;
        say_result(l, how, text);
        const char *now = stuck(l, &t->calls[i], how, text);
        if (now) why = now;
        texts[i] = (sc_str){sc_arena_copy(&l->arena, text.p ? text.p : "", text.n), text.n};
        if (!texts[i].p) return sc_fail(err, SC_NOMEM, "no memory for a tool's result");
    }
    sc_rc rc = sc_dialog_results(l->dialog, t, texts, err);
    if (!rc && !l->over && !why && l->quiet >= QUIET_STEPS)
        why = "nothing was changed for many steps";
    return rc || l->over || !why ? rc : nudge(l, why, err);
}

static sc_rc step(loop *l, sc_err *err) {
    sc_dialog_turn turn = {.n_calls = 0};
    sc_rc rc = ask(l, &turn, err);
    if (rc) return rc;
    l->end->steps++;
    l->quiet++;
    if (turn.text.n) say(l, "the model: ", turn.text);
    if (turn.n_calls) {
        l->silent = 0;
        rc = do_calls(l, &turn, err);
    } else if (++l->silent >= SILENT_TURNS) {
        give_up(l, turn.why ? turn.why : "it talked and called no tool");
    } else {
        rc = sc_dialog_say(l->dialog,
                           SC_STR("Go on with a tool. If the work is finished, call `done`."), err);
    }
    sc_dialog_turn_done(&turn);
    return rc;
}

sc_rc sc_loop_run(const sc_loop_conf *conf, sc_loop_end *ret, sc_err *err) {
    *ret = (sc_loop_end){.outcome = SC_LOOP_DONE};
    loop l = {.conf = conf, .end = ret};
    sc_dialog_conf model = conf->model;
    model.system = conf->system;
    model.tools = sc_agent_tools;
    model.n_tools = sc_agent_tools_n;
    sc_arena_init(&l.arena, TURN_ARENA);
    sc_rc rc = sc_dialog_open(&model, &l.dialog, err);
    if (!rc) rc = sc_dialog_say(l.dialog, conf->task, err);
    while (!rc && !l.over) {
        if (ret->steps >= conf->max_steps)
            give_up(&l, "it has used all its steps");
        else
            rc = step(&l, err);
    }
    if (l.dialog) {
        ret->tokens_in = l.dialog->tokens_in;
        ret->tokens_out = l.dialog->tokens_out;
    }
    sc_dialog_close(l.dialog);
    sc_arena_done(&l.arena);
    return rc;
}
