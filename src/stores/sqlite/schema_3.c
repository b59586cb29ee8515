#include "stores/sqlite/schema.h"

const char sc_sq_schema_3[] =
    /* Titles and summaries by a language model. */
    "ALTER TABLE cluster ADD COLUMN title_told INTEGER NOT NULL DEFAULT 0; -- 1: a model wrote it\n"
    "ALTER TABLE cluster ADD COLUMN summary_told INTEGER NOT NULL DEFAULT 0;\n"
    "ALTER TABLE cluster ADD COLUMN told INTEGER NOT NULL DEFAULT 0;"
    " -- members when a model was last asked; 0: never\n"
    "ALTER TABLE cluster ADD COLUMN due INTEGER NOT NULL DEFAULT 0; -- 1: one is to be asked\n"
    "UPDATE cluster SET due = 1 WHERE count > 1 AND merged_into IS NULL AND status <> 6;\n"
    "CREATE INDEX cluster_due ON cluster (project_no, last_seen) WHERE due = 1;\n"

    "ALTER TABLE decision ADD COLUMN note TEXT NOT NULL DEFAULT ''; -- in a model's own words\n"

    /* Issues that may be one, and what a language model said of them. */
    "CREATE TABLE pair (\n"
    "  pair_no INTEGER PRIMARY KEY,\n"
    "  project_no INTEGER NOT NULL,\n"
    "  a_no INTEGER NOT NULL, -- clusters, the smaller number first\n"
    "  b_no INTEGER NOT NULL,\n"
    "  state INTEGER NOT NULL, -- 0 open, 1 one issue, 2 two issues\n"
    "  a_count INTEGER NOT NULL, -- members when it was judged\n"
    "  b_count INTEGER NOT NULL,\n"
    "  at INTEGER NOT NULL,\n"
    "  probability REAL,\n"
    "  model TEXT NOT NULL,\n"
    "  why TEXT NOT NULL,\n"
    "  UNIQUE (a_no, b_no)\n"
    ") STRICT;\n"
    "CREATE INDEX pair_open ON pair (project_no, probability) WHERE state = 0;\n"

    /* Answers of a language model by what was asked, so that nothing is paid for twice. */
    "CREATE TABLE answer (\n"
    "  key BLOB PRIMARY KEY, -- SHA-256 of model, prompt and content\n"
    "  at INTEGER NOT NULL,\n"
    "  text TEXT NOT NULL -- JSON object\n"
    ") STRICT, WITHOUT ROWID;\n"
    "CREATE INDEX answer_at ON answer (at);\n";
