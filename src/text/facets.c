#include "text/facets.h"

#include "text/chars.h"
#include "text/prepare.h"

enum { SEED = 0xface };

typedef struct platform {
    const char *word, *name;
} platform;

/* Sorted by word. */
static const platform platforms[] = {
    {"android", "android"},
    {"blackberry", "blackberry"},
    {"centos", "linux"},
    {"chrome", "chrome"},
    {"chromebook", "chromeos"},
    {"chromeos", "chromeos"},
    {"chromium", "chrome"},
    {"debian", "linux"},
    {"edge", "edge"},
    {"fedora", "linux"},
    {"firefox", "firefox"},
    {"harmonyos", "harmonyos"},
    {"ie11", "ie"},
    {"ios", "ios"},
    {"ipad", "ios"},
    {"ipados", "ios"},
    {"iphone", "ios"},
    {"ipod", "ios"},
    {"kindle", "android"},
    {"linux", "linux"},
    {"macbook", "macos"},
    {"macos", "macos"},
    {"macosx", "macos"},
    {"opera", "opera"},
    {"osx", "macos"},
    {"rhel", "linux"},
    {"safari", "safari"},
    {"solaris", "solaris"},
    {"tizen", "tizen"},
    {"tvos", "tvos"},
    {"ubuntu", "linux"},
    {"watchos", "watchos"},
    {"win10", "windows"},
    {"win11", "windows"},
    {"win32", "windows"},
    {"win64", "windows"},
    {"win7", "windows"},
    {"windows", "windows"},
};

static const char *platform_of(sc_str word) {
    size_t lo = 0, hi = SC_LEN(platforms);
    if (word.n < 3 || word.n > 10) return NULL;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int c = (unsigned char)word.p[0] - (unsigned char)platforms[mid].word[0];
        if (c == 0) c = sc_str_cmp(word, sc_str_of(platforms[mid].word));
        if (c == 0) return platforms[mid].name;
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return NULL;
}

static void add(sc_facets *f, sc_facet_kind kind, sc_str value) {
    uint32_t hash = (uint32_t)(sc_hash64(value.p, value.n, SEED) >> 32);
    uint32_t v = (uint32_t)kind << 28 | hash >> 4;
    for (size_t i = 0; i < f->n; i++)
        if (f->v[i] == v) return;
    if (f->n >= SC_FACETS_MAX || f->of_kind[kind] >= SC_FACETS_PER_KIND) return;
    f->of_kind[kind]++;
    f->v[f->n++] = v;
}

/* Words after which a number says which fault it is. */
static bool before_code(const sc_facets *f) {
    static const char *const words[] = {"code",    "err",    "errno",    "error",  "exception",
                                        "exit",    "fault",  "http",     "https",  "rc",
                                        "retcode", "signal", "sqlstate", "status", "statuscode"};
    for (size_t i = 0; i < SC_LEN(words); i++)
        if (sc_str_is((sc_str){f->previous, f->previous_n}, words[i])) return true;
    return false;
}

static bool before_version(const sc_facets *f) {
    static const char *const words[] = {"build", "release", "sdk",     "v",
                                        "ver",   "version", "versions"};
    sc_str previous = {f->previous, f->previous_n};
    for (size_t i = 0; i < SC_LEN(words); i++)
        if (sc_str_is(previous, words[i])) return true;
    return f->previous_named;
}

/* v3.1.2 and 3.1.2 are one version. */
static void add_version(sc_facets *f, sc_str folded) {
    if (folded.n && (folded.p[0] == 'v' || folded.p[0] == 'r')) folded = sc_chars_from(folded, 1);
    add(f, SC_FACET_VERSION, folded);
}

bool sc_facets_see(sc_facets *f, sc_str raw, sc_str folded, sc_mask mask, bool code) {
    bool number = mask == SC_MASK_NUM && sc_chars_all(raw, SC_CHARS_DIGIT | SC_CHARS_JOIN);
    bool keep = false;
    const char *name = mask == SC_MASK_NONE ? platform_of(folded) : NULL;
    if (name) add(f, SC_FACET_PLATFORM, sc_str_of(name));
    if (code) {
        size_t dot = sc_chars_rfind(folded, '.'); /* java.io.IOException and IOException are one */
        add(f, SC_FACET_CODE, dot == SIZE_MAX ? folded : sc_chars_from(folded, dot + 1));
    }
    if (number && raw.n <= 6 && sc_chars_all(raw, SC_CHARS_DIGIT) && before_code(f)) {
        add(f, SC_FACET_CODE, raw);
        keep = true;
    } else if ((mask == SC_MASK_VERSION || (number && sc_chars_find(raw, '.') != SIZE_MAX)) &&
               before_version(f)) {
        add_version(f, folded);
    } else if (mask == SC_MASK_VERSION && raw.n && sc_chars_is(raw.p[0], SC_CHARS_ALPHA)) {
        add_version(f, folded); /* v2.0 needs no neighbour */
    }
    if (mask == SC_MASK_NONE || name) {
        /* "error code: 5" and "code is 5" read the same */
        if (!sc_str_is(folded, "is") && !sc_str_is(folded, "was") && !sc_str_is(folded, "of")) {
            f->previous_n = SC_MIN(folded.n, sizeof f->previous);
            memcpy(f->previous, folded.p, f->previous_n);
            f->previous_named = name || (raw.n > 1 && sc_chars_is(raw.p[0], SC_CHARS_UPPER));
        }
    } else {
        f->previous_n = 0;
        f->previous_named = false;
    }
    return keep;
}

void sc_facets_sort(sc_facets *f) {
    for (size_t i = 1; i < f->n; i++) {
        uint32_t v = f->v[i];
        size_t k = i;
        for (; k > 0 && f->v[k - 1] > v; k--) f->v[k] = f->v[k - 1];
        f->v[k] = v;
    }
}
