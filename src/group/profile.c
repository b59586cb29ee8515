#include "group/profile.h"

/* Fitted on six labelled sets with the builtin embedder (so figures on those sets flatter it); the cut
 * of duplicate-like projects was also judged by each set's curve without that set. The fallback has the same: what differs between embedders is centred away (vec_max). */
#define FITTED                                                                                  \
    .k_vec = 0.40f, .k_word = 0.45f, .k_title = 0.15f, .k_frame = 0.20f, .kind_words = 18,      \
    .kind_tail = 4.6f, .kind_tail_step = 0.8f, .kind_slope = 2, .cut_report = 0.40f,            \
    .cut_topic = 2.5f, .cut_min = 0.04f, .cut_tail = 0.2f, .null_cut = 0.30f, .null_items = 16, \
    .topic_items = 60, .slope = 9, .margin = 0.05f, .conflict_code = 0.10f,                     \
    .conflict_place = 0.15f, .best_weight = 0, .join = 0.5f, .suggest = 0.2f

static const sc_profile profiles[] = {
    {.model = "builtin", .vec_max = 0.02f, FITTED}, /* its vectors are centred already */
    {.model = "", .vec_max = 0.7f, FITTED},         /* last: fits every name */
};

const sc_profile *sc_profile_get(const char *model) {
    const size_t n = SC_LEN(profiles);
    for (size_t i = 0; i + 1 < n; i++)
        if (model && sc_str_starts(sc_str_of(model), profiles[i].model)) return &profiles[i];
    return &profiles[n - 1];
}
