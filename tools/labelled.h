/* Labelled texts for the programs that make and judge models: one JSON object a line, {"text", "title"?, "body"?,
 * "label"}, prepared and embedded as the product does it. These programs are for people at a desk: what goes wrong ends
 * them with a sentence. */
#ifndef SC_TOOLS_LABELLED_H
#define SC_TOOLS_LABELLED_H

#include "base/json.h"
#include "core/repr.h"
#include "ports/embedder.h"

typedef struct sc_labelled {
    sc_arena arena;
    sc_repr *reprs;
    int32_t *labels;
    size_t n, cap;
    json_t *numbers; /* label -> number */
} sc_labelled;

_Noreturn void sc_tool_die(const char *program, const char *what, const sc_err *err);
/* "builtin", or "encoder:PATH" of its weights file. */
sc_embedder sc_tool_embedder(const char *program, const char *name);
void sc_tool_embedder_close(sc_embedder *em);

/* The first `max` lines. */
void sc_labelled_load(sc_labelled *d, const char *program, const sc_embedder *em, const char *path,
                      size_t max);
void sc_labelled_done(sc_labelled *d);

#endif
