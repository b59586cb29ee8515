#include "stores/sqlite/schema.h"

const char sc_sq_schema_4[] =
    /* As arrival, but a source and an hour: how many reports the source had before the first one of that
     * hour. */
    "CREATE TABLE source_arrival (\n"
    "  project_no INTEGER NOT NULL,\n"
    "  source INTEGER NOT NULL,\n"
    "  slot INTEGER NOT NULL, -- hour modulo the ring's size\n"
    "  hour INTEGER NOT NULL, -- ms / 3600000\n"
    "  before INTEGER NOT NULL,\n"
    "  PRIMARY KEY (project_no, source, slot)\n"
    ") STRICT, WITHOUT ROWID;\n"
    /* When each source was last heard of. */
    "INSERT INTO tally (project_no, what, n) SELECT project_no, 400 + source, max(received_at)"
    " FROM feedback GROUP BY project_no, source;\n";
