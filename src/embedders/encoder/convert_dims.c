/* What a checkpoint's JSON files say. */
#include "base/json.h"
#include "embedders/encoder/convert.h"

static sc_rc parse(sc_str text, const char *file, json_t **ret, sc_err *err) {
    if (!text.n) return SC_OK;
    sc_rc rc = sc_json_parse(text, ret, err);
    if (rc) {
        sc_wrap(err, "%s", file);
        return rc;
    }
    if (!json_is_object(*ret) && !json_is_array(*ret))
        return sc_fail(err, SC_INVALID, "%s is neither an object nor an array", file);
    return SC_OK;
}

static sc_rc number(const json_t *obj, const char *key, uint32_t *ret, sc_err *err) {
    int64_t v;
    sc_rc rc = sc_json_int(obj, key, -1, &v, err);
    if (rc) {
        sc_wrap(err, "config.json");
        return rc;
    }
    if (v < 0 || v > UINT32_MAX)
        return sc_fail(err, SC_INVALID, "config.json has no good \"%s\"", key);
    *ret = (uint32_t)v;
    return SC_OK;
}

/* A member that has to be `want` where it is there at all. */
static sc_rc expect(const json_t *obj, const char *key, const char *want, sc_err *err) {
    const json_t *v = json_object_get(obj, key);
    if (!v || (json_is_string(v) && !strcmp(json_string_value(v), want))) return SC_OK;
    return sc_fail(err, SC_INVALID,
                   "config.json: \"%s\" is not \"%s\"; other models are not supported", key, want);
}

static sc_rc read_config(const json_t *c, sc_model_dims *d, sc_err *err) {
    if (!json_is_string(json_object_get(c, "model_type")))
        return sc_fail(err, SC_INVALID, "config.json names no \"model_type\"");
    sc_rc rc = expect(c, "model_type", "bert", err);
    if (!rc) rc = expect(c, "hidden_act", "gelu", err);
    if (!rc) rc = expect(c, "position_embedding_type", "absolute", err);
    if (!rc) rc = number(c, "num_hidden_layers", &d->layers, err);
    if (!rc) rc = number(c, "hidden_size", &d->hidden, err);
    if (!rc) rc = number(c, "num_attention_heads", &d->heads, err);
    if (!rc) rc = number(c, "intermediate_size", &d->ffn, err);
    if (!rc) rc = number(c, "vocab_size", &d->vocab, err);
    if (!rc) rc = number(c, "max_position_embeddings", &d->positions, err);
    const json_t *eps = json_object_get(c, "layer_norm_eps");
    d->eps = json_is_number(eps) ? (float)json_number_value(eps) : 1e-12f;
    return rc;
}

static sc_rc read_modules(const json_t *modules, sc_err *err) {
    size_t i;
    const json_t *m;
    json_array_foreach(modules, i, m) {
        sc_str type = sc_json_str_at(m, "type");
        if (sc_str_ends(type, ".Transformer") || sc_str_ends(type, ".Pooling") ||
            sc_str_ends(type, ".Normalize"))
            continue;
        return sc_fail(err, SC_INVALID, "modules.json: a module of type %.*s is not supported",
                       (int)SC_MIN(type.n, (size_t)80), type.p ? type.p : "");
    }
    return SC_OK;
}

static sc_rc read_pooling(const json_t *p, sc_model_dims *d, sc_err *err) {
    static const char *const others[] = {
        "pooling_mode_max_tokens", "pooling_mode_mean_sqrt_len_tokens",
        "pooling_mode_weightedmean_tokens", "pooling_mode_lasttoken"};
    bool mean = false, cls = false;
    d->pooling = SC_POOLING_MEAN;
    if (!p) return SC_OK;
    sc_rc rc = sc_json_bool(p, "pooling_mode_mean_tokens", false, &mean, err);
    if (!rc) rc = sc_json_bool(p, "pooling_mode_cls_token", false, &cls, err);
    if (rc) {
        sc_wrap(err, "1_Pooling/config.json");
        return rc;
    }
    for (size_t i = 0; i < SC_LEN(others); i++)
        if (json_is_true(json_object_get(p, others[i]))) mean = cls = true;
    if (mean == cls)
        return sc_fail(err, SC_INVALID,
                       "1_Pooling/config.json asks for a pooling other than mean or CLS");
    d->pooling = cls ? SC_POOLING_CLS : SC_POOLING_MEAN;
    return SC_OK;
}

/* ---- Vocabulary ------------------------------------------------------------------------------------ */

