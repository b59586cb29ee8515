#include "embedders/registry.h"

#include "embedders/builtin.h"
#include "embedders/encoder/encoder.h"
#include "embedders/gemini.h"
#include "embedders/openai.h"

const sc_embedder_ops *const sc_embedders[] = {&sc_embedder_builtin, &sc_embedder_encoder,
                                               &sc_embedder_gemini, &sc_embedder_openai};
const size_t sc_embedders_n = SC_LEN(sc_embedders);

const sc_embedder_ops *sc_embedder_find(sc_str name) {
    for (size_t i = 0; i < sc_embedders_n; i++)
        if (sc_str_is(name, sc_embedders[i]->name)) return sc_embedders[i];
    return NULL;
}
