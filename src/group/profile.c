#include "group/profile.h"

/* Chosen after tools/train/fit_decision.py on six labelled sets: figures on those flatter it, and
 * docs/quality.md has each set's figure with constants fitted on the other five. */
#define COMMON                                                                                \
    .null_items = 16, .topic_items = 60, .slope = 9, .margin = 0.05f, .conflict_code = 0.10f, \
    .conflict_place = 0.15f, .best_weight = 0, .join = 0.5f, .suggest = 0.2f
#define KIND                                                                                 \
    .kind_words = 22, .kind_groups = 0.48f, .kind_groups_step = 0.2f, .kind_groups_most = 2, \
    .kind_slope = 4, .kind_cut = 0.2f

static const sc_profile profiles[] = {
    {.model = "builtin-2",
     .vec_max = 0.7f,
     .k_report = {0.40f, 0.45f, 0.15f, 0.20f},
     .k_topic = {0.70f, 0.20f, 0.10f, 0.20f},
     .k_trace = {0.25f, 0.45f, 0.10f, 0.35f},
     .cut_report = 0.49f,
     .cut_topic = 0.32f,
     .hold_report = 1.5f,
     .hold_topic = 0.2f,
     .null_cut = 0.36f,
     KIND,
     COMMON},
    {.model = "", /* last: fits every name; a neural encoder's */
     .vec_max = 0.7f,
     .k_report = {0.35f, 0.50f, 0.15f, 0.20f},
     .k_topic = {0.80f, 0.10f, 0.10f, 0.20f},
     .k_trace = {0.20f, 0.45f, 0.10f, 0.35f},
     .cut_report = 0.48f,
     .cut_topic = 0.34f,
     .hold_report = 1.5f,
     .hold_topic = 0.25f,
     .null_cut = 0.40f,
     KIND,
     COMMON},
};

const sc_profile *sc_profile_get(const char *model) {
    const size_t n = SC_LEN(profiles);
    for (size_t i = 0; i + 1 < n; i++)
        if (model && sc_str_starts(sc_str_of(model), profiles[i].model)) return &profiles[i];
    return &profiles[n - 1];
}
