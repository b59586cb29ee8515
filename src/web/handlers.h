/* The handlers, by operationId; each is in the file of its subject. */
#ifndef SC_WEB_HANDLERS_H
#define SC_WEB_HANDLERS_H

#include "web/render.h"
#include "web/request.h"

/* A line a subject. */
/* clang-format off */
#define SC_WEB_HANDLERS(X) /* X(operationId) */                                                    \
    X(ingestManual) X(ingestReddit) X(ingestSentry) X(ingestGithubWebhook) X(ingestDatadogWebhook) X(ingestPosthogWebhook) X(ingestSplunkWebhook)                         \
    X(listFeedback) X(getFeedback) X(updateFeedback) X(moveFeedback) X(removeFeedback)             \
    X(listClusters) X(getCluster) X(patchCluster) X(listClusterFeedback)                           \
    X(mergeClusters) X(splitCluster) X(keepApart) X(listMergeCandidates) X(undoAction)             \
    X(analyzeClusters) X(cleanupClusters)                                                          \
    X(getClusteringStatus) X(startClusterJob) X(listClusterJobs) X(getClusterJob) X(listWork)      \
    X(startFix) X(getPlan) X(savePlan) X(listClusterFixes) X(listFixes) X(createFix)               \
    X(getFix) X(patchFix) X(cancelFix) X(retryFix) X(getFixLog) X(getFixPatch)                     \
    X(getFixPull) X(actOnFixPull) X(getFixState) X(getFixConfig) X(putFixConfig)                   \
    X(search) X(traceFeedback) X(getStats)                                                         \
    X(getSession) X(listProjects) X(createProject) X(getConfig) X(putConfig) X(getLimits) X(putLimits)                       \
    X(getRetention) X(applyRetention) X(getMap) X(listSources) X(testSource)                                                         \
    X(listAudit) X(listViews) X(saveView) X(dropView)                                                           \
    X(getModel) X(useModel)                                                                        \
    X(listKeys) X(createKey) X(revokeKey)                                                          \
    X(listDeadLetters) X(retryDeadLetter) X(dropDeadLetter)                                        \
    X(getContract) X(getHealth) X(getApiHealth) X(getSystem) X(getMetrics)                         \
    X(formPage) X(submitForm) X(widget) X(getAsset) X(loginPage) X(login) X(logout)

/* The dashboard's addresses: each answers the same page, in which the address chooses what is shown. */
#define SC_WEB_PAGES(X) /* X(operationId) */                                                       \
    X(homePage) X(issuePage) X(fixesPage) X(fixPage) X(mapPage) X(inboxPage) X(sourcesPage) X(workPage)  \
    X(settingsPage) X(statusPage)
/* clang-format on */

#define X(id) sc_rc sc_on_##id(sc_req *q, sc_err *err);
SC_WEB_HANDLERS(X)
#undef X

sc_rc sc_on_page(sc_req *q, sc_err *err);

/* Those that are more than one function. */
sc_rc sc_on_ingestBatch(sc_req *q, sc_err *err);
sc_rc sc_batch_begin(sc_req *q, sc_err *err);
sc_http_flow sc_batch_chunk(sc_req *q, sc_str bytes);
void sc_batch_closed(sc_req *q);
sc_rc sc_on_streamEvents(sc_req *q, sc_err *err);
void sc_events_closed(sc_req *q);
sc_rc sc_on_followFixLog(sc_req *q, sc_err *err);
void sc_fix_log_closed(sc_req *q);

/* The statuses that the parameter names, as bits; 0: any. */
unsigned sc_req_statuses(const sc_req *q);
/* A page of reports or jobs as the answer; used by several subjects. */
sc_rc sc_reply_feedback_list(sc_req *q, const sc_feedback_list *list, sc_err *err);
/* Submits the accepted ones of n items (in the request's arena); the reply follows. */
sc_rc sc_reply_ingested(sc_req *q, sc_source_item *items, size_t n, sc_err *err);
sc_rc sc_reply_job_list(sc_req *q, const sc_job_filter *f, sc_err *err);
sc_rc sc_reply_job(sc_req *q, const sc_id *id, sc_err *err);

#endif
