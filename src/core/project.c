#include "core/project.h"

enum { MAX_NAME = 100 };

sc_rc sc_project_check_name(sc_str name, sc_err *err) {
    static const char field[] = "name";
    if (name.n == 0) return sc_fail_field(err, SC_UNPROCESSABLE, field, "must not be empty");
    if (name.n > MAX_NAME)
        return sc_fail_field(err, SC_UNPROCESSABLE, field, "must be at most %d characters",
                             MAX_NAME);
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool fine =
            (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
        if (!fine)
            return sc_fail_field(err, SC_UNPROCESSABLE, field,
                                 "may hold lower-case letters, digits, '.', '_' and '-' only");
    }
    return SC_OK;
}
