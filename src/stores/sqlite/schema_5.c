#include "stores/sqlite/schema.h"

const char sc_sq_schema_5[] =
    /* A session that an API key opened ends with the key. */
    "ALTER TABLE session ADD COLUMN key_id BLOB NOT NULL DEFAULT x''; -- of api_key; empty: none\n";
