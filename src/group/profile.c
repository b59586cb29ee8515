#include "group/profile.h"

static const sc_profile profiles[] = {
    {.model = "", /* last: fits every name */
     .k_vec = 0.45f,
     .k_word = 0.40f,
     .k_title = 0.10f,
     .k_frame = 0.15f,
     .cut_base = 0.12f,
     .cut_mean = 1.0f,
     .cut_sd = 2.0f,
     .cut_min = 0.12f,
     .cut_max = 0.60f,
     .null_mean = 0.02f,
     .null_sd = 0.05f,
     .null_pairs = 200,
     .slope = 25,
     .best_weight = 0.0f,
     .join = 0.5f,
     .suggest = 0.2f,
     .margin = 0.02f,
     .conflict_code = 0.05f,
     .conflict_place = 0.01f},
};

const sc_profile *sc_profile_get(const char *model) {
    const size_t n = SC_LEN(profiles);
    for (size_t i = 0; i + 1 < n; i++)
        if (model && sc_str_starts(sc_str_of(model), profiles[i].model)) return &profiles[i];
    return &profiles[n - 1];
}
