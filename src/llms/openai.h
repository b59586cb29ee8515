#ifndef SC_LLMS_OPENAI_H
#define SC_LLMS_OPENAI_H

#include "ports/llm.h"

extern const sc_llm_ops sc_llm_openai;

#endif
