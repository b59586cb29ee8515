#include "text/trie.h"

#include <stdlib.h>

/* Keys [lo, hi) share `depth` bytes, and these led to state `at`. */
typedef struct node {
    uint32_t at;
    size_t lo, hi, depth;
} node;

typedef struct builder {
    sc_trie_cell *cells;
    size_t n_cells;
    size_t hint; /* few cells below it are free */
    node *nodes; /* still to be given children  */
    size_t n_nodes, max_nodes;
} builder;

enum { FIRST_BASE = 256, SPAN = 256 };

static int by_key(const void *pa, const void *pb) {
    const sc_trie_key *a = pa, *b = pb;
    if (a->root != b->root) return a->root < b->root ? -1 : 1;
    int c = sc_str_cmp(a->s, b->s);
    return c ? c : (a->id > b->id) - (a->id < b->id);
}

static bool grow(builder *b, size_t need) {
    if (need <= b->n_cells) return true;
    size_t n = SC_MAX(need, b->n_cells + b->n_cells / 2);
    sc_trie_cell *cells = sc_realloc_array(b->cells, n, sizeof *cells);
    if (!cells) return false;
    for (size_t i = b->n_cells; i < n; i++)
        cells[i] = (sc_trie_cell){0, SC_TRIE_NONE, SC_TRIE_NONE};
    b->cells = cells;
    b->n_cells = n;
    return true;
}

static bool push(builder *b, node n) {
    if (b->n_nodes == b->max_nodes) {
        size_t max = b->max_nodes ? b->max_nodes * 2 : 1024;
        node *nodes = sc_realloc_array(b->nodes, max, sizeof *nodes);
        if (!nodes) return false;
        b->nodes = nodes;
        b->max_nodes = max;
    }
    b->nodes[b->n_nodes++] = n;
    return true;
}

/* The first base whose cells for all these bytes (ascending) are free; 0 when out of memory. */
static size_t place(builder *b, const unsigned char *bytes, size_t n) {
    size_t taken = 0, from = SC_MAX(b->hint, (size_t)FIRST_BASE + bytes[0]);
    for (size_t pos = from;; pos++) {
        if (!grow(b, pos + 2 * SPAN)) return 0;
        if (b->cells[pos].check != SC_TRIE_NONE) {
            taken++;
            continue;
        }
        size_t base = pos - bytes[0], i = 1;
        while (i < n && b->cells[base + bytes[i]].check == SC_TRIE_NONE) i++;
        if (i < n) continue;
        if (taken * 20 >= (pos - from + 1) * 19) b->hint = pos; /* 95 % full: not again */
        return base;
    }
}

static sc_rc give_children(builder *b, const sc_trie_key *keys, node at, sc_err *err) {
    unsigned char bytes[SPAN];
    size_t starts[SPAN + 1], n = 0;
    while (at.lo < at.hi && keys[at.lo].s.n == at.depth) b->cells[at.at].id = keys[at.lo++].id;
    for (size_t i = at.lo; i < at.hi; i++) {
        unsigned char byte = (unsigned char)keys[i].s.p[at.depth];
        if (n && bytes[n - 1] == byte) continue;
        bytes[n] = byte;
        starts[n++] = i;
    }
    if (!n) return SC_OK;
    starts[n] = at.hi;
    size_t base = place(b, bytes, n);
    if (!base || base > UINT32_MAX - 2 * SPAN)
        return sc_fail(err, SC_NOMEM, "no memory for a trie");
    b->cells[at.at].base = (uint32_t)base;
    for (size_t i = 0; i < n; i++) {
        uint32_t child = (uint32_t)(base + bytes[i]);
        b->cells[child].check = at.at;
        if (!push(b, (node){child, starts[i], starts[i + 1], at.depth + 1}))
            return sc_fail(err, SC_NOMEM, "no memory for a trie");
    }
    return SC_OK;
}

static sc_rc build(builder *b, const sc_trie_key *keys, size_t n, sc_err *err) {
    size_t cut = 0;
    while (cut < n && keys[cut].root == SC_TRIE_ROOT) cut++;
    if (!grow(b, FIRST_BASE + 4 * SPAN) || !push(b, (node){SC_TRIE_ROOT_2, cut, n, 0}) ||
        !push(b, (node){SC_TRIE_ROOT, 0, cut, 0}))
        return sc_fail(err, SC_NOMEM, "no memory for a trie");
    while (b->n_nodes) {
        sc_rc rc = give_children(b, keys, b->nodes[--b->n_nodes], err);
        if (rc) return rc;
    }
    return SC_OK;
}

sc_rc sc_trie_build(sc_trie *t, sc_trie_key *keys, size_t n, sc_err *err) {
    builder b = {.hint = FIRST_BASE};
    if (n) qsort(keys, n, sizeof *keys, by_key);
    sc_rc rc = build(&b, keys, n, err);
    sc_free(b.nodes);
    if (rc) {
        sc_free(b.cells);
        return rc;
    }
    size_t used = b.n_cells;
    while (used > FIRST_BASE && b.cells[used - 1].check == SC_TRIE_NONE) used--;
    sc_trie_cell *cells = sc_realloc_array(b.cells, used + SPAN, sizeof *cells);
    *t = (sc_trie){cells ? cells : b.cells, used + SPAN};
    return SC_OK;
}

void sc_trie_done(sc_trie *t) {
    sc_free(t->cells);
    *t = (sc_trie){0};
}
