/* What a patch from a machine may do: rules over a parsed patch, and a finding for each place that breaks one.
 *
 * The rules are a table (names, what they say, docs/patch-rules.md is printed from it). A finding is for people and for the job's
 * reason; its words never hold what a secret scan found. Threads: plain functions. */
#ifndef SC_PATCH_RULES_H
#define SC_PATCH_RULES_H

#include "patch/glob.h"
#include "patch/patch.h"

/*   name         short                            what it refuses */
#define SC_PATCH_RULES(X)                                                                          \
    X(path, "a path that cannot be taken",                                                         \
      "Absolute paths, `..`, control and invisible characters, backslashes, names that some file " \
      "system takes for `.git`, and more than 4,096 bytes.")                                       \
    X(git, "git's own files",                                                                      \
      "Repositories within, and git's settings that come with a tree, wherever they are.")         \
    X(ci, "what builds and deploys",                                                               \
      "Files that make a service build, deploy or run something, or that say who must review.")    \
    X(agent, "what tells agents what to do",                                                       \
      "Instructions and settings of coding agents and of "                                         \
      "editors that start programs.")                                                              \
    X(lock, "a lock file", "Lock files of package managers.")                                      \
    X(denied, "a path that the project denies",                                                    \
      "Paths that match one of the project's own `deny` globs.")                                   \
    X(outside, "a path that the project does not allow",                                           \
      "Where the project has `allow` globs: paths that match none of them.")                       \
    X(binary, "binary contents", "Binary files, whatever happens to them.")                        \
    X(mode, "an executable file", "A file that becomes executable, or another kind of file.")      \
    X(link, "a symbolic link that leaves the tree",                                                \
      "Symbolic links to an absolute path, out of the tree or into `.git`, or with `..` behind a " \
      "name (which may be a link).")                                                               \
    X(gitlink, "a submodule", "Submodules that are added, moved or removed.")                      \
    X(files, "too many files", "More files than the project's cap.")                               \
    X(bytes, "too much", "More bytes of patch than the project's cap.")                            \
    X(lines, "too many lines", "More changed lines than the project's cap.")                       \
    X(secret, "what looks like a secret",                                                          \
      "Files that hold credentials; added lines with a known form of token or private key, a "     \
      "password in a URL, or a random-looking value "                                              \
      "that is given to a name like `password`.")                                                  \
    X(hidden, "hidden characters",                                                                 \
      "Added lines with bidirectional controls, zero-width characters, tags or control "           \
      "characters.")

typedef enum sc_patch_rule {
#define X(name, words, help) SC_PATCH_RULE_##name,
    SC_PATCH_RULES(X)
#undef X
        SC_PATCH_RULE_COUNT
} sc_patch_rule;

const char *sc_patch_rule_name(sc_patch_rule r);  /* "ci"; stored, so it stays */
const char *sc_patch_rule_words(sc_patch_rule r); /* "what builds and deploys" */
/* SC_PATCH_RULE_COUNT when there is none of that name. */
sc_patch_rule sc_patch_rule_find(sc_str name);

typedef struct sc_patch_limits {
    const sc_str *allow, *deny; /* the project's globs; no allow: everything that is not denied */
    size_t n_allow, n_deny;
    /* Rules that the project switched off, one bit a rule; those not in sc_patch_may_be_off() count all the same. */
    uint32_t off;
    size_t max_files, max_bytes;
    int64_t max_lines; /* 0 = no cap */
} sc_patch_limits;

#define SC_PATCH_OFF(rule) ((uint32_t)1 << (rule))
/* Bits of `off` that count. */
uint32_t sc_patch_may_be_off(void);

typedef struct sc_patch_finding { /* in the arena */
    sc_patch_rule rule;
    sc_str path;  /* as it may be shown; empty: the whole patch */
    int64_t line; /* of the new file; 0 = none */
    sc_str words; /* for people */
} sc_patch_finding;

typedef struct sc_patch_findings {
    const sc_patch_finding *v;
    size_t n;   /* at most SC_PATCH_MAX_FINDINGS */
    size_t all; /* how many there are */
} sc_patch_findings;

enum { SC_PATCH_MAX_FINDINGS = 200 };

/* SC_OK with no finding: the patch may be pushed. SC_NOMEM over the arena's budget. */
sc_rc sc_patch_check(const sc_patch *p, size_t patch_bytes, const sc_patch_limits *limits,
                     sc_arena *arena, sc_patch_findings *ret, sc_err *err);

/* The rules as the page for people (docs/patch-rules.md). */
void sc_patch_rules_markdown(sc_buf *out);

#endif
