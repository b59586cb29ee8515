#include "base/conf.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void env_name(const char *name, char *ret, size_t cap) {
    size_t n = (size_t)snprintf(ret, cap, "SOULCASTER_%s", name);
    for (size_t i = 0; i < n && i + 1 < cap; i++)
        ret[i] = ret[i] == '-' ? '_' : (char)toupper((unsigned char)ret[i]);
}

static void problem(sc_buf *out, const char *where, const char *name, const char *what) {
    sc_buf_putf(out, "%s%s: %s\n", where, name, what);
}

static bool parse_bool(const char *text, bool *ret) {
    static const char *const yes[] = {"1", "true", "yes", "on"}, *const no[] = {"0", "false", "no",
                                                                                "off", ""};
    for (size_t i = 0; i < SC_LEN(yes); i++)
        if (!strcmp(text, yes[i])) return *ret = true, true;
    for (size_t i = 0; i < SC_LEN(no); i++)
        if (!strcmp(text, no[i])) return *ret = false, true;
    return false;
}

static bool set(const sc_opt *o, void *conf, const char *text, const char *where,
                sc_buf *problems) {
    void *at = (char *)conf + o->offset;
    sc_err err = {0};
    sc_rc rc = SC_OK;
    switch (o->type) {
    case SC_OPT_STR: *(const char **)at = text; break;
    case SC_OPT_INT:
        rc = sc_num_i64(sc_str_of(text), o->min || o->max ? o->min : INT64_MIN,
                        o->min || o->max ? o->max : INT64_MAX, at, &err);
        break;
    case SC_OPT_BYTES: rc = sc_num_bytes(sc_str_of(text), at, &err); break;
    case SC_OPT_BOOL:
        if (!parse_bool(text, at)) rc = sc_fail(&err, SC_INVALID, "expected true or false");
        break;
    case SC_OPT_LIST: {
        sc_opt_list *l = at;
        if (l->n == SC_LEN(l->v))
            rc = sc_fail(&err, SC_INVALID, "given more than %zu times", SC_LEN(l->v));
        else
            l->v[l->n++] = text;
        break;
    }
    }
    if (rc) problem(problems, where, o->name, err.msg);
    return rc == SC_OK;
}

static const sc_opt *find(const sc_opt *rows, size_t n, const char *name, size_t len) {
    for (size_t i = 0; i < n; i++)
        if (strlen(rows[i].name) == len && !memcmp(rows[i].name, name, len)) return &rows[i];
    return NULL;
}

static bool take_long(const sc_opt *rows, size_t n_rows, void *conf, char **argv, int argc, int *i,
                      sc_buf *problems) {
    const char *name = argv[*i] + 2, *eq = strchr(name, '=');
    size_t len = eq ? (size_t)(eq - name) : strlen(name);
    const sc_opt *o = find(rows, n_rows, name, len);
    if (!o && len > 3 && !memcmp(name, "no-", 3)) {
        o = find(rows, n_rows, name + 3, len - 3);
        if (o && o->type == SC_OPT_BOOL && !eq) return set(o, conf, "false", "--", problems);
        o = NULL;
    }
    if (!o) {
        problem(problems, "", argv[*i], "no such option; --help lists them");
        return false;
    }
    if (o->type == SC_OPT_BOOL && !eq) return set(o, conf, "true", "--", problems);
    if (eq) return set(o, conf, eq + 1, "--", problems);
    if (*i + 1 >= argc) {
        problem(problems, "--", o->name, "needs a value");
        return false;
    }
    return set(o, conf, argv[++*i], "--", problems);
}

static bool take_short(const sc_opt *rows, size_t n_rows, void *conf, char **argv, int argc, int *i,
                       sc_buf *problems) {
    const char *word = argv[*i];
    for (size_t k = 0; k < n_rows; k++) {
        const sc_opt *o = &rows[k];
        if (!o->letter || o->letter != word[1]) continue;
        if (o->type == SC_OPT_BOOL && !word[2]) return set(o, conf, "true", "--", problems);
        if (word[2]) return set(o, conf, word + 2, "--", problems);
        if (*i + 1 < argc) return set(o, conf, argv[++*i], "--", problems);
        problem(problems, "--", o->name, "needs a value");
        return false;
    }
    problem(problems, "", word, "no such option; --help lists them");
    return false;
}

