#ifndef SC_LLMS_GEMINI_H
#define SC_LLMS_GEMINI_H

#include "ports/llm.h"

extern const sc_llm_ops sc_llm_gemini;

#endif
