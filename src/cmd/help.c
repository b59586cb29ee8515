/* Help: the overview, a page for each verb, and docs/cli.md, all from the verbs' rows. */
#include <stdlib.h>

#include "cmd/cmd.h"
#include "version.h"

static const char *const groups[SC_GROUP_COUNT] = {
    [SC_GROUP_RUN] = "Run",       [SC_GROUP_FEED] = "Put reports in", [SC_GROUP_LOOK] = "Look",
    [SC_GROUP_DECIDE] = "Decide", [SC_GROUP_KEEP] = "Keep",           [SC_GROUP_HELP] = "Help",
};

static const struct {
    const char *name, *help;
} environment[] = {
    {"SOULCASTER_URL, SOULCASTER_KEY",
     "the server to talk to, and the key for it (as --server, --key)"},
    {"SOULCASTER_DATA", "the data folder (as --data)"},
    {"SOULCASTER_BOOTSTRAP_KEY",
     "a first admin key for automation, at least 16 characters; set when the server starts"},
    {"SOULCASTER_SIMD", "scalar: do without the processor's vector instructions"},
    {"NO_COLOR", "no colours, whatever the terminal can do"},
};

static size_t width(void) {
    size_t w = sc_out_width();
    return w == 0 || w > 100 ? 90 : w;
}

/* Words of `text`, wrapped; an empty line parts paragraphs. */
static void paragraphs(FILE *to, const char *text, size_t indent) {
    size_t column = 0, room = width();
    while (*text) {
        if (*text == '\n') {
            fputs(text[1] == '\n' ? "\n\n" : "", to);
            text += text[1] == '\n' ? 2 : 1;
            column = 0;
            continue;
        }
        size_t n = strcspn(text, " \n");
        if (column && column + 1 + n > room) {
            fputc('\n', to);
            column = 0;
        }
        column += (size_t)fprintf(to, "%*s%.*s", column ? 1 : (int)indent, "", (int)n, text);
        text += n;
        while (*text == ' ') text++;
    }
    fputc('\n', to);
}

void sc_help_overview(const sc_verb *const *verbs, size_t n_verbs, FILE *to) {
    fputs("soulcaster: user feedback and bug reports in, grouped issues out.\n\n"
          "usage: soulcaster VERB [OPTION]... [WORD]...\n",
          to);
    for (int g = 0; g < SC_GROUP_COUNT; g++) {
        fprintf(to, "\n%s\n", groups[g]);
        for (size_t i = 0; i < n_verbs; i++)
            if (verbs[i]->group == (sc_verb_group)g)
                fprintf(to, "  %-12s %s\n", verbs[i]->name, verbs[i]->summary);
    }
    fputs("\n`soulcaster help VERB` says all about a verb. Every verb takes --help; --version is "
          "for all.\n\n"
          "To begin: soulcaster demo\n",
          to);
}

static void examples(const char *text, FILE *to) {
    sc_str rest = sc_str_of(text), line;
    while (sc_str_next(&rest, '\n', &line))
        if (line.n) fprintf(to, "  %s%.*s\n", line.p[0] == '#' ? "" : "  ", SC_FMT(line));
}

static void exits(const sc_verb *v, FILE *to) {
    fputs(
        "  0  done\n  1  failed; the reason is on standard error\n  2  the command line is wrong\n",
        to);
    if (v->exits) fprintf(to, "  %s\n", v->exits);
}

/* The data folder and the server mean something to most verbs alone. */
static bool wants_environment(const sc_verb *v, size_t i) {
    if (i == 0) return v->sets & SC_OPTS_CLIENT;
    if (i <= 2) return v->sets & (i == 1 ? SC_OPTS_DATA : SC_OPTS_SERVE);
    return i == 3 ? (v->sets & SC_OPTS_STACK) != 0 : (v->sets & SC_OPTS_OUT) != 0;
}

void sc_help_verb(const sc_verb *v, FILE *to) {
    fprintf(to, "NAME\n  soulcaster %s - %s\n\nSYNOPSIS\n  soulcaster %s %s\n\nDESCRIPTION\n",
            v->name, v->summary, v->name, v->synopsis);
    paragraphs(to, v->about, 2);
    sc_opt *rows = NULL;
    size_t n = 0;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 256 << 10);
    if (sc_options_rows(v, &rows, &n, NULL) == SC_OK && n) {
        sc_conf_help(rows, n, width(), &b);
        fprintf(to, "\nOPTIONS\n%s", b.p ? b.p : "");
    }
    sc_free(rows);
    fputs("\nEXIT STATUS\n", to);
    exits(v, to);
    fputs("\nEXAMPLES\n", to);
    examples(v->examples, to);
    const char *head = "\nENVIRONMENT\n";
    for (size_t i = 0; i < SC_LEN(environment); i++) {
        if (!wants_environment(v, i)) continue;
        fprintf(to, "%s  %s\n", head, environment[i].name);
        paragraphs(to, environment[i].help, 6);
        head = "";
    }
}

/* ---- docs/cli.md --------------------------------------------------------------------------------- */

static void markdown_text(const char *text, FILE *to) {
    for (; *text; text++) {
        if (strchr("<>|*", *text)) fputc('\\', to);
        fputc(*text, to);
    }
}

