#include "stores/sqlite/schema.h"

const char sc_sq_schema_2[] =
    /* The model that a project is grouped with; 0: none yet. Representations of other models may be
     * there too: being made, or kept for going back. */
    "ALTER TABLE project ADD COLUMN model_no INTEGER NOT NULL DEFAULT 0;\n"
    "UPDATE project SET model_no = coalesce((SELECT i.model_no FROM item i"
    " WHERE i.project_no = project.project_no AND i.model_no > 0"
    " GROUP BY i.model_no ORDER BY count(*) DESC LIMIT 1), 0);\n"

    /* Representations by further models; item.repr comes first where it is of the same model. */
    "CREATE TABLE side (\n"
    "  project_no INTEGER NOT NULL,\n"
    "  model_no INTEGER NOT NULL,\n"
    "  seq INTEGER NOT NULL, -- of item\n"
    "  repr BLOB NOT NULL, -- core/repr.h\n"
    "  PRIMARY KEY (project_no, model_no, seq)\n"
    ") STRICT, WITHOUT ROWID;\n"

    /* A change of a project's model that is under way. */
    "CREATE TABLE remodel (\n"
    "  project_no INTEGER PRIMARY KEY,\n"
    "  model_no INTEGER NOT NULL, -- the one to come\n"
    "  done INTEGER NOT NULL, -- reports that have its representation\n"
    "  total INTEGER NOT NULL,\n"
    "  updated_at INTEGER NOT NULL\n"
    ") STRICT;\n"

    /* Changes of models that came to their end. */
    "CREATE TABLE model_switch (\n"
    "  switch_no INTEGER PRIMARY KEY,\n"
    "  project_no INTEGER NOT NULL,\n"
    "  from_no INTEGER NOT NULL, -- model\n"
    "  to_no INTEGER NOT NULL,\n"
    "  version INTEGER NOT NULL, -- the group_version that it made: what it moved has this version "
    "still\n"
    "  at INTEGER NOT NULL\n"
    ") STRICT;\n"
    "CREATE INDEX model_switch_project ON model_switch (project_no);\n";
