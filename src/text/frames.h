/* Stack traces: recognises the frames of Java and its kin, C#, JavaScript, Python, Ruby, PHP, Go,
 * Rust, Dart, Swift and Objective-C, C and C++ (gdb, sanitizers, glibc, Android), tells an
 * application's own frames from its libraries', and normalises both so that the same crash gives
 * the same hashes whatever the line numbers, addresses, lambda numbers and build hashes are.
 *
 * One line at a time, top first. One row per notation: recogniser and library prefixes (rows are in
 * frame_kinds.c). Threads: plain data. */
#ifndef SC_TEXT_FRAMES_H
#define SC_TEXT_FRAMES_H

#include "base/str.h"

enum { SC_FRAMES_MAX = 64, SC_FRAMES_TOP = 8 };

/* One recognised frame: views into the line. */
typedef struct sc_frame {
    sc_str function, file; /* either may be empty                         */
    sc_str module;         /* binary or package, for the library test only */
} sc_frame;

typedef struct sc_frame_kind {
    const char *name;
    bool (*match)(sc_str line, sc_frame *ret); /* line is trimmed on both sides */
    const char *const *libs;                   /* prefixes of a library's function or module   */
    const char *const *lib_paths;              /* parts of a library's path                    */
} sc_frame_kind;

extern const sc_frame_kind sc_frame_kinds[];
extern const size_t sc_frame_kinds_n;

typedef struct sc_frames {
    uint32_t hash[SC_FRAMES_MAX];
    bool in_app[SC_FRAMES_MAX];
    size_t n;
    uint64_t all;         /* over every frame seen, in order: part of the text's fingerprint */
    uint64_t outer, root; /* exceptions (type, message) of the first trace: the one thrown and
                              its innermost cause; 0 = none                                     */
    uint64_t seen_type;   /* type and message of a recent line, not yet tied to a trace       */
    size_t seen_at, line, last_frame;
    size_t source_indent; /* a Python source line follows, deeper than this; 0 = none         */
    bool has_function;    /* Go names the function one line before the file                   */
    uint64_t function;
    bool function_lib;
} sc_frames;

void sc_frames_init(sc_frames *f);
/* Looks at one line of a report; `next` is the line after it (may be empty). True when the line is
 * part of a stack trace and is to leave the text. */
bool sc_frames_line(sc_frames *f, sc_str line, sc_str next);
/* In-app frames, top first (the top ones of all when none is known as in-app), into ret_hashes
 * (room for max). Returns how many. */
size_t sc_frames_in_app(const sc_frames *f, uint32_t *ret_hashes, size_t max);
/* The fingerprint of header prepare.h; 0 when there is too little to tell crashes apart. */
uint64_t sc_frames_fingerprint(const sc_frames *f);

/* A function or file name without what changes between builds, into dst (room for cap). For the
 * tests. Returns the bytes. */
size_t sc_frames_normal(sc_str name, char *dst, size_t cap);

#endif
