/* soulcaster completion: what a shell needs to finish words, from the verbs' rows. */
#include "cmd/cmd.h"

/* What a value is, told from its placeholder. */
static const char *kind_of(const sc_opt *o) {
    if (!o->arg) return "";
    if (strstr(o->arg, "FILE")) return "file";
    if (!strcmp(o->arg, "DIR")) return "dir";
    return "value";
}

static void words_of(const sc_verb *v, FILE *to) {
    if (!strcmp(v->name, "keys")) fputs(" list create revoke login", to);
    if (!strcmp(v->name, "projects")) fputs(" list create", to);
    if (!strcmp(v->name, "jobs")) fputs(" list dead retry drop", to);
    if (!strcmp(v->name, "completion")) fputs(" bash zsh", to);
}

static void each_verb(const sc_call *c, FILE *to,
                      void (*fn)(const sc_verb *v, const sc_opt *rows, size_t n, FILE *to)) {
    for (size_t i = 0; i < c->n_verbs; i++) {
        sc_opt *rows = NULL;
        size_t n = 0;
        if (sc_options_rows(c->verbs[i], &rows, &n, NULL) == SC_OK) fn(c->verbs[i], rows, n, to);
        sc_free(rows);
    }
}

static void bash_verb(const sc_verb *v, const sc_opt *rows, size_t n, FILE *to) {
    fprintf(to, "        %s) words=\"--help", v->name);
    for (size_t i = 0; i < n; i++) fprintf(to, " --%s", rows[i].name);
    words_of(v, to);
    fputs("\" ;;\n", to);
}

/* Flags whose value is a file or a folder, over all verbs (a name means the same everywhere). */
static void bash_values(const sc_call *c, const char *kind, FILE *to) {
    const char *bar = "";
    for (size_t i = 0; i < c->n_verbs; i++) {
        sc_opt *rows = NULL;
        size_t n = 0;
        if (sc_options_rows(c->verbs[i], &rows, &n, NULL)) continue;
        for (size_t k = 0; k < n; k++) {
            if (strcmp(kind_of(&rows[k]), kind)) continue;
            fprintf(to, "%s--%s", bar, rows[k].name);
            bar = "|";
        }
        sc_free(rows);
    }
}

static void bash(const sc_call *c, FILE *to) {
    fputs("# soulcaster: completion for bash. To use it: source <(soulcaster completion bash)\n"
          "_soulcaster() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=\n"
          "    COMPREPLY=()\n"
          "    if ((COMP_CWORD == 1)) || [[ $COMP_CWORD == 2 && ${COMP_WORDS[1]} == help ]]; then\n"
          "        mapfile -t COMPREPLY < <(compgen -W \"",
          to);
    for (size_t i = 0; i < c->n_verbs; i++) fprintf(to, "%s ", c->verbs[i]->name);
    fputs("--help --version\" -- \"$cur\")\n        return\n    fi\n    case $prev in\n        ",
          to);
    bash_values(c, "file", to);
    fputs(") mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); return ;;\n        ", to);
    bash_values(c, "dir", to);
    fputs(") mapfile -t COMPREPLY < <(compgen -d -- \"$cur\"); return ;;\n        ", to);
    bash_values(c, "value", to);
    fputs(") return ;;\n    esac\n    case ${COMP_WORDS[1]} in\n", to);
    each_verb(c, to, bash_verb);
    fputs(
        "    esac\n"
        "    if [[ $cur == -* || $words == *' list '* || ${COMP_WORDS[1]} == completion ]]; then\n"
        "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
        "    else\n"
        "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
        "    fi\n"
        "}\n"
        "complete -o filenames -F _soulcaster soulcaster\n",
        to);
}

/* Help inside '...[...]': quotes, brackets and colons have a meaning there. */
static void zsh_text(const char *text, FILE *to) {
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", to);
        else if (strchr("[]:", *text))
            fprintf(to, "\\%c", *text);
        else
            fputc(*text, to);
    }
}

static void zsh_verb(const sc_verb *v, const sc_opt *rows, size_t n, FILE *to) {
    fprintf(to, "        %s) _arguments '--help[say all about it]'", v->name);
    for (size_t i = 0; i < n; i++) {
        const char *kind = kind_of(&rows[i]);
        fprintf(to, " \\\n            '%s--%s%s[", rows[i].type == SC_OPT_LIST ? "*" : "",
                rows[i].name, rows[i].arg ? "=" : "");
        zsh_text(rows[i].help, to);
        fputc(']', to);
        if (rows[i].arg) {
            fputc(':', to);
            zsh_text(rows[i].arg, to);
            fprintf(to, ":%s",
                    !strcmp(kind, "file")  ? "_files"
                    : !strcmp(kind, "dir") ? "_files -/"
                                           : "");
        }
        fputc('\'', to);
    }
    bool closed = !strcmp(v->name, "keys") || !strcmp(v->name, "projects") ||
                  !strcmp(v->name, "jobs") || !strcmp(v->name, "completion");
    if (closed) {
        fputs(" \\\n            '1:what:(", to);
        words_of(v, to);
        fputs(")'", to);
    }
    fputs(" '*:word:_files' ;;\n", to);
}

static void zsh(const sc_call *c, FILE *to) {
    fputs("#compdef soulcaster\n"
          "# soulcaster: completion for zsh. To use it: soulcaster completion zsh > "
          "~/.zfunc/_soulcaster\n"
          "_soulcaster() {\n"
          "    local -a verbs\n    verbs=(\n",
          to);
    for (size_t i = 0; i < c->n_verbs; i++) {
        fprintf(to, "        '%s:", c->verbs[i]->name);
        zsh_text(c->verbs[i]->summary, to);
        fputs("'\n", to);
    }
    fputs("    )\n"
          "    if ((CURRENT == 2)); then _describe verb verbs; return; fi\n"
          "    local verb=$words[2]\n    shift words; ((CURRENT--))\n    case $verb in\n",
          to);
    each_verb(c, to, zsh_verb);
    fputs("    esac\n}\n"
          "if [[ $funcstack[1] == _soulcaster ]]; then _soulcaster \"$@\"; else compdef "
          "_soulcaster soulcaster; fi\n",
          to);
}

static int completion(sc_call *c) {
    if (sc_cmd_words_wrong(c, 1, 1)) return SC_EXIT_USAGE;
    if (!strcmp(c->words[0], "bash"))
        bash(c, stdout);
    else if (!strcmp(c->words[0], "zsh"))
        zsh(c, stdout);
    else
        return sc_cmd_fail(c, SC_EXIT_USAGE, "'%s': bash or zsh", c->words[0]);
    return SC_EXIT_OK;
}

const sc_verb sc_verb_completion = {
    .name = "completion",
    .group = SC_GROUP_HELP,
    .summary = "print completion for bash or zsh",
    .synopsis = "bash|zsh",
    .about = "Prints a script that lets the shell finish verbs, options and file names.",
    .examples = "# bash, in this shell\nsource <(soulcaster completion bash)\n"
                "# zsh, for good\nsoulcaster completion zsh > ~/.zfunc/_soulcaster\n",
    .run = completion,
};
