/* A way to a server's socket that ends the connection before or after it passed on the nth piece of what is sent there. */
#ifndef SC_TESTS_CUTTER_H
#define SC_TESTS_CUTTER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

typedef struct cutter {
    int listener;
    char path[160]; /* in the folder; or */
    int port;       /* of 127.0.0.1, where there is no folder */
    char to[200];
    atomic_int left; /* pieces until the cut; below 0: none */
    atomic_bool after;
    pthread_t thread;
} cutter;

/* `to`: the socket of the server; c->to may be filled later, before anyone comes. dir NULL: a port. */
void cutter_start(cutter *c, const char *dir, const char *to);
void cutter_end(cutter *c);

#endif
