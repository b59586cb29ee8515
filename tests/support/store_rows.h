/* All that travels of a store as text, through its port: what two stores that hold the same say alike. */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "store_fixture.h"

/* Of the projects f->a and f->b and of the installation, without secrets and without numbers that are the store's own. The
 * buffer is the caller's to end. */
sc_buf store_rows(sc_fx *f);

#endif
