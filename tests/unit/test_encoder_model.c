/* The encoder's file and what it is made from: hostile and broken files first, then a tiny model through
 * conversion and back. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "encoder_fixture.h"

static sc_arena arena;
static sc_model_dims dims;
static sc_weights weights;
static char folder[] = "/tmp/soulcaster-encoder-XXXXXX";

static int setup(void **state) {
    (void)state;
    sc_json_setup();
    sc_arena_init(&arena, 64 << 20);
    dims = fixture_dims();
    fixture_weights(&dims, 7, &arena, &weights);
    return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    static const char *const files[] = {"model.safetensors", "config.json", "vocab.txt", "m.bin"};
    char path[128];
    for (size_t i = 0; i < SC_LEN(files); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    sc_arena_done(&arena);
    return rmdir(folder);
}

static void make(sc_model_image *im) {
    assert_int_equal(sc_convert_weights(&weights, &dims, fixture_vocab(), im, NULL), SC_OK);
}

/* ---- Our own file ----------------------------------------------------------------------------------- */

static void a_cut_model_is_refused_at_every_length(void **state) {
    (void)state;
    sc_model_image im;
    sc_model m;
    sc_err err;
    make(&im);
    for (size_t n = 0; n < im.n; n += n < 4096 ? 1 : 997) {
        char *block = aligned_alloc(64, (n + 64) / 64 * 64);
        memcpy(block, im.p, n);
        assert_int_equal(sc_model_check(block, n, &m, &err), SC_INVALID);
        free(block);
    }
    assert_int_equal(sc_model_check(im.p, im.n, &m, &err), SC_OK);
    sc_model_image_done(&im);
}

static void a_flipped_bit_is_refused_everywhere(void **state) {
    (void)state;
    sc_model_image im;
    sc_model m;
    make(&im);
    for (size_t i = 0; i < im.n; i += i < 2048 ? 1 : 613) {
        im.p[i] ^= 16;
        assert_int_equal(sc_model_check(im.p, im.n, &m, NULL), SC_INVALID);
        im.p[i] ^= 16;
    }
    sc_model_image_done(&im);
}

static void put32(sc_model_image *im, size_t at, uint32_t v) { memcpy(im->p + at, &v, 4); }

/* What a right checksum must not hide. */
static void wrong_headers_are_refused_even_when_sealed(void **state) {
    (void)state;
    static const struct {
        size_t at;
        uint32_t v;
    } bad[] = {
        {8, 2},
        {12, 1},
        {64, 0},
        {64, 25},
        {64, 1},
        {64, 0xFFFFFFFF},
        {68, 0},
        {68, 63},
        {68, 128},
        {68, 1 << 20},
        {72, 0},
        {72, 3},
        {76, 0},
        {76, 65},
        {76, 8192},
        {80, 4},
        {80, 61},
        {80, 1 << 30},
        {84, 7},
        {84, 65},
        {84, 0xFFFFFFF0},
        {88, 2},
        {88, 256},
        {92, 2},
        {96, 0},
        {96, 65},
        {96, 513},
        {100, 0x7FC00000},
        {100, 0xBF800000},
        {100, 0x3F800000},
        {104, 0},
        {104, 48},
        {108, 1},
        {112, 0},
        {112, 0x2F2E2E2F},
        {176, 1},
        {252, 1},
        {256, 9},
        {260, 1},
        {264, 0},
        {268, 2},
        {272, 0},
        {272, 0xFFFFFFFF},
        {276, 1},
        {280, 0},
        {280, 0xFFFFFFC0},
        {284, 1},
        {288 + 24, 64},
    };
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        sc_model_image im;
        sc_err err = {0};
        make(&im);
        put32(&im, bad[i].at, bad[i].v);
        assert_int_equal(sc_model_seal(&im, &err), SC_INVALID);
        assert_true(err.msg[0] != 0);
        sc_model_image_done(&im);
    }
}

