#include "stores/sqlite/schema.h"

const char sc_sq_schema_6[] =
    /* Where a project's reports are drawn. */
    "CREATE TABLE chart (\n"
    "  project_no INTEGER PRIMARY KEY,\n"
    "  version INTEGER NOT NULL, -- grows with each change\n"
    "  updated_at INTEGER NOT NULL,\n"
    "  chart BLOB NOT NULL -- app/chart_data.c\n"
    ") STRICT;\n";
