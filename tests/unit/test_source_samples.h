/* Payloads in the vendors' documented shapes, written for these tests. */
#ifndef SC_TEST_SOURCE_SAMPLES_H
#define SC_TEST_SOURCE_SAMPLES_H

#define FRAME(fn, file, app)                  \
    "{\"function\":" fn ",\"filename\":" file \
    ",\"module\":\"shop.cart\",\"lineno\":7,\"in_app\":" app "}"

#define SENTRY_EVENT                                                                               \
    "{\"event_id\":\"aaaa1111bbbb2222cccc3333dddd4444\",\"issue_id\":\"4711\","                    \
    "\"issue_url\":\"https://sentry.example/api/0/organizations/acme/issues/4711/\","              \
    "\"url\":\"https://sentry.example/api/0/projects/acme/shop/events/aaaa/\","                    \
    "\"web_url\":\"https://sentry.example/organizations/acme/issues/4711/events/aaaa/\","          \
    "\"title\":\"KeyError: 'total'\",\"message\":\"checkout failed\",\"culprit\":\"shop.cart in "  \
    "pay\","                                                                                       \
    "\"level\":\"error\",\"platform\":\"python\",\"release\":\"shop@1.4.0\",\"project\":5,"        \
    "\"datetime\":\"2026-03-01T10:20:30.500000Z\",\"timestamp\":1772360430.5,"                     \
    "\"logentry\":{\"formatted\":\"checkout failed\"},"                                            \
    "\"exception\":{\"values\":[{\"type\":\"OSError\",\"value\":\"disk\",\"stacktrace\":null},"    \
    "{\"type\":\"KeyError\",\"value\":\"'total'\",\"stacktrace\":{\"frames\":[" FRAME(             \
        "\"main\"", "\"shop/run.py\"",                                                             \
        "true") "," FRAME("\"get\"", "\"lib/dict.py\"",                                            \
                          "false") "," FRAME("\"pay\"", "\"shop/cart.py\"",                        \
                                             "true") "]}}]},"                                      \
                                                     "\"tags\":[[\"environment\",\"production\"]," \
                                                     "[\"user\",\"ip:10.0.0.1\"],[\"browser\","    \
                                                     "\"Firefox 130\"]]}"

#define SENTRY_ALERT                                              \
    "{\"action\":\"triggered\",\"data\":{\"event\":" SENTRY_EVENT \
    ",\"triggered_rule\":\"New issues\"}}"
#define SENTRY_ERROR "{\"action\":\"created\",\"data\":{\"error\":" SENTRY_EVENT "}}"

#define SENTRY_ISSUE_OBJECT                                                                \
    "{\"id\":\"4711\",\"shortId\":\"SHOP-9\",\"title\":\"KeyError: "                       \
    "'total'\",\"culprit\":\"shop.cart in pay\","                                          \
    "\"level\":\"error\",\"platform\":\"python\",\"status\":\"unresolved\",\"substatus\":" \
    "\"regressed\","                                                                       \
    "\"firstSeen\":\"2026-03-01T10:20:30Z\",\"lastSeen\":\"2026-03-05T00:00:01.25Z\","     \
    "\"permalink\":null,"                                                                  \
    "\"web_url\":\"https://sentry.example/organizations/acme/issues/4711/\","              \
    "\"project\":{\"id\":\"5\",\"slug\":\"shop\",\"name\":\"Shop\"},"                      \
    "\"metadata\":{\"type\":\"KeyError\",\"value\":\"'total'\",\"filename\":\"shop/cart.py\"}}"
#define SENTRY_ISSUE(action) \
    "{\"action\":\"" action "\",\"data\":{\"issue\":" SENTRY_ISSUE_OBJECT "}}"

#define SENTRY_PLUGIN                                                                            \
    "{\"id\":\"4711\",\"project\":\"shop\",\"project_name\":\"Shop\",\"project_slug\":\"shop\"," \
    "\"logger\":null,"                                                                           \
    "\"level\":\"error\",\"culprit\":\"shop.cart in pay\",\"message\":\"checkout failed\","      \
    "\"url\":\"https://sentry.example/issues/4711/"                                              \
    "?referrer=webhooks_plugin\",\"event\":{\"event_id\":\"aaaa\","                              \
    "\"title\":\"KeyError: 'total'\",\"tags\":[[\"level\",\"error\"]]}}"