static void numbers_that_are_none_are_refused_even_when_sealed(void **state) {
    (void)state;
    static const float bad[] = {NAN, INFINITY, -INFINITY, 1001, -1001};
    for (size_t i = 0; i < SC_LEN(bad); i++)
        for (int where = 0; where < 8; where++) {
            sc_model_image im;
            make(&im);
            const sc_model *m = &im.views;
            const float *at[] = {m->word_scale + 59,
                                 m->places + FIXTURE_POSITIONS * FIXTURE_HIDDEN - 1,
                                 m->kind,
                                 m->after_embedding.gamma + 63,
                                 m->layer[1].after_ffn.beta,
                                 m->layer[0].qkv.scale + 191,
                                 m->layer[1].up.bias + 127,
                                 m->layer[1].down.scale};
            *(float *)(uintptr_t)at[where] = bad[i];
            assert_int_equal(sc_model_seal(&im, NULL), SC_INVALID);
            sc_model_image_done(&im);
        }
    sc_model_image im;
    make(&im);
    *(int32_t *)(uintptr_t)im.views.layer[0].down.sum = 127 * 128 + 1;
    assert_int_equal(sc_model_seal(&im, NULL), SC_INVALID);
    sc_model_image_done(&im);
}

static void a_vocabulary_must_have_the_models_lines(void **state) {
    (void)state;
    static const char *const bad[] = {"a\nb", "a\n\nb", "\xFF\n"};
    sc_model_image im;
    for (size_t i = 0; i < SC_LEN(bad); i++)
        assert_int_equal(sc_convert_weights(&weights, &dims, sc_str_of(bad[i]), &im, NULL),
                         SC_INVALID);
    assert_int_equal(sc_convert_weights(&weights, &dims, SC_STR_NONE, &im, NULL), SC_INVALID);
}

static void what_is_no_model_file_is_told_so(void **state) {
    (void)state;
    sc_model *m;
    sc_err err;
    assert_int_equal(sc_model_open("/nonexistent/m.bin", &m, &err), SC_NOT_FOUND);
    assert_int_equal(sc_model_open("/", &m, &err), SC_INVALID);
    assert_int_equal(sc_model_open("/dev/zero", &m, &err), SC_INVALID);
    assert_int_equal(sc_model_open("CMakeLists.txt", &m, &err), SC_INVALID);
    assert_non_null(strstr(err.msg, "not a model"));
}

/* ---- safetensors ------------------------------------------------------------------------------------- */

static sc_rc read_header(const char *json, size_t data) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_weights w;
    sc_err err;
    sc_arena a;
    uint64_t n = strlen(json);
    sc_buf_init(&b, 1 << 20);
    sc_buf_put(&b, &n, 8);
    sc_buf_puts(&b, json);
    for (size_t i = 0; i < data; i++) sc_buf_putc(&b, 0);
    sc_arena_init(&a, 1 << 20);
    sc_rc rc = sc_weights_safetensors(sc_buf_str(&b), &a, &w, &err);
    sc_arena_done(&a);
    return rc;
}

static void hostile_safetensors_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "[]",
        "{",
        "{\"a\":1}",
        "{\"a\":{\"dtype\":5,\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,9]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[12,20]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,0.5],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[65536,65536],\"data_offsets\":[0,0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}}",
    };
    for (size_t i = 0; i < SC_LEN(bad); i++) assert_int_equal(read_header(bad[i], 16), SC_INVALID);
    assert_int_equal(
        read_header("{\"a\":{\"dtype\":\"F16\",\"shape\":[8],\"data_offsets\":[0,16]}}", 16),
        SC_OK);
    sc_weights w;
    const sc_str huge = SC_STR("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF{}");
    assert_int_equal(sc_weights_safetensors(huge, &arena, &w, NULL), SC_INVALID);
    assert_int_equal(sc_weights_safetensors(SC_STR("1234567"), &arena, &w, NULL), SC_INVALID);
}

