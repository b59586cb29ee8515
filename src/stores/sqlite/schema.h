/* The schema as SQL, one string a version. The comments inside stay in the file's own schema, so
 * that `sqlite3 soulcaster.db .schema` explains itself.
 *
 * Throughout: ids are the 16 bytes of a UUID; times are int64 milliseconds since 1970 UTC, 0 = none;
 * source, state, status, kind, reason are the numbers of the enums in core/ (those lists only ever
 * grow at their end); `*_no` are internal numbers, 0 = none. Nothing here declares a foreign key:
 * every number is looked up in the same transaction that stores it, and `verify` checks them all. A
 * report that was removed is a row of project 0 without texts (remove.c). */
#ifndef SC_STORES_SQLITE_SCHEMA_H
#define SC_STORES_SQLITE_SCHEMA_H

extern const char sc_sq_schema_1[];
extern const char sc_sq_schema_2[];
extern const char sc_sq_schema_3[];
extern const char sc_sq_schema_4[];
extern const char sc_sq_schema_5[];
extern const char sc_sq_schema_6[];
extern const char sc_sq_schema_7[];
extern const char sc_sq_schema_8[];

/* tally.what: counters kept in the transaction that changes what they count. */
enum {
    SC_TALLY_SOURCE = 0,           /* + source: reports                                  */
    SC_TALLY_STATE = 100,          /* + feedback state: reports                          */
    SC_TALLY_STATUS = 200,         /* + cluster status: clusters that are not merged away */
    SC_TALLY_FIRST_MS = 300,       /* received_at of the earliest report                 */
    SC_TALLY_LAST_MS = 301,        /* and of the latest                                  */
    SC_TALLY_CLUSTERED = 302,      /* reports that are in a cluster                      */
    SC_TALLY_SOURCE_LAST_MS = 400, /* + source: received_at of its latest report  */
};

/* Slots of the arrival ring: more than the minutes of a day. */
enum { SC_ARRIVAL_SLOTS = 1500 };
/* Of the ring of a source: more than the hours of a day. */
enum { SC_SOURCE_SLOTS = 30 };

#endif
