/* soulcaster agent-script: the demo's agent. It asks no model: it applies the prepared edit (demo/edits.json) whose words occur
 * most often in the task, and says so. For machines without a model's key. */
#include <stdio.h>
#include <stdlib.h>

#include "assets.h"
#include "cmd/cmd.h"

enum { MAX_TASK = 1 << 20, MAX_FILE = 1 << 20, LEAST_WORDS = 2 };

static bool holds(sc_str text, sc_str word) {
    for (size_t i = 0; i + word.n <= text.n; i++)
        if (sc_str_ieq((sc_str){text.p + i, word.n}, word)) return true;
    return false;
}

static int held(const json_t *words, sc_str task) {
    size_t i;
    json_t *word;
    int n = 0;
    json_array_foreach(words, i, word) n +=
        holds(task, (sc_str){json_string_value(word), json_string_length(word)});
    return n;
}

/* How many of an edit's words the task holds; 0 without one of those that it needs. */
static int fits(const json_t *edit, sc_str task) {
    return held(json_object_get(edit, "needs"), task) ? held(json_object_get(edit, "words"), task)
                                                      : 0;
}

static const json_t *choose(const json_t *edits, sc_str task) {
    const json_t *best = NULL;
    size_t i;
    json_t *e;
    int most = LEAST_WORDS - 1;
    const json_t *list = json_object_get(edits, "edits");
    json_array_foreach(list, i, e) {
        int n = fits(e, task);
        if (n > most) {
            most = n;
            best = e;
        }
    }
    return best;
}

static sc_rc edit_file(const json_t *f, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf text;
    sc_str path = sc_json_str_at(f, "path"), old = sc_json_str_at(f, "old");
    sc_str fresh = sc_json_str_at(f, "new");
    sc_buf_init(&text, MAX_FILE);
    sc_rc rc = sc_reader_all(path.p, &text, err);
    if (rc) return rc;
    size_t at = sc_str_find(sc_buf_str(&text), old);
    if (at == SIZE_MAX)
        return sc_fail(err, SC_CONFLICT, "%s does not hold what is to be edited", path.p);
    FILE *to = fopen(path.p, "we");
    if (!to) return sc_fail(err, SC_IO, "%s cannot be written", path.p);
    fwrite(text.p, 1, at, to);
    fwrite(fresh.p, 1, fresh.n, to);
    fwrite(text.p + at + old.n, 1, text.n - at - old.n, to);
    bool failed = ferror(to) != 0;
    if (fclose(to) || failed) return sc_fail(err, SC_IO, "%s was not written", path.p);
    printf("scripted: edited %s\n", path.p);
    return SC_OK;
}

static sc_rc apply(sc_str task, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *edits = NULL;
    sc_rc rc = sc_json_parse((sc_str){(const char *)sc_asset_demo_edits, sc_asset_demo_edits_len},
                             &edits, err);
    if (rc) return rc;
    const json_t *e = choose(edits, task);
    if (!e) {
        puts("scripted: there is no prepared edit for this task; nothing is changed");
        return SC_OK;
    }
    printf("scripted: this is a prepared edit (%s), no model was asked\n",
           sc_json_str_at(e, "name").p);
    size_t i;
    json_t *f;
    const json_t *files = json_object_get(e, "files");
    json_array_foreach(files, i, f) if (!rc) rc = edit_file(f, err);
    return rc;
}

static int agent_script(sc_call *c) {
    SC_AUTO(sc_buf_done) sc_buf task;
    sc_err err = {0};
    sc_buf_init(&task, MAX_TASK);
    if (sc_cmd_words_wrong(c, 1, 1)) return SC_EXIT_USAGE;
    sc_rc rc = sc_reader_all(c->words[0], &task, &err);
    if (!rc) rc = apply(sc_buf_str(&task), &err);
    return rc ? sc_cmd_fail_err(c, &err) : SC_EXIT_OK;
}

const sc_verb sc_verb_agent_script = {
    .name = "agent-script",
    .group = SC_GROUP_RUN,
    .summary = "the demo's scripted agent: a prepared edit, no model",
    .synopsis = "TASK-FILE",
    .about =
        "Run inside the sandbox of a fix whose agent is \"scripted\". In the current folder it "
        "applies the edit, of those that were "
        "prepared for the demo's repository, whose words the task holds; where none fits it "
        "changes nothing. It is there so that the "
        "whole way from a report to a merged change can be watched without a model's key.",
    .examples = "# as a fix does it\nsoulcaster agent-script task.md\n",
    .run = agent_script,
};
