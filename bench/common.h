/* What several programs of the benches need. */
#ifndef SC_BENCH_COMMON_H
#define SC_BENCH_COMMON_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/str.h"

/* Processor time of the process, seconds. */
static inline double cpu_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* A whole file, for the life of the process; it ends here when there is none. */
static inline sc_str read_file(const char *path) {
    FILE *f = fopen(path, "rb");
    long n = f && !fseek(f, 0, SEEK_END) ? ftell(f) : -1;
    char *p = n < 0 ? NULL : malloc((size_t)n + 1);
    if (!p || fseek(f, 0, SEEK_SET) || fread(p, 1, (size_t)n, f) != (size_t)n) {
        perror(path);
        exit(1);
    }
    fclose(f);
    return (sc_str){p, (size_t)n};
}

#endif
