#include "stores/registry.h"

#include "stores/redis/redis.h"
#include "stores/sqlite/sqlite.h"

const sc_store_ops *const sc_stores[] = {
    &sc_store_sqlite,
    &sc_store_redis,
};
const size_t sc_stores_n = SC_LEN(sc_stores);

const sc_store_ops *sc_store_find(sc_str name) {
    for (size_t i = 0; i < sc_stores_n; i++)
        if (sc_str_is(name, sc_stores[i]->name)) return sc_stores[i];
    return NULL;
}

sc_rc sc_store_open(const sc_store_ops *ops, const void *conf, sc_store *ret, sc_err *err) {
    void *self = sc_alloc(ops->size);
    if (!self) return sc_fail(err, SC_NOMEM, "no memory for the store");
    sc_rc rc = ops->open(self, conf, err);
    if (rc) {
        sc_free(self);
        return rc;
    }
    *ret = (sc_store){ops, self};
    return SC_OK;
}

void sc_store_close(sc_store *s) {
    if (!s || !s->ops) return;
    s->ops->close(s->self);
    sc_free(s->self);
    *s = (sc_store){NULL, NULL};
}
