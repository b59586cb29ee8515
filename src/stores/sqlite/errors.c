#include "stores/sqlite/store.h"

#include <errno.h>
#include <stdio.h>

/* What to tell people for a primary result code; the extended code goes into the text. `%s` is the
 * data directory. Codes that stand nowhere here are our bugs. */
static const struct {
    int code;
    sc_rc rc;
    bool suspect;
    const char *words;
} rows[] = {
    {SQLITE_FULL, SC_STORE, false, "the disk is full: free some space under %s"},
    {SQLITE_IOERR, SC_STORE, true,
     "reading or writing the database under %s failed: check the disk"},
    {SQLITE_READONLY, SC_STORE, true,
     "the database is read-only: make %s and its files writable for this user"},
    {SQLITE_BUSY, SC_STORE, false,
     "another process holds the database under %s: let it finish, or stop it"},
    {SQLITE_LOCKED, SC_STORE, false,
     "another process holds the database under %s: let it finish, or stop it"},
    {SQLITE_PROTOCOL, SC_STORE, true,
     "another process holds the database under %s: let it finish, or stop it"},
    {SQLITE_CORRUPT, SC_STORE, true,
     "the database under %s is damaged: stop the service and restore a backup"},
    {SQLITE_NOTADB, SC_STORE, true,
     "soulcaster.db under %s is damaged or no database: restore a backup"},
    /* Our SQL is constant and tested: what it does not fit is a schema that we did not make. */
    {SQLITE_ERROR, SC_STORE, true,
     "the database under %s is not as soulcaster made it: restore a backup"},
    {SQLITE_CANTOPEN, SC_STORE, true,
     "the database under %s cannot be opened: does it exist and may this user write there?"},
    {SQLITE_PERM, SC_STORE, true, "no permission for the database under %s"},
    {SQLITE_AUTH, SC_STORE, true, "no permission for the database under %s"},
    {SQLITE_NOLFS, SC_STORE, false, "the file system under %s cannot hold a file this large"},
    {SQLITE_NOMEM, SC_NOMEM, false, "no memory left for the database under %s"},
    {SQLITE_TOOBIG, SC_TOO_LARGE, false, "a value is too large for the database under %s"},
    {SQLITE_INTERRUPT, SC_CANCELLED, false, "a step on the database under %s was stopped"},
    {SQLITE_CONSTRAINT, SC_CONFLICT, false, "something like this is stored already under %s"},
};

/* SQLite quotes names out of the file; a damaged file's are any bytes. */
void sc_sq_printable(char *text) {
    bool utf8 = sc_utf8_valid(sc_str_of(text));
    for (char *p = text; *p; p++) {
        unsigned char b = (unsigned char)*p;
        if (b < ' ' || b == 0x7F || (b >= 0x80 && !utf8)) *p = '?';
    }
}

static sc_rc fail(const char *dir, int code, int sys, const char *detail, bool *ret_suspect,
                  sc_err *err) {
    char said[61];
    snprintf(said, sizeof said, "%s", detail);
    sc_sq_printable(said);
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        if (rows[i].code != (code & 0xff)) continue;
        *ret_suspect = rows[i].suspect;
        char words[160];
        /* The words are the table's own; only the directory is filled in. */
        size_t cut = sc_str_find(sc_str_of(rows[i].words), SC_STR("%s"));
        snprintf(words, sizeof words, "%.*s%.60s%s", (int)cut, rows[i].words, dir,
                 rows[i].words + cut + 2);
        sc_fail(err, rows[i].rc, "%s (SQLite %d: %s)", words, code, said);
        if (err) err->sys = sys;
        return rows[i].rc;
    }
    *ret_suspect = false;
    return sc_fail(err, SC_INTERNAL, "SQLite %d: %s", code, said);
}

/* errno of the last failed call on the database or its WAL; sqlite3_system_errno may be that of a
 * later call. */
static int system_errno(sqlite3 *db) {
    sqlite3_file *wal = NULL;
    int sys = 0;
    sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
    if (wal && wal->pMethods) wal->pMethods->xFileControl(wal, SQLITE_FCNTL_LAST_ERRNO, &sys);
    if (!sys) sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &sys);
    return sys ? sys : sqlite3_system_errno(db);
}

sc_rc sc_sq_fail(sc_sq_conn *c, int code, sc_err *err) {
    bool suspect;
    int primary = code & 0xff;
    int sys = primary == SQLITE_IOERR || primary == SQLITE_FULL || primary == SQLITE_CANTOPEN
                  ? system_errno(c->db)
                  : 0;
    /* A full disk may show as a failed write; say what helps. */
    if ((code & 0xff) == SQLITE_IOERR && (sys == ENOSPC || sys == EDQUOT || sys == EFBIG)) {
        c->suspect = true;
        code = SQLITE_FULL;
    }
    if (code == SQLITE_IOERR_NOMEM) code = SQLITE_NOMEM;
    sc_rc rc = fail(c->store->dir, code, sys, sqlite3_errmsg(c->db), &suspect, err);
    if (suspect) c->suspect = true;
    return rc;
}

sc_rc sc_sq_fail_at(sc_sq *s, int code, int sys, const char *detail, sc_err *err) {
    bool suspect;
    if (code == SQLITE_IOERR_NOMEM) code = SQLITE_NOMEM;
    return fail(s->dir, code, sys, detail, &suspect, err);
}

sc_rc sc_sq_damaged(sc_sq_conn *c, const char *what, sc_err *err) {
    return sc_fail(
        err, SC_STORE,
        "the database under %.60s is damaged (%s): stop the service and restore a backup",
        c->store->dir, what);
}