static sc_rc vocab_of_json(const json_t *tokenizer, uint32_t words, sc_arena *arena, sc_str *ret,
                           sc_err *err) {
    const json_t *vocab = sc_json_at(tokenizer, "model.vocab");
    if (!sc_str_is(sc_json_str_at(tokenizer, "model.type"), "WordPiece") || !json_is_object(vocab))
        return sc_fail(err, SC_INVALID, "tokenizer.json holds no WordPiece vocabulary");
    if (json_object_size(vocab) != words || words > SC_MODEL_MAX_VOCAB)
        return sc_fail(err, SC_INVALID, "tokenizer.json has %zu words, config.json says %u",
                       json_object_size(vocab), words);
    const char **by_id = sc_arena_take_array(arena, words, sizeof *by_id);
    if (!by_id) return sc_fail(err, SC_NOMEM, "no memory for the vocabulary");
    const char *word;
    json_t *id;
    size_t bytes = 0;
    json_object_foreach((json_t *)(uintptr_t)vocab, word, id) {
        json_int_t i = json_is_integer(id) ? json_integer_value(id) : -1;
        if (i < 0 || i >= (json_int_t)words || by_id[i] || strchr(word, '\n'))
            return sc_fail(err, SC_INVALID, "tokenizer.json: the word '%.60s' has no id of its own",
                           word);
        by_id[i] = word;
        bytes += strlen(word) + 1;
    }
    char *text = sc_arena_take(arena, bytes + 1), *p = text;
    if (!text) return sc_fail(err, SC_NOMEM, "no memory for the vocabulary");
    for (uint32_t i = 0; i < words; i++) {
        size_t n = strlen(by_id[i]);
        memcpy(p, by_id[i], n);
        p[n] = '\n';
        p += n + 1;
    }
    *ret = (sc_str){text, bytes ? bytes - 1 : 0};
    return SC_OK;
}

/* One '\n' between words and none at the end; a '\r' before it goes. */
static sc_rc vocab_of_text(sc_str txt, sc_arena *arena, sc_str *ret, sc_err *err) {
    if (txt.n && txt.p[txt.n - 1] == '\n') txt.n--;
    char *text = sc_arena_take(arena, txt.n + 1);
    if (!text) return sc_fail(err, SC_NOMEM, "no memory for the vocabulary");
    size_t n = 0;
    for (size_t i = 0; i < txt.n; i++) {
        bool end = i + 1 == txt.n || txt.p[i + 1] == '\n';
        if (txt.p[i] != '\r' || !end) text[n++] = txt.p[i];
    }
    *ret = (sc_str){text, n};
    return SC_OK;
}

static bool lower_case(const json_t *tokenizer, const json_t *tokenizer_config) {
    const json_t *a = json_object_get(tokenizer_config, "do_lower_case");
    const json_t *b = sc_json_at(tokenizer, "normalizer.lowercase");
    return json_is_boolean(a) ? json_is_true(a) : json_is_boolean(b) ? json_is_true(b) : true;
}

sc_rc sc_convert_dims(const sc_convert_texts *t, sc_arena *arena, sc_model_dims *ret,
                      sc_str *ret_vocab, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *config = NULL, *tokenizer = NULL, *tokenizer_config = NULL;
    SC_AUTO(sc_json_auto) json_t *sentence = NULL, *modules = NULL, *pooling = NULL;
    sc_model_dims d = {0};
    int64_t most;
    if (!t->config.n) return sc_fail(err, SC_INVALID, "config.json is empty");
    sc_rc rc = parse(t->config, "config.json", &config, err);
    if (!rc) rc = parse(t->tokenizer, "tokenizer.json", &tokenizer, err);
    if (!rc) rc = parse(t->tokenizer_config, "tokenizer_config.json", &tokenizer_config, err);
    if (!rc) rc = parse(t->sentence_config, "sentence_bert_config.json", &sentence, err);
    if (!rc) rc = parse(t->modules, "modules.json", &modules, err);
    if (!rc) rc = parse(t->pooling, "1_Pooling/config.json", &pooling, err);
    if (!rc) rc = read_config(config, &d, err);
    if (!rc) rc = read_modules(modules, err);
    if (!rc) rc = read_pooling(pooling, &d, err);
    if (!rc) rc = sc_json_int(sentence, "max_seq_length", SC_ENC_MAX_TOKENS, &most, err);
    if (rc) return rc;
    d.max_tokens =
        (uint32_t)SC_MAX(SC_MIN(SC_MIN(most, (int64_t)SC_ENC_MAX_TOKENS), (int64_t)d.positions), 0);
    d.lower_case = lower_case(tokenizer, tokenizer_config);
    if (t->vocab_txt.n)
        rc = vocab_of_text(t->vocab_txt, arena, ret_vocab, err);
    else if (tokenizer)
        rc = vocab_of_json(tokenizer, d.vocab, arena, ret_vocab, err);
    else
        rc = sc_fail(err, SC_NOT_FOUND, "neither vocab.txt nor tokenizer.json is there");
    if (!rc) *ret = d;
    return rc;
}
