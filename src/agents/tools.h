/* What the built-in agent can do in its work folder. Paths stay below it as a matter of order; what holds an agent
 * back is the sandbox. Each call gives a text for the model, an error too. Threads: one agent, one thread. */
#ifndef SC_AGENTS_TOOLS_H
#define SC_AGENTS_TOOLS_H

#include "agents/dialog.h"

extern const sc_tool sc_agent_tools[];
extern const size_t sc_agent_tools_n;

typedef struct sc_tool_box {
    const char *work;       /* the folder, absolute         */
    const char *const *env; /* for run; NULL-terminated     */
    int64_t run_ms;         /* the longest that one run may take */
} sc_tool_box;

typedef enum sc_tool_end {
    SC_TOOL_FINE,
    SC_TOOL_EDITED, /* fine, and a file changed   */
    SC_TOOL_FAILED, /* the text says why          */
    SC_TOOL_DONE,   /* the text is the summary    */
} sc_tool_end;

/* args NULL: what the model gave was no JSON object. */
sc_tool_end sc_tool_call(const sc_tool_box *b, const char *name, const json_t *args, sc_buf *out);

#endif