static void half_precisions_are_read_exactly(void **state) {
    (void)state;
    static const uint16_t f16[] = {0x3C00, 0xC000, 0x0001, 0x83FF, 0x7BFF, 0x8000};
    static const float want[] = {1, -2, 0x1p-24f, -0x1.ff8p-15f, 65504, -0.0f};
    static const uint16_t bf16[] = {0x3F80, 0xC000, 0x0001, 0x7F7F};
    static const float want_b[] = {1, -2, 0x1p-133f, 0x1.fep127f};
    float got[6];
    sc_weight w = {.name = SC_STR("x"), .type = SC_WEIGHT_F16, .rank = 1, .dims = {6}};
    w.data = (const unsigned char *)f16;
    assert_int_equal(sc_weight_read(&w, 6, 1, got, NULL), SC_OK);
    assert_memory_equal(got, want, sizeof want);
    w = (sc_weight){.name = SC_STR("x"), .type = SC_WEIGHT_BF16, .rank = 2, .dims = {2, 2}};
    w.data = (const unsigned char *)bf16;
    assert_int_equal(sc_weight_read(&w, 2, 2, got, NULL), SC_OK);
    assert_memory_equal(got, want_b, sizeof want_b);
    assert_int_equal(sc_weight_read(&w, 4, 1, got, NULL), SC_INVALID);
    static const uint16_t infinite[] = {0x7F80};
    w = (sc_weight){.name = SC_STR("x"), .type = SC_WEIGHT_BF16, .rank = 1, .dims = {1}};
    w.data = (const unsigned char *)infinite;
    assert_int_equal(sc_weight_read(&w, 1, 1, got, NULL), SC_INVALID);
}

/* ---- ONNX ------------------------------------------------------------------------------------------- */

/* The seeds of the fuzz target, without their first byte. */
static sc_rc read_onnx(const char *seed, sc_weights *ret, sc_err *err) {
    char path[128];
    char *bytes = sc_arena_take(&arena, 4096);
    snprintf(path, sizeof path, "tests/fuzz/corpus/encoder_file/%s", seed);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(bytes, 1, 4096, f);
    fclose(f);
    return sc_weights_onnx((sc_str){bytes + 1, n - 1}, &arena, ret, err);
}

static void a_product_is_named_after_its_bias_or_its_path(void **state) {
    (void)state;
    static const struct {
        const char *seed, *name;
    } good[] = {{"onnx_bias", "encoder.layer.0.attention.self.query.weight"},
                {"onnx_path", "encoder.layer.0.output.dense.weight"}};
    static const float want[] = {1, 4, 2, 5, 3, 6}; /* stored 2 x 3, inputs first */
    for (size_t i = 0; i < SC_LEN(good); i++) {
        sc_weights w;
        const sc_weight *t;
        float got[6];
        assert_int_equal(read_onnx(good[i].seed, &w, NULL), SC_OK);
        assert_int_equal(sc_weights_find(&w, good[i].name, &t, NULL), SC_OK);
        assert_int_equal(sc_weight_read(t, 3, 2, got, NULL), SC_OK);
        assert_memory_equal(got, want, sizeof want);
    }
    sc_weights w;
    const sc_weight *t;
    float got[6];
    assert_int_equal(read_onnx("onnx_gemm", &w, NULL), SC_OK);
    assert_int_equal(sc_weights_find(&w, "pooler.weight", &t, NULL), SC_OK);
    assert_int_equal(sc_weight_read(t, 3, 2, got, NULL), SC_OK); /* transB: outputs first */
    assert_true(got[1] == 2);
    assert_int_equal(sc_weights_find(&w, "other.bias", &t, NULL), SC_OK); /* an Identity */
    assert_int_equal(sc_weights_find(&w, "c", &t, NULL), SC_OK);          /* a Constant  */
}