#define GITHUB_ISSUE_OBJECT                                                                     \
    "{\"url\":\"https://api.github.com/repos/acme/shop/issues/12\","                            \
    "\"repository_url\":\"https://api.github.com/repos/acme/shop\","                            \
    "\"html_url\":\"https://github.com/acme/shop/issues/12\",\"number\":12,"                    \
    "\"title\":\"Cart total is wrong\",\"body\":\"Steps:\\r\\n1. add\\r\\n2. "                  \
    "pay\",\"state\":\"open\","                                                                 \
    "\"user\":{\"login\":\"mona\",\"type\":\"User\"},\"labels\":[{\"name\":\"bug\"},{\"name\":" \
    "\"P1\"}],"                                                                                 \
    "\"comments\":3,\"created_at\":\"2026-03-01T10:20:30Z\",\"updated_at\":\"2026-03-02T00:00:" \
    "00Z\","                                                                                    \
    "\"author_association\":\"MEMBER\",\"milestone\":{\"title\":\"v2\"}}"
#define GITHUB_HOOK(action)                                     \
    "{\"action\":\"" action "\",\"issue\":" GITHUB_ISSUE_OBJECT \
    ",\"repository\":{\"full_name\":\"acme/shop\"}}"

#define REDDIT_POST_DATA                                                                           \
    "{\"name\":\"t3_1abc2d\",\"id\":\"1abc2d\",\"title\":\"App eats &amp;amp; coins\","            \
    "\"selftext\":\"if a &lt; b &amp;&amp; c &gt; d\\n\\nit crashes\",\"subreddit\":\"shopapp\","  \
    "\"author\":\"mona\",\"permalink\":\"/r/shopapp/comments/1abc2d/app/\",\"url\":\"https://"     \
    "i.example/p.png\","                                                                           \
    "\"created_utc\":1772360430.0,\"score\":17,\"num_comments\":4,\"over_18\":false,\"stickied\":" \
    "false,"                                                                                       \
    "\"is_self\":true,\"link_flair_text\":\"Bug\",\"removed_by_category\":null}"
#define REDDIT_POST "{\"kind\":\"t3\",\"data\":" REDDIT_POST_DATA "}"
#define REDDIT_COMMENT                                                                             \
    "{\"kind\":\"t1\",\"data\":{\"name\":\"t1_k9\",\"body\":\"same here "                          \
    "&gt;:(\",\"link_id\":\"t3_1abc2d\","                                                          \
    "\"link_title\":\"App eats coins\",\"subreddit\":\"shopapp\",\"author\":\"lisa\",\"score\":2," \
    "\"permalink\":\"/r/shopapp/comments/1abc2d/app/k9/\",\"created_utc\":1772360431}}"

#define PLAIN                                                                             \
    "{\"title\":\"Cart total is wrong\",\"body\":\"It says 0.\",\"external_id\":\"T-1\"," \
    "\"created_at\":\"2026-03-01T10:20:30Z\",\"url\":\"https://desk.example/"             \
    "T-1\",\"stack\":\"pay (shop/cart.py)\","                                             \
    "\"status\":\"open\",\"repo\":\"acme/"                                                \
    "shop\",\"github_issue_number\":12,\"metadata\":{\"plan\":\"pro\"},"                  \
    "\"severity\":3}"

#define DATADOG_ALERT(transition, cycle, id, host)                                             \
    "{\"id\":\"" id "\",\"event_type\":\"query_alert_monitor\",\"title\":\"[" transition       \
    " on {host:" host                                                                          \
    "}] CPU is high\",\"body\":\"%%%\\nThe CPU of the checkout is busy.\\n%%%\",\"alert_id\":" \
    "4711,\"alert_title\":\"CPU is high\",\"alert_cycle_key\":\"" cycle                        \
    "\",\"alert_transition\":\"" transition                                                    \
    "\",\"alert_priority\":\"P2\",\"alert_scope\":\"host:" host "\",\"hostname\":\"" host      \
    "\",\"tags\":\"env:prod, team:shop\",\"link\":\"https://app.datadoghq.example/event/1\","  \
    "\"date\":\"1772360430000\",\"last_updated\":\"1772360431000\",\"org\":{\"id\":\"1\","     \
    "\"name\":"                                                                                \
    "\"Acme\"}}"
