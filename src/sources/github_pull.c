/* The events in which people answer a pull request
 * (https://docs.github.com/en/webhooks/webhook-events-and-payloads: pull_request, issue_comment, pull_request_review,
 * pull_request_review_comment). A comment on a pull request is an issue_comment whose issue has "pull_request". */
#include "sources/github_pull.h"

#include "sources/header.h"
#include "sources/payload.h"
#include "sources/shape.h"

static const struct {
    const char *event, *at; /* the object that has the number */
    const char *actions[3];
} answers[] = {
    {"pull_request", "pull_request", {"closed", "reopened"}},
    {"issue_comment", "issue", {"created", "edited"}},
    {"pull_request_review", "pull_request", {"submitted", "edited"}},
    {"pull_request_review_comment", "pull_request", {"created", "edited"}},
};

static sc_rc read_pull(const json_t *root, size_t kind, sc_arena *arena, sc_source_pull *ret,
                       sc_err *err) {
    sc_fields r = {.arena = arena, .err = err};
    const char *at = answers[kind].at;
    sc_str action = sc_fields_str(&r, root, "", "action");
    const json_t *object = sc_fields_obj(&r, root, "", at);
    if (!action.n)
        sc_fields_fail(&r, SC_UNPROCESSABLE, "", "action", "expected the event's action");
    if (!object) sc_fields_fail(&r, SC_UNPROCESSABLE, "", at, "expected what the event is about");
    if (r.rc) return r.rc;
    bool answered = false;
    for (size_t i = 0; i < SC_LEN(answers[kind].actions); i++)
        answered =
            answered || (answers[kind].actions[i] && sc_str_is(action, answers[kind].actions[i]));
    if (!answered) return SC_OK;
    const json_t *link = json_object_get(object, "pull_request");
    if (sc_str_is(sc_str_of(at), "issue") && (!link || json_is_null(link))) return SC_OK;
    const json_t *repository = sc_fields_obj(&r, root, "", "repository");
    sc_source_pull pull = {.number = sc_fields_int(&r, object, at, "number", 0)};
    pull.repo = sc_shape_line(&r, sc_fields_str(&r, repository, "repository", "full_name"));
    if (pull.number < 1)
        sc_fields_fail(&r, SC_UNPROCESSABLE, at, "number", "expected a pull request's number");
    if (!pull.repo.n)
        sc_fields_fail(&r, SC_UNPROCESSABLE, "repository", "full_name",
                       "expected a repository as owner/name");
    if (r.rc) return r.rc;
    *ret = pull;
    return SC_OK;
}

sc_rc sc_github_pull(const sc_source_request *rq, sc_arena *arena, sc_source_pull *ret,
                     sc_err *err) {
    sc_str event;
    size_t kind = 0;
    *ret = (sc_source_pull){.number = 0};
    sc_rc rc = sc_header_kind(rq, "X-GitHub-Event", &event, err);
    if (rc) return rc;
    while (kind < SC_LEN(answers) && !sc_str_is(event, answers[kind].event)) kind++;
    if (kind == SC_LEN(answers)) return SC_OK;
    SC_AUTO(sc_json_auto) json_t *root = NULL;
    rc = sc_payload_parse(rq->body, &root, err);
    return rc ? rc : read_pull(root, kind, arena, ret, err);
}
