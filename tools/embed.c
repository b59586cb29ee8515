/*
 * Embeds files into the program: embed OUT.c OUT.h [NAME=FILE ...]
 *
 * Each pair becomes, declared in OUT.h:
 *
 *     extern const unsigned char sc_asset_NAME[];
 *     extern const size_t sc_asset_NAME_len;
 *
 * The bytes are 64-byte aligned (for SIMD loads) and followed by one NUL that is not counted, so text
 * can be read as a C string. `NAME=` without a file makes an empty asset. The assembler reads the
 * file itself (.incbin): a C array of some tens of megabytes would take gcc minutes and gigabytes.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *out_c, *out_h;

static int fail(const char *what, const char *name) {
    fprintf(stderr, "embed: %s: %s\n", what, name);
    return 1;
}

static int name_ok(const char *s, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)s[i]) && s[i] != '_') return 0;
    return n > 0;
}

/* Writes one asset; the length comes from the file as it is now. */
static int embed(const char *pair) {
    const char *file = strchr(pair, '=');
    size_t n = file ? (size_t)(file++ - pair) : 0;
    if (!name_ok(pair, n)) return fail("not NAME=FILE", pair);
    if (strpbrk(file, "\"\\\n")) return fail("unusual character in the file's name", file);

    long len = 0;
    if (*file) {
        FILE *f = fopen(file, "rb");
        if (!f || fseek(f, 0, SEEK_END) || (len = ftell(f)) < 0) return fail("cannot read", file);
        fclose(f);
    }
    int w = (int)n;
    fprintf(out_h, "extern const unsigned char sc_asset_%.*s[];\n", w, pair);
    fprintf(out_h, "extern const size_t sc_asset_%.*s_len;\n", w, pair);
    fprintf(out_c, "const size_t sc_asset_%.*s_len = %ld;\n", w, pair, len);
    fprintf(out_c, "__asm__(\".pushsection .rodata\\n.balign 64\\n\"\n");
    fprintf(out_c, "        \".globl sc_asset_%.*s\\n\"\n", w, pair);
    fprintf(out_c, "        \".type sc_asset_%.*s, %%object\\n\"\n", w, pair);
    fprintf(out_c, "        \"sc_asset_%.*s:\\n\"\n", w, pair);
    if (*file) fprintf(out_c, "        \".incbin \\\"%s\\\"\\n\"\n", file);
    fprintf(out_c, "        \".byte 0\\n\"\n");
    fprintf(out_c, "        \".size sc_asset_%.*s, %ld\\n.popsection\\n\");\n\n", w, pair, len + 1);
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: embed OUT.c OUT.h [NAME=FILE ...]\n");
        return 2;
    }
    out_c = fopen(argv[1], "w");
    out_h = fopen(argv[2], "w");
    if (!out_c || !out_h) return fail("cannot write", out_c ? argv[2] : argv[1]);
    fprintf(out_h, "/* Made by tools/embed.c. */\n#pragma once\n#include <stddef.h>\n\n");
    fprintf(out_c, "/* Made by tools/embed.c. */\n#include \"assets.h\"\n\n");
    for (int i = 3; i < argc; i++)
        if (embed(argv[i])) return 1;
    if (fclose(out_c) || fclose(out_h)) return fail("cannot write", argv[1]);
    return 0;
}
