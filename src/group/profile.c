#include "group/profile.h"

/* Fitted by tools/train/fit_decision.py on six labelled sets: figures on those flatter it, and
 * docs/quality.md has each set's figure with the constants fitted on the other five. */
#define COMMON                                                                          \
    .cut_tail = 0.2f, .null_items = 16, .topic_items = 60, .slope = 9, .margin = 0.05f, \
    .conflict_code = 0.10f, .conflict_place = 0.15f, .best_weight = 0, .join = 0.5f,    \
    .suggest = 0.2f
#define KIND .kind_tail_step = 1.6f, .kind_tail_most = 1, .kind_slope = 4

static const sc_profile profiles[] = {
    {.model = "builtin-2",
     .vec_max = 0.7f,
     .k_report = {0.40f, 0.45f, 0.15f, 0.20f},
     .k_topic = {0.70f, 0.20f, 0.10f, 0.20f},
     .cut_report = 0.44f,
     .cut_topic = 2.2f,
     .cut_min = 0.10f,
     .null_cut = 0.36f,
     .kind_words = 22,
     .kind_tail = 3.9f,
     KIND,
     COMMON},
    {.model = "", /* last: fits every name; a neural encoder's */
     .vec_max = 0.7f,
     .k_report = {0.35f, 0.50f, 0.15f, 0.20f},
     .k_topic = {0.80f, 0.10f, 0.10f, 0.20f},
     .cut_report = 0.45f,
     .cut_topic = 2.6f,
     .cut_min = 0.16f,
     .null_cut = 0.40f,
     .kind_words = 20,
     .kind_tail = 3.3f,
     KIND,
     COMMON},
};

const sc_profile *sc_profile_get(const char *model) {
    const size_t n = SC_LEN(profiles);
    for (size_t i = 0; i + 1 < n; i++)
        if (model && sc_str_starts(sc_str_of(model), profiles[i].model)) return &profiles[i];
    return &profiles[n - 1];
}
