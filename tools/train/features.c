/* What the decision sees of labelled texts, for tools/train/fit_decision.py:
 *
 *   features EMBEDDER FILE.jsonl OUT.bin        EMBEDDER: builtin, or encoder:PATH
 *
 * One record a text, little-endian u32: label's number, dim, n_terms, n_title, n_frames; then terms (u32), their counts
 * (u8), title terms (u32), frames (u32), the vector (i8). */
#include <stdio.h>

#include "tools/labelled.h"

static void put(FILE *out, const sc_repr *r, int32_t label) {
    const uint32_t head[] = {(uint32_t)label, r->dim, r->n_terms, r->n_title_terms, r->n_frames};
    fwrite(head, sizeof *head, SC_LEN(head), out);
    fwrite(r->terms, sizeof *r->terms, r->n_terms, out);
    fwrite(r->tfs, 1, r->n_terms, out);
    fwrite(r->title_terms, sizeof *r->title_terms, r->n_title_terms, out);
    fwrite(r->frames, sizeof *r->frames, r->n_frames, out);
    fwrite(r->vec, 1, r->dim, out);
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fputs("usage: features EMBEDDER FILE.jsonl OUT.bin\n", stderr);
        return 2;
    }
    sc_json_setup();
    sc_embedder em = sc_tool_embedder("features", argv[1]);
    sc_labelled d;
    sc_labelled_load(&d, "features", &em, argv[2], SIZE_MAX);
    FILE *out = fopen(argv[3], "wb");
    if (!out) {
        perror(argv[3]);
        return 1;
    }
    for (size_t i = 0; i < d.n; i++) put(out, &d.reprs[i], d.labels[i]);
    bool failed = ferror(out);
    if (fclose(out) || failed) {
        perror(argv[3]);
        return 1;
    }
    sc_labelled_done(&d);
    sc_tool_embedder_close(&em);
    return 0;
}