static void markdown_option(const sc_opt *o, FILE *to) {
    fputs("| `", to);
    if (o->letter) fprintf(to, "-%c, ", o->letter);
    fprintf(to, "--%s%s%s` | ", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
    markdown_text(o->help, to);
    if (o->fallback && *o->fallback && !o->secret && o->type != SC_OPT_BOOL)
        fprintf(to, " (`%s`)", o->fallback);
    fputs(" |\n", to);
}

static void markdown_verb(const sc_verb *v, FILE *to) {
    fprintf(to, "\n## soulcaster %s\n\n", v->name);
    markdown_text(v->summary, to);
    fprintf(to, "\n\n```\nsoulcaster %s %s\n```\n\n", v->name, v->synopsis);
    markdown_text(v->about, to);
    fputs("\n", to);
    sc_opt *rows = NULL;
    size_t n = 0;
    if (sc_options_rows(v, &rows, &n, NULL) == SC_OK && n) {
        fputs("\n| option | |\n|---|---|\n", to);
        for (size_t i = 0; i < n; i++) markdown_option(&rows[i], to);
    }
    sc_free(rows);
    fprintf(to, "\n```sh\n%s```\n", v->examples);
    if (v->exits) fprintf(to, "\nExit status beside 0, 1 and 2: %s.\n", v->exits);
}

static void markdown(const sc_verb *const *verbs, size_t n, FILE *to) {
    fputs("# The command line\n\nPrinted by `soulcaster help --markdown`; do not edit.\n\n"
          "Each option below that is not about one call alone is an environment variable too: "
          "`--log-level` is "
          "`SOULCASTER_LOG_LEVEL`. A flag wins over the environment. Exit status: 0 done, 1 "
          "failed, 2 the command line "
          "is wrong.\n\n| verb | |\n|---|---|\n",
          to);
    for (size_t i = 0; i < n; i++)
        fprintf(to, "| [%s](#soulcaster-%s) | %s |\n", verbs[i]->name, verbs[i]->name,
                verbs[i]->summary);
    for (size_t i = 0; i < n; i++) markdown_verb(verbs[i], to);
}

/* ---- Nearest ------------------------------------------------------------------------------------- */

/* Levenshtein distance of short words (V. Levenshtein 1966). */
static size_t distance(const char *a, const char *b) {
    enum { MAX = 32 };
    size_t n = strlen(a), m = strlen(b), row[MAX + 1];
    if (n > MAX || m > MAX) return SIZE_MAX;
    for (size_t j = 0; j <= m; j++) row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t above = row[j], swap = diagonal + (a[i - 1] != b[j - 1]);
            row[j] = SC_MIN(swap, SC_MIN(above, row[j - 1]) + 1);
            diagonal = above;
        }
    }
    return row[m];
}

const sc_verb *sc_help_nearest(const sc_verb *const *verbs, size_t n_verbs, const char *name) {
    const sc_verb *best = NULL;
    size_t least = SC_MAX(strlen(name) / 2, (size_t)1) + 1;
    for (size_t i = 0; i < n_verbs; i++) {
        size_t d = distance(name, verbs[i]->name);
        bool begins = strlen(name) >= 2 && !strncmp(verbs[i]->name, name, strlen(name));
        if (begins) d = 0;
        if (d < least) {
            least = d;
            best = verbs[i];
        }
    }
    return best;
}

/* ---- The verb ------------------------------------------------------------------------------------ */

typedef struct help_conf {
    bool markdown;
} help_conf;

static int help(sc_call *c) {
    const help_conf *conf = c->conf;
    if (sc_cmd_words_wrong(c, 0, 1)) return SC_EXIT_USAGE;
    if (conf->markdown) {
        markdown(c->verbs, c->n_verbs, stdout);
        return SC_EXIT_OK;
    }
    if (c->n_words == 0) {
        sc_help_overview(c->verbs, c->n_verbs, stdout);
        return SC_EXIT_OK;
    }
    for (size_t i = 0; i < c->n_verbs; i++) {
        if (strcmp(c->verbs[i]->name, c->words[0])) continue;
        sc_help_verb(c->verbs[i], stdout);
        return SC_EXIT_OK;
    }
    const sc_verb *near = sc_help_nearest(c->verbs, c->n_verbs, c->words[0]);
    return sc_cmd_fail(c, SC_EXIT_USAGE, "no verb '%s'%s%s%s", c->words[0],
                       near ? "; did you mean '" : "", near ? near->name : "", near ? "'?" : "");
}

static const sc_opt help_opts[] = {
    {.name = "markdown",
     .type = SC_OPT_BOOL,
     .offset = offsetof(help_conf, markdown),
     .no_env = true,
     .help = "all pages as one Markdown document (docs/cli.md)"},
};

const sc_verb sc_verb_help = {
    .name = "help",
    .group = SC_GROUP_HELP,
    .summary = "say what there is, or all about one verb",
    .synopsis = "[VERB] [--markdown]",
    .about = "Without a word it lists the verbs.",
    .examples = "# all about ingest\nsoulcaster help ingest\n",
    .opts = help_opts,
    .n_opts = SC_LEN(help_opts),
    .conf_size = sizeof(help_conf),
    .run = help,
};