#define DATADOG_DEFAULT                                                                 \
    "{\"body\":\"%%%\\nslow\\n%%%\",\"last_updated\":\"1772360431000\",\"event_type\":" \
    "\"metric_alert_monitor\",\"title\":\"[P1] [Triggered] [db] "                       \
    "slow\",\"date\":\"1772360430000\","                                                \
    "\"org\":{\"id\":\"1\",\"name\":\"Acme\"},\"id\":\"7001\"}"

#define POSTHOG_EXCEPTIONS                                                                         \
    "[{\"type\":\"TypeError\",\"value\":\"total is undefined\",\"mechanism\":{\"handled\":false}," \
    "\"stacktrace\":{\"type\":\"resolved\",\"frames\":[{\"resolved_name\":\"main\",\"source\":"    \
    "\"lib/run.js\",\"in_app\":false},{\"resolved_name\":\"pay\",\"source\":\"shop/cart.ts\","     \
    "\"in_app\":true,\"line\":7}]}},{\"type\":\"Error\",\"value\":\"no answer\"}]"
#define POSTHOG_EVENT(name, props)                                                                \
    "{\"event\":{\"event\":\"" name                                                               \
    "\",\"uuid\":\"0190-u1\",\"distinct_id\":\"0190-i1\",\"timestamp\":\"2026-03-01T10:20:30Z\"," \
    "\"url\":\"https://eu.posthog.example/project/1/events/0190-u1/\",\"properties\":{" props     \
    "}},\"person\":{\"id\":\"p1\",\"properties\":{\"email\":\"mona@shop.example\"}}}"
#define POSTHOG_EXCEPTION                                                                         \
    POSTHOG_EVENT("$exception",                                                                   \
                  "\"$exception_list\":" POSTHOG_EXCEPTIONS                                       \
                  ",\"$exception_issue_id\":\"0190-i1\",\"$exception_level\":\"error\",\"$lib\":" \
                  "\"web\",\"$current_url\":\"https://shop.example/pay?mail=mona%40x#y\"")
#define POSTHOG_ALERT(kind)                                                                    \
    POSTHOG_EVENT(                                                                             \
        "$error_tracking_issue_" kind,                                                         \
        "\"name\":\"TypeError\",\"description\":\"total is undefined\",\"status\":\"active\"," \
        "\"exception_props\":{\"$exception_list\":" POSTHOG_EXCEPTIONS "}")
#define POSTHOG_SURVEY                                                                    \
    POSTHOG_EVENT(                                                                        \
        "survey sent",                                                                    \
        "\"$survey_id\":\"s1\",\"$survey_name\":\"Checkout\",\"$survey_submission_id\":"  \
        "\"sub1\",\"$survey_completed\":true,\"$survey_response\":\"Paying takes ages\"," \
        "\"$survey_response_1\":7,\"$survey_response_2\":[\"Speed\",\"Price\"],"          \
        "\"$survey_response_q-1\":\"Paying takes ages\"")

#define SPLUNK_ALERT(sid, row)                                                      \
    "{\"sid\":\"" sid                                                               \
    "\",\"search_name\":\"Payment errors\",\"app\":\"search\",\"owner\":\"admin\"," \
    "\"results_link\":\"http://web.example:8000/app/search/@go?sid=x\",\"result\":" row "}"
#define SPLUNK_SID "scheduler__admin__search__RMD5a_at_1772360430_132"
#define SPLUNK_ROW                                               \
    "{\"host\":\"web-1\",\"source\":\"/var/log/"                 \
    "pay.log\",\"sourcetype\":\"pay\",\"_time\":\"1772360000\"," \
    "\"error\":\"card declined by gateway\",\"count\":\"8\",\"users\":[\"a\",\"b\"]}"

#endif
