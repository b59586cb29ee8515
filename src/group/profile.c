#include "group/profile.h"

/* Fitted by tools/train/fit_decision.py on six labelled sets: figures on those flatter it, and
 * docs/quality.md has each set's figure with the constants fitted on the other five. */
#define COMMON                                                                          \
    .cut_tail = 0.2f, .null_items = 16, .topic_items = 60, .slope = 9, .margin = 0.05f, \
    .conflict_code = 0.10f, .conflict_place = 0.15f, .best_weight = 0, .join = 0.5f,    \
    .suggest = 0.2f
#define SPARSE                                                                         \
    .k_report = {0.40f, 0.45f, 0.15f, 0.20f}, .k_topic = {0.40f, 0.45f, 0.15f, 0.20f}, \
    .cut_min = 0.04f, .kind_words = 18, .kind_tail = 4.6f, .kind_tail_step = 0.8f,     \
    .kind_tail_most = 2, .kind_slope = 2, .cut_report = 0.40f, .cut_topic = 2.5f,      \
    .null_cut = 0.30f, COMMON
#define DENSE                                                                          \
    .k_report = {0.35f, 0.50f, 0.15f, 0.20f}, .k_topic = {0.80f, 0.10f, 0.10f, 0.20f}, \
    .cut_min = 0.16f, .kind_words = 20, .kind_tail = 3.3f, .kind_tail_step = 1.6f,     \
    .kind_tail_most = 1, .kind_slope = 3, .cut_report = 0.45f, .cut_topic = 2.2f,      \
    .null_cut = 0.40f, COMMON

static const sc_profile profiles[] = {
    {.model = "builtin-1", .vec_max = 0.02f, SPARSE}, /* its vectors are centred already */
    {.model = "", .vec_max = 0.7f, DENSE}, /* last: fits every name; a neural encoder's */
};

const sc_profile *sc_profile_get(const char *model) {
    const size_t n = SC_LEN(profiles);
    for (size_t i = 0; i + 1 < n; i++)
        if (model && sc_str_starts(sc_str_of(model), profiles[i].model)) return &profiles[i];
    return &profiles[n - 1];
}
