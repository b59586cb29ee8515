#include "stores/sqlite/schema.h"

const char sc_sq_schema_8[] =
    /* Who changed what (core/audit.h). */
    "CREATE TABLE audit (\n"
    "  seq INTEGER PRIMARY KEY,\n"
    "  id BLOB NOT NULL UNIQUE,\n"
    "  project_no INTEGER NOT NULL, -- 0: the installation\n"
    "  at INTEGER NOT NULL,\n"
    "  key_id BLOB,\n"
    "  actor TEXT NOT NULL,\n"
    "  action TEXT NOT NULL,\n"
    "  target TEXT NOT NULL,\n"
    "  was TEXT NOT NULL, -- JSON, or empty\n"
    "  became TEXT NOT NULL,\n"
    "  asked TEXT NOT NULL,\n"
    "  request_id TEXT NOT NULL\n"
    ") STRICT;\n"
    "CREATE INDEX audit_project ON audit (project_no, seq);\n";
