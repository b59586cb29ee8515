/* A VFS in front of SQLite's own whose nth call of a kind fails, once or from then on.
 *
 * fault_vfs_install() makes it the default; fault_arm() arms it. One test program, one VFS: the
 * state is global. Reads and locks of other kinds go straight through. */
#ifndef SC_TESTS_STORE_VFS_H
#define SC_TESTS_STORE_VFS_H

#include <sqlite3.h>
#include <stdatomic.h>
#include <string.h>

enum {
    FAULT_WRITE = 1,
    FAULT_SYNC = 2,
    FAULT_OPEN = 4,
    FAULT_TRUNCATE = 8,
    FAULT_SHM = 16,
    FAULT_READ = 32,
    FAULT_ALL = 63,
};

static struct {
    unsigned kinds;
    int at, code;   /* the at-th call of the kinds fails with code; 0: off */
    _Bool for_ever; /* and every later one */
    atomic_int seen;
    atomic_int fired;
} fault;

static sqlite3_vfs fault_vfs, *fault_under;

typedef struct fault_file {
    sqlite3_file base;
    sqlite3_file *real; /* right behind this struct */
} fault_file;

static inline void fault_arm(unsigned kinds, int at, int code, _Bool for_ever) {
    fault.kinds = kinds;
    fault.at = at;
    fault.code = code;
    fault.for_ever = for_ever;
    atomic_store(&fault.seen, 0);
    atomic_store(&fault.fired, 0);
}

static inline void fault_off(void) { fault.at = 0; }

static inline int fault_hit(unsigned kind) {
    if (!fault.at || !(fault.kinds & kind)) return 0;
    int n = atomic_fetch_add(&fault.seen, 1) + 1;
    if (n < fault.at || (n > fault.at && !fault.for_ever)) return 0;
    atomic_fetch_add(&fault.fired, 1);
    return 1;
}

#define FAULT_REAL(f) (((fault_file *)(f))->real)

static int fault_close(sqlite3_file *f) {
    return FAULT_REAL(f)->pMethods ? FAULT_REAL(f)->pMethods->xClose(FAULT_REAL(f)) : SQLITE_OK;
}
static int fault_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at) {
    if (fault_hit(FAULT_READ)) return SQLITE_IOERR_READ;
    return FAULT_REAL(f)->pMethods->xRead(FAULT_REAL(f), p, n, at);
}
/* A failing write leaves half of it, as a full disk does. */
static int fault_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at) {
    if (!fault_hit(FAULT_WRITE)) return FAULT_REAL(f)->pMethods->xWrite(FAULT_REAL(f), p, n, at);
    if (n > 1) FAULT_REAL(f)->pMethods->xWrite(FAULT_REAL(f), p, n / 2, at);
    return fault.code == SQLITE_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}
