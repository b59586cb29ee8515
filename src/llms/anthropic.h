#ifndef SC_LLMS_ANTHROPIC_H
#define SC_LLMS_ANTHROPIC_H

#include "ports/llm.h"

extern const sc_llm_ops sc_llm_anthropic;

#endif
