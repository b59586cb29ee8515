#include "web/handlers.h"

const sc_op_handler sc_op_handlers[] = {
#define X(name) {.id = #name, .run = sc_on_##name},
    SC_WEB_HANDLERS(X)
#undef X
#define X(name) {.id = #name, .run = sc_on_page},
        SC_WEB_PAGES(X)
#undef X
            {.id = "ingestBatch",
             .run = sc_on_ingestBatch,
             .begin = sc_batch_begin,
             .chunk = sc_batch_chunk,
             .closed = sc_batch_closed},
    {.id = "streamEvents", .run = sc_on_streamEvents, .closed = sc_events_closed},
    {.id = "followFixLog", .run = sc_on_followFixLog, .closed = sc_fix_log_closed},
};
const size_t sc_op_handlers_n = SC_LEN(sc_op_handlers);
