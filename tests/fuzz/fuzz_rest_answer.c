/* What a REST address answers: whatever it says, it becomes as many replies as there were commands, or none. */
#include <hiredis/hiredis.h>
#include <stdlib.h>

#include "base/json.h"
#include "stores/redis/rest_answer.h"

/* Depth is hiredis' affair: it gives up beyond nine levels. */
static void count_replies(const sc_buf *text, size_t want, int type) {
    redisReader *reader = redisReaderCreate();
    if (!reader || redisReaderFeed(reader, text->p ? text->p : "", text->n) != REDIS_OK) abort();
    size_t n = 0;
    for (;; n++) {
        void *reply = NULL;
        if (redisReaderGetReply(reader, &reply) != REDIS_OK) break;
        if (!reply && n != want) abort();
        if (!reply) break;
        if (type && ((redisReply *)reply)->type != type) abort();
        freeReplyObject(reply);
    }
    if (n > want) abort();
    redisReaderFree(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sc_json_setup();
    if (!size) return 0;
    const size_t n = data[0] % 4;
    const sc_str body = {(const char *)data + 1, size - 1}, secret = SC_STR("t0k");
    SC_AUTO(sc_buf_done) sc_buf good, bad;
    sc_err err = {0};
    sc_buf_init(&good, 1 << 20);
    sc_buf_init(&bad, 1 << 20);
    if (sc_rd_rest_answer(body, n > 1, SC_MAX(n, (size_t)1), secret, &good, &err) == SC_OK)
        count_replies(&good, SC_MAX(n, (size_t)1), 0);
    else if (!err.msg[0])
        abort();
    sc_rd_rest_refusal(300 + data[0], body, n, data[0], secret, &bad);
    if (sc_str_find(sc_buf_str(&bad), secret) != SIZE_MAX) abort();
    if (!bad.failed) count_replies(&bad, n, REDIS_REPLY_ERROR);
    return 0;
}
