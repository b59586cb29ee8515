/* Which embedder is at work, and opening it.
 *
 * auto takes the encoder as soon as a model of it is installed, else the builtin embedder. Whoever
 * runs the stack follows the same rule: servers, workers, eval, and verbs that start their own. */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "embedders/registry.h"

#define SUFFIX ".encoder"
enum { PATH_BYTES = 4096 };

static const char how_to_install[] =
    "no encoder model is installed: tools/fetch_encoder or `soulcaster model install` makes "
    "grouping better";

void sc_models_folder(const sc_call *c, char *ret, size_t room) {
    if (c->common.models && *c->common.models)
        snprintf(ret, room, "%s", c->common.models);
    else
        snprintf(ret, room, "%s/models", c->common.data);
}

/* The model that was installed last. */
static bool newest_model(const sc_call *c, char ret[PATH_BYTES]) {
    char folder[PATH_BYTES - 300];
    struct timespec best = {0};
    bool found = false;
    sc_models_folder(c, folder, sizeof folder);
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));) {
        char path[PATH_BYTES];
        struct stat st;
        if (e->d_name[0] == '.' || !sc_str_ends(sc_str_of(e->d_name), SUFFIX)) continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (stat(path, &st) || !S_ISREG(st.st_mode)) continue;
        bool newer = st.st_mtim.tv_sec > best.tv_sec ||
                     (st.st_mtim.tv_sec == best.tv_sec && st.st_mtim.tv_nsec > best.tv_nsec);
        if (found && !newer) continue;
        found = true;
        best = st.st_mtim;
        memcpy(ret, path, sizeof path);
    }
    if (d) closedir(d);
    return found;
}

/* The encoder's option that names its file; NULL: none was given. */
static const char **model_option(const sc_call *c, size_t i) {
    const sc_embedder_ops *ops = sc_embedders[i];
    for (size_t k = 0; k < ops->n_opts; k++)
        if (!strcmp(ops->opts[k].name, "encoder-model"))
            return (const char **)(void *)((char *)c->embedder_confs[i] + ops->opts[k].offset);
    return NULL;
}

static sc_rc open_one(const sc_call *c, size_t i, sc_embedder *ret, sc_err *err) {
    const sc_embedder_ops *ops = sc_embedders[i];
    void *self = sc_alloc(ops->size);
    if (!self) return sc_fail(err, SC_NOMEM, "out of memory");
    sc_rc rc = ops->open(self, ops->n_opts ? c->embedder_confs[i] : NULL, err);
    if (rc)
        sc_free(self);
    else
        *ret = (sc_embedder){ops, self};
    return rc;
}

/* The encoder with the file of --encoder-model, or with the model installed last. */
static sc_rc open_encoder(const sc_call *c, size_t i, sc_embedder *ret, sc_err *err) {
    char path[PATH_BYTES];
    const char **file = model_option(c, i);
    if (!file) return open_one(c, i, ret, err);
    bool given = *file && **file;
    if (!given && !newest_model(c, path)) return sc_fail(err, SC_NOT_FOUND, "%s", how_to_install);
    if (!given) *file = path;
    sc_rc rc = open_one(c, i, ret, err);
    if (!given) *file = NULL;
    return rc;
}

static bool model_given(const sc_call *c) {
    for (size_t i = 0; i < sc_embedders_n; i++) {
        const char **file = model_option(c, i);
        if (file && *file && **file) return true;
    }
    return false;
}

static sc_rc open_named(const sc_call *c, sc_str name, sc_embedder *ret, sc_err *err) {
    for (size_t i = 0; i < sc_embedders_n; i++) {
        if (!sc_str_is(name, sc_embedders[i]->name)) continue;
        return open_encoder(c, i, ret, err);
    }
    SC_AUTO(sc_buf_done) sc_buf names;
    sc_buf_init(&names, 1024);
    for (size_t i = 0; i < sc_embedders_n; i++) sc_buf_putf(&names, ", %s", sc_embedders[i]->name);
    return sc_fail(err, SC_INVALID, "--embedder %.40s: there are auto%s", c->common.embedder,
                   names.p ? names.p : "");
}

/* The file of an encoder's model name, "encoder-1/NAME-CHECKSUM/...". */
static bool file_of_model(const sc_call *c, sc_str model, char ret[PATH_BYTES]) {
    char folder[PATH_BYTES - 300];
    sc_str kind, name;
    if (!sc_str_next(&model, '/', &kind) || !sc_str_next(&model, '/', &name)) return false;
    while (name.n && name.p[name.n - 1] != '-') name.n--;
    if (name.n < 2) return false;
    sc_models_folder(c, folder, sizeof folder);
    snprintf(ret, PATH_BYTES, "%s/%.*s" SUFFIX, folder, (int)SC_MIN(name.n - 1, (size_t)200),
             name.p);
    return true;
}

static sc_rc open_model(const sc_call *c, size_t i, sc_str model, sc_embedder *ret, sc_err *err) {
    char path[PATH_BYTES];
    const char **file = model_option(c, i);
    const char *given = file ? *file : NULL;
    if (file && file_of_model(c, model, path) && access(path, R_OK) == 0) *file = path;
    sc_rc rc = file && !*file ? SC_NOT_FOUND : open_one(c, i, ret, err);
    if (file) *file = given;
    if (!rc && sc_str_is(model, ret->ops->model(ret->self))) return SC_OK;
    if (!rc) sc_stack_close_embedder(ret);
    return sc_fail(err, SC_NOT_FOUND, "the model %.*s is not there any more",
                   SC_FMT(sc_str_clip(model, 150)));
}

sc_rc sc_stack_open_further(void *call, sc_str name, sc_embedder *ret, sc_err *err) {
    const sc_call *c = call;
    for (size_t i = 0; i < sc_embedders_n; i++) {
        const sc_embedder_ops *ops = sc_embedders[i];
        if (ops->remote) continue; /* only as the configured one: it has a budget and a breaker */
        if (sc_str_is(name, ops->name)) return open_named(c, name, ret, err);
        if (sc_str_starts(name, ops->name) && name.n > strlen(ops->name) &&
            name.p[strlen(ops->name)] == '-')
            return open_model(c, i, name, ret, err);
    }
    return sc_fail(err, SC_NOT_FOUND, "no embedder that this process can open has that name");
}

sc_rc sc_stack_open_embedder(const sc_call *c, sc_embedder *ret, const char **ret_hint,
                             sc_err *err) {
    const char *name = c->common.embedder;
    *ret_hint = "";
    if (strcmp(name, "auto") != 0) {
        sc_rc rc = open_named(c, sc_str_of(name), ret, err);
        return rc == SC_NOT_FOUND ? sc_fail(err, SC_INVALID, "%s", how_to_install) : rc;
    }
    sc_err why = {0};
    sc_rc rc = open_named(c, SC_STR("encoder"), ret, &why);
    if (!rc) return SC_OK;
    if (rc == SC_NOT_FOUND) {
        *ret_hint = how_to_install;
    } else if (model_given(c)) {
        if (err) *err = why;
        return rc;
    } else { /* a damaged model must not stop grouping */
        sc_log_err(SC_LOG_WARN, "the builtin embedder is used: the encoder does not open", &why);
        *ret_hint = "the encoder's model does not open: `soulcaster model verify` says why";
    }
    return open_named(c, SC_STR("builtin"), ret, err);
}

void sc_stack_close_embedder(sc_embedder *e) {
    if (!e->ops) return;
    if (e->ops->close) e->ops->close(e->self);
    sc_free(e->self);
    *e = (sc_embedder){NULL, NULL};
}