static void onnx_files_that_cannot_be_read_are_told_why(void **state) {
    (void)state;
    sc_weights w;
    sc_err err;
    assert_int_equal(read_onnx("onnx_quantised", &w, &err), SC_INVALID);
    assert_non_null(strstr(err.msg, "quantised already"));
    assert_int_equal(read_onnx("onnx_outside", &w, &err), SC_INVALID);
    assert_non_null(strstr(err.msg, "another file"));
    assert_int_equal(sc_weights_onnx(SC_STR_NONE, &arena, &w, &err), SC_INVALID);
    assert_int_equal(sc_weights_onnx(SC_STR("\x3A\x7F"), &arena, &w, &err), SC_INVALID);
    assert_int_equal(sc_weights_onnx(SC_STR("no model"), &arena, &w, &err), SC_INVALID);
}

/* ---- Conversion -------------------------------------------------------------------------------------- */

static void a_missing_or_wrong_tensor_is_named(void **state) {
    (void)state;
    for (size_t i = 0; i < weights.n; i++) {
        sc_weight kept = weights.v[i];
        sc_model_image im;
        sc_err err;
        weights.v[i].name = SC_STR("other");
        assert_int_equal(sc_convert_weights(&weights, &dims, fixture_vocab(), &im, &err),
                         SC_INVALID);
        assert_non_null(strstr(err.msg, kept.name.p));
        weights.v[i] = kept;
        weights.v[i].dims[0] += 100; /* more token types than two would be fine */
        assert_int_equal(sc_convert_weights(&weights, &dims, fixture_vocab(), &im, &err),
                         SC_INVALID);
        weights.v[i] = kept;
        weights.v[i].type = SC_WEIGHT_OTHER;
        assert_int_equal(sc_convert_weights(&weights, &dims, fixture_vocab(), &im, &err),
                         SC_INVALID);
        weights.v[i] = kept;
    }
}

static void config_of(sc_convert_texts *t, const char *config) {
    *t = (sc_convert_texts){.config = sc_str_of(config), .vocab_txt = fixture_vocab()};
}

static void configs_of_other_models_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"model_type\":\"roberta\"}",
        "{\"model_type\":\"bert\",\"hidden_act\":\"relu\"}",
        "{\"model_type\":\"bert\",\"position_embedding_type\":\"relative_key\"}",
        "{\"model_type\":\"bert\",\"num_hidden_layers\":-3}",
        "{\"model_type\":\"bert\",\"num_hidden_layers\":\"6\"}",
    };
    sc_convert_texts t;
    sc_model_dims d;
    sc_str vocab;
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        config_of(&t, bad[i]);
        assert_int_equal(sc_convert_dims(&t, &arena, &d, &vocab, NULL), SC_INVALID);
    }
}

#define GOOD                                                                                \
    "{\"model_type\":\"bert\",\"num_hidden_layers\":6,\"hidden_size\":384,\"num_attention_" \
    "heads\":12,"                                                                           \
    "\"intermediate_size\":1536,\"vocab_size\":3,\"max_position_embeddings\":512}"