static int fault_truncate(sqlite3_file *f, sqlite3_int64 n) {
    if (fault_hit(FAULT_TRUNCATE)) return SQLITE_IOERR_TRUNCATE;
    return FAULT_REAL(f)->pMethods->xTruncate(FAULT_REAL(f), n);
}
static int fault_sync(sqlite3_file *f, int flags) {
    if (fault_hit(FAULT_SYNC)) return SQLITE_IOERR_FSYNC;
    return FAULT_REAL(f)->pMethods->xSync(FAULT_REAL(f), flags);
}
static int fault_size(sqlite3_file *f, sqlite3_int64 *n) {
    return FAULT_REAL(f)->pMethods->xFileSize(FAULT_REAL(f), n);
}
static int fault_lock(sqlite3_file *f, int level) {
    return FAULT_REAL(f)->pMethods->xLock(FAULT_REAL(f), level);
}
static int fault_unlock(sqlite3_file *f, int level) {
    return FAULT_REAL(f)->pMethods->xUnlock(FAULT_REAL(f), level);
}
static int fault_reserved(sqlite3_file *f, int *out) {
    return FAULT_REAL(f)->pMethods->xCheckReservedLock(FAULT_REAL(f), out);
}
static int fault_control(sqlite3_file *f, int op, void *arg) {
    return FAULT_REAL(f)->pMethods->xFileControl(FAULT_REAL(f), op, arg);
}
static int fault_sector(sqlite3_file *f) {
    return FAULT_REAL(f)->pMethods->xSectorSize(FAULT_REAL(f));
}
static int fault_device(sqlite3_file *f) {
    return FAULT_REAL(f)->pMethods->xDeviceCharacteristics(FAULT_REAL(f));
}
static int fault_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out) {
    if (fault_hit(FAULT_SHM)) return SQLITE_IOERR_SHMMAP;
    return FAULT_REAL(f)->pMethods->xShmMap(FAULT_REAL(f), page, size, extend, out);
}
static int fault_shm_lock(sqlite3_file *f, int at, int n, int flags) {
    return FAULT_REAL(f)->pMethods->xShmLock(FAULT_REAL(f), at, n, flags);
}
static void fault_shm_barrier(sqlite3_file *f) {
    FAULT_REAL(f)->pMethods->xShmBarrier(FAULT_REAL(f));
}
static int fault_shm_unmap(sqlite3_file *f, int del) {
    return FAULT_REAL(f)->pMethods->xShmUnmap(FAULT_REAL(f), del);
}

static const sqlite3_io_methods fault_methods = {
    .iVersion = 2,
    .xClose = fault_close,
    .xRead = fault_read,
    .xWrite = fault_write,
    .xTruncate = fault_truncate,
    .xSync = fault_sync,
    .xFileSize = fault_size,
    .xLock = fault_lock,
    .xUnlock = fault_unlock,
    .xCheckReservedLock = fault_reserved,
    .xFileControl = fault_control,
    .xSectorSize = fault_sector,
    .xDeviceCharacteristics = fault_device,
    .xShmMap = fault_shm_map,
    .xShmLock = fault_shm_lock,
    .xShmBarrier = fault_shm_barrier,
    .xShmUnmap = fault_shm_unmap,
};

static int fault_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out) {
    fault_file *mine = (fault_file *)f;
    (void)v;
    mine->base.pMethods = NULL;
    mine->real = (sqlite3_file *)(mine + 1);
    if (fault_hit(FAULT_OPEN)) return SQLITE_CANTOPEN;
    int code = fault_under->xOpen(fault_under, name, mine->real, flags, out);
    if (mine->real->pMethods) mine->base.pMethods = &fault_methods;
    return code;
}

static inline void fault_vfs_install(void) {
    fault_under = sqlite3_vfs_find(NULL);
    fault_vfs = *fault_under;
    fault_vfs.zName = "fault";
    fault_vfs.szOsFile = (int)sizeof(fault_file) + fault_under->szOsFile;
    fault_vfs.xOpen = fault_open;
    sqlite3_vfs_register(&fault_vfs, 1);
}

/* ---- SQLite's allocations -------------------------------------------------------------------------- */

static sqlite3_mem_methods fault_mem_under;
static int fault_alloc_at, fault_alloc_seen, fault_alloc_fired;

static int fault_alloc_hit(void) {
    if (!fault_alloc_at) return 0;
    if (++fault_alloc_seen != fault_alloc_at) return 0;
    fault_alloc_fired = 1;
    return 1;
}
static void *fault_malloc(int n) { return fault_alloc_hit() ? NULL : fault_mem_under.xMalloc(n); }
static void *fault_realloc(void *p, int n) {
    return fault_alloc_hit() ? NULL : fault_mem_under.xRealloc(p, n);
}
static inline void fault_alloc_arm(int at) {
    fault_alloc_at = at;
    fault_alloc_seen = fault_alloc_fired = 0;
}
/* Before anything starts SQLite; single-threaded tests only. */
static inline void fault_alloc_install(void) {
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &fault_mem_under);
    sqlite3_mem_methods m = fault_mem_under;
    m.xMalloc = fault_malloc;
    m.xRealloc = fault_realloc;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &m);
}

#endif