sc_rc sc_conf_parse(const sc_opt *rows, size_t n_rows, void *conf, int argc, char **argv,
                    const char **ret_words, size_t *ret_n_words, sc_buf *problems) {
    bool ok = true;
    for (size_t i = 0; i < n_rows; i++) {
        if (rows[i].fallback) ok = set(&rows[i], conf, rows[i].fallback, "", problems) && ok;
        if (rows[i].no_env || rows[i].type == SC_OPT_LIST) continue;
        char name[96];
        env_name(rows[i].name, name, sizeof name);
        const char *v = getenv(name);
        if (v && *v) ok = set(&rows[i], conf, v, "from the environment: ", problems) && ok;
    }
    size_t n = 0;
    bool options = true;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (options && !strcmp(word, "--"))
            options = false;
        else if (options && word[0] == '-' && word[1] == '-')
            ok = take_long(rows, n_rows, conf, argv, argc, &i, problems) && ok;
        else if (options && word[0] == '-' && word[1])
            ok = take_short(rows, n_rows, conf, argv, argc, &i, problems) && ok;
        else
            ret_words[n++] = word;
    }
    *ret_n_words = n;
    return ok ? SC_OK : SC_INVALID;
}

static void wrapped(sc_buf *out, const char *text, size_t indent, size_t width) {
    size_t col = indent;
    while (*text) {
        size_t len = strcspn(text, " ");
        if (col > indent && col + 1 + len > width) {
            sc_buf_putf(out, "\n%*s", (int)indent, "");
            col = indent;
        } else if (col > indent) {
            sc_buf_putc(out, ' ');
            col++;
        }
        sc_buf_put(out, text, len);
        col += len;
        text += len;
        while (*text == ' ') text++;
    }
    sc_buf_putc(out, '\n');
}

void sc_conf_help(const sc_opt *rows, size_t n_rows, size_t width, sc_buf *out) {
    enum { COLUMN = 28 };
    for (size_t i = 0; i < n_rows; i++) {
        const sc_opt *o = &rows[i];
        char left[96], env[96];
        char letter[8] = "    ";
        if (o->letter) snprintf(letter, sizeof letter, "-%c, ", o->letter);
        size_t n = (size_t)snprintf(left, sizeof left, "  %s--%s%s%s", letter, o->name,
                                    o->arg ? " " : "", o->arg ? o->arg : "");
        sc_buf_put(out, left, SC_MIN(n, sizeof left - 1));
        if (n + 2 > COLUMN)
            sc_buf_putf(out, "\n%*s", COLUMN, "");
        else
            sc_buf_putf(out, "%*s", (int)(COLUMN - n), "");
        char help[512];
        size_t used = (size_t)snprintf(help, sizeof help, "%s", o->help);
        if (o->fallback && *o->fallback && !o->secret && o->type != SC_OPT_BOOL &&
            used < sizeof help)
            used += (size_t)snprintf(help + used, sizeof help - used, " [%s]", o->fallback);
        if (!o->no_env && o->type != SC_OPT_LIST && used < sizeof help) {
            env_name(o->name, env, sizeof env);
            snprintf(help + used, sizeof help - used, " (%s)", env);
        }
        wrapped(out, help, COLUMN, width);
    }
}

static void env_line(char *line) {
    char *p = line + strspn(line, " \t");
    if (!strncmp(p, "export ", 7)) p += 7;
    char *eq = strchr(p, '=');
    if (*p == '#' || !eq || eq == p) return;
    *eq = 0;
    char *v = eq + 1;
    size_t n = strcspn(v, "\r\n");
    while (n && (v[n - 1] == ' ' || v[n - 1] == '\t')) n--;
    if (n >= 2 && (v[0] == '"' || v[0] == '\'') && v[n - 1] == v[0]) {
        v++;
        n -= 2;
    }
    v[n] = 0;
    setenv(p, v, 0);
}

sc_rc sc_conf_load_env(const char *path, sc_err *err) {
    FILE *f = fopen(path, "re");
    if (!f) return sc_fail_sys(err, errno == ENOENT ? SC_NOT_FOUND : SC_IO, errno, "open %s", path);
    char line[4096];
    while (fgets(line, sizeof line, f)) env_line(line);
    fclose(f);
    return SC_OK;
}