static void the_other_files_say_the_rest(void **state) {
    (void)state;
    sc_convert_texts t;
    sc_model_dims d;
    sc_str vocab;
    config_of(&t, GOOD);
    t.vocab_txt = SC_STR("a\r\nb\nc\n");
    assert_int_equal(sc_convert_dims(&t, &arena, &d, &vocab, NULL), SC_OK);
    assert_true(sc_str_is(vocab, "a\nb\nc"));
    assert_int_equal(d.pooling, SC_POOLING_MEAN);
    assert_int_equal(d.max_tokens, 512);
    assert_true(d.lower_case);
    t.vocab_txt = SC_STR_NONE;
    assert_int_equal(sc_convert_dims(&t, &arena, &d, &vocab, NULL), SC_NOT_FOUND);
    t.tokenizer = SC_STR("{\"normalizer\":{\"lowercase\":false},\"model\":{\"type\":\"WordPiece\","
                         "\"vocab\":{\"c\":2,\"a\":0,\"b\":1}}}");
    t.sentence_config = SC_STR("{\"max_seq_length\":256}");
    t.pooling = SC_STR("{\"pooling_mode_cls_token\":true,\"pooling_mode_mean_tokens\":false}");
    assert_int_equal(sc_convert_dims(&t, &arena, &d, &vocab, NULL), SC_OK);
    assert_true(sc_str_is(vocab, "a\nb\nc"));
    assert_int_equal(d.pooling, SC_POOLING_CLS);
    assert_int_equal(d.max_tokens, 256);
    assert_false(d.lower_case);
    t.modules = SC_STR("[{\"type\":\"sentence_transformers.models.Dense\"}]");
    assert_int_equal(sc_convert_dims(&t, &arena, &d, &vocab, NULL), SC_INVALID);
    t.modules = SC_STR("[{\"type\":\"sentence_transformers.models.Pooling\"}]");
    t.pooling = SC_STR("{\"pooling_mode_max_tokens\":true}");
    assert_int_equal(sc_convert_dims(&t, &arena, &d, &vocab, NULL), SC_INVALID);
    t.pooling = SC_STR_NONE;
    t.tokenizer =
        SC_STR("{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"c\":2,\"a\":0,\"b\":2}}}");
    assert_int_equal(sc_convert_dims(&t, &arena, &d, &vocab, NULL), SC_INVALID);
}

static void a_folder_becomes_a_file_that_opens(void **state) {
    (void)state;
    char path[128], again[128];
    sc_convert_result r;
    sc_model *m;
    sc_err err = {0};
    snprintf(path, sizeof path, "%s/m.bin", folder);
    snprintf(again, sizeof again, "%s/model.safetensors", folder);
    assert_int_equal(sc_convert(folder, NULL, path, &r, &err), SC_NOT_FOUND);
    fixture_folder(folder, 7);
    assert_int_equal(sc_convert(folder, "Bad Name", path, &r, &err), SC_INVALID);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(sc_convert(folder, "tiny-1", path, &r, &err), SC_OK);
    assert_int_equal(sc_model_open(path, &m, &err), SC_OK);
    assert_string_equal(m->dims.name, "tiny-1");
    assert_string_equal(m->sha256, r.sha256);
    assert_true(sc_str_eq(m->vocab, fixture_vocab()));
    sc_model_close(m);
    assert_int_equal(sc_convert(again, "tiny-1", path, &r, &err), SC_OK); /* the file itself */
    char first[65];
    memcpy(first, r.sha256, sizeof first);
    assert_int_equal(sc_convert(folder, "tiny-1", path, &r, &err), SC_OK);
    assert_string_equal(first, r.sha256);
    assert_int_equal(truncate(path, 5000), 0);
    assert_int_equal(sc_model_open(path, &m, &err), SC_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cut_model_is_refused_at_every_length),
        cmocka_unit_test(a_flipped_bit_is_refused_everywhere),
        cmocka_unit_test(wrong_headers_are_refused_even_when_sealed),
        cmocka_unit_test(numbers_that_are_none_are_refused_even_when_sealed),
        cmocka_unit_test(a_vocabulary_must_have_the_models_lines),
        cmocka_unit_test(what_is_no_model_file_is_told_so),
        cmocka_unit_test(hostile_safetensors_are_refused),
        cmocka_unit_test(half_precisions_are_read_exactly),
        cmocka_unit_test(a_product_is_named_after_its_bias_or_its_path),
        cmocka_unit_test(onnx_files_that_cannot_be_read_are_told_why),
        cmocka_unit_test(a_missing_or_wrong_tensor_is_named),
        cmocka_unit_test(configs_of_other_models_are_refused),
        cmocka_unit_test(the_other_files_say_the_rest),
        cmocka_unit_test(a_folder_becomes_a_file_that_opens),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
