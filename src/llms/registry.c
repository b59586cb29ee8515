#include "llms/registry.h"

#include "llms/anthropic.h"
#include "llms/gemini.h"
#include "llms/openai.h"

const sc_llm_ops *const sc_llms[] = {&sc_llm_gemini, &sc_llm_openai, &sc_llm_anthropic};
const size_t sc_llms_n = SC_LEN(sc_llms);

const sc_llm_ops *sc_llm_find(sc_str name) {
    for (size_t i = 0; i < sc_llms_n; i++)
        if (sc_str_is(name, sc_llms[i]->name)) return sc_llms[i];
    return NULL;
}
