#include "patch/secret.h"

#include <math.h>

#include "text/chars.h"

/* Tokens that say what they are: how they begin, and how many characters (letters, digits, - _ . + / = ) follow at
 * least. As the vendors document them, and as the scanners of GitHub and GitLab know them. */
static const struct {
    const char *prefix;
    size_t least;
    const char *what;
} tokens[] = {
    {"ghp_", 30, "a GitHub token"},
    {"gho_", 30, "a GitHub token"},
    {"ghu_", 30, "a GitHub token"},
    {"ghs_", 30, "a GitHub token"},
    {"ghr_", 30, "a GitHub token"},
    {"github_pat_", 30, "a GitHub token"},
    {"glpat-", 20, "a GitLab token"},
    {"gldt-", 20, "a GitLab token"},
    {"glrt-", 20, "a GitLab token"},
    {"AKIA", 16, "an AWS key"},
    {"ASIA", 16, "an AWS key"},
    {"AIza", 35, "a Google key"},
    {"ya29.", 20, "a Google token"},
    {"GOCSPX-", 20, "a Google secret"},
    {"sk-ant-", 20, "an Anthropic key"},
    {"sk-proj-", 20, "an OpenAI key"},
    {"sk-or-", 20, "an OpenRouter key"},
    {"sk-", 32, "a key of a model's service"},
    {"gsk_", 30, "a Groq key"},
    {"xai-", 30, "an xAI key"},
    {"hf_", 30, "a Hugging Face token"},
    {"r8_", 30, "a Replicate token"},
    {"sk_live_", 16, "a Stripe key"},
    {"rk_live_", 16, "a Stripe key"},
    {"whsec_", 24, "a webhook's secret"},
    {"xoxb-", 20, "a Slack token"},
    {"xoxp-", 20, "a Slack token"},
    {"xoxa-", 20, "a Slack token"},
    {"xoxr-", 20, "a Slack token"},
    {"xoxs-", 20, "a Slack token"},
    {"xapp-", 20, "a Slack token"},
    {"hooks.slack.com/services/T", 20, "a Slack webhook"},
    {"discord.com/api/webhooks/", 40, "a Discord webhook"},
    {"npm_", 30, "an npm token"},
    {"pypi-AgEI", 40, "a PyPI token"},
    {"dckr_pat_", 20, "a Docker token"},
    {"dop_v1_", 40, "a DigitalOcean token"},
    {"SG.", 60, "a SendGrid key"},
    {"shpat_", 30, "a Shopify token"},
    {"shpss_", 30, "a Shopify secret"},
    {"sq0csp-", 30, "a Square secret"},
    {"ATATT3", 40, "an Atlassian token"},
    {"lin_api_", 30, "a Linear key"},
    {"glsa_", 30, "a Grafana token"},
    {"sntrys_", 30, "a Sentry token"},
    {"tskey-", 20, "a Tailscale key"},
    {"hvs.", 24, "a Vault token"},
    {"AGE-SECRET-KEY-1", 40, "an age key"},
    {"AccountKey=", 40, "an Azure key"},
};

/* Names that a secret is given to; lower case. */
static const char *const names[] = {
    "passw",         "passphrase", "secret",      "token",         "apikey",     "api_key",
    "api-key",       "accesskey",  "access_key",  "private_key",   "privatekey", "credential",
    "authorization", "client_key", "signing_key", "encryption_key"};

/* Everything is looked for within so many characters: the work stays linear in the line. */
enum { LEAST_VALUE = 16, MOST_VALUE = 512, MOST_NAME = 64 };
static const double least_entropy =
    3.2; /* bits a character; words and paths have fewer with digits in them */

static bool of_token(char c) {
    return sc_chars_is(c, SC_CHARS_ALNUM) || (c && strchr("-_.+/=", c));
}

static size_t token_span(sc_str s) {
    size_t n = 0;
    while (n < s.n && n <= MOST_VALUE && of_token(s.p[n])) n++;
    return n;
}

static const char *known(sc_str s) {
    for (size_t i = 0; i < SC_LEN(tokens); i++)
        if (s.p[0] == tokens[i].prefix[0] && sc_str_starts(s, tokens[i].prefix) &&
            token_span(sc_chars_from(s, strlen(tokens[i].prefix))) >= tokens[i].least)
            return tokens[i].what;
    return NULL;
}

/* Three parts in base64url, the first two of which begin with {" (RFC 7519). */
static bool web_token(sc_str s) {
    size_t n = token_span(s), dots = 0;
    if (!sc_str_starts(s, "eyJ") || n < 60) return false;
    for (size_t i = 0; i + 4 < n; i++)
        if (s.p[i] == '.' && (dots++ || !memcmp(s.p + i + 1, "eyJ", 3)) && dots == 2) return true;
    return false;
}

/* scheme://user:password@host, but not with a placeholder. */
static bool password_in_url(sc_str s) {
    if (!sc_str_starts(s, "://")) return false;
    size_t colon = 0, i = 3;
    for (; i < s.n && !strchr(" \t/\"'<>", s.p[i]) && s.p[i] != '@'; i++)
        if (s.p[i] == ':') colon = i;
    bool found = i < s.n && s.p[i] == '@' && colon && i - colon > 4;
    return found && !strchr("$<{%[*", s.p[colon + 1]);
}

static double entropy(sc_str s) {
    unsigned count[256] = {0};
    double bits = 0;
    for (size_t i = 0; i < s.n; i++) count[(unsigned char)s.p[i]]++;
    for (size_t i = 0; i < SC_LEN(count); i++)
        if (count[i]) bits -= count[i] / (double)s.n * log2(count[i] / (double)s.n);
    return bits;
}

static bool random_looking(sc_str v) {
    size_t digits = 0, letters = 0;
    if (v.n < LEAST_VALUE || v.n > MOST_VALUE) return false;
    for (size_t i = 0; i < v.n; i++) {
        digits += sc_chars_is(v.p[i], SC_CHARS_DIGIT);
        letters += sc_chars_is(v.p[i], SC_CHARS_ALPHA);
    }
    return digits >= 2 && letters >= 2 && entropy(v) >= least_entropy;
}

/* What is given to the name that s begins with: behind the rest of the name, and one of = : ( with what
 * stands about them. */
static bool given(sc_str s) {
    size_t i = 0;
    while (i < s.n && i < MOST_NAME &&
           (sc_chars_is(s.p[i], SC_CHARS_ALNUM) || strchr("_-", s.p[i])))
        i++;
    bool sign = false;
    for (size_t end = i + 12; i < s.n && i < end && strchr(" \t\"'`:=>([,", s.p[i]); i++)
        sign = sign || strchr(":=(,", s.p[i]);
    sc_str v = sc_chars_from(s, i);
    static const char *const schemes[] = {"Bearer ", "Basic ", "token "};
    for (size_t k = 0; k < SC_LEN(schemes); k++)
        if (sc_str_starts(v, schemes[k])) v = sc_chars_from(v, strlen(schemes[k]));
    v.n = token_span(v);
    return sign && random_looking(v);
}

static bool named(sc_str s) {
    char first = sc_chars_lower(s.p[0]);
    for (size_t i = 0; i < SC_LEN(names); i++)
        if (first == names[i][0] && sc_chars_istarts(s, names[i])) return given(s);
    return false;
}

const char *sc_patch_secret(sc_str line) {
    size_t begin = sc_str_find(line, SC_STR("-----BEGIN "));
    if (begin != SIZE_MAX &&
        sc_str_find(sc_chars_from(line, begin), SC_STR("PRIVATE KEY")) != SIZE_MAX)
        return "a private key";
    if (sc_str_find(line, SC_STR("PuTTY-User-Key-File-")) != SIZE_MAX) return "a private key";
    for (size_t i = 0; i < line.n; i++) {
        sc_str s = sc_chars_from(line, i);
        bool word = !i || !sc_chars_is(line.p[i - 1], SC_CHARS_ALNUM);
        const char *what = word ? known(s) : NULL;
        if (what) return what;
        if (word && web_token(s)) return "a signed web token";
        if (password_in_url(s)) return "a password in a URL";
        if (named(s)) return "a random-looking value given to a secret's name";
    }
    return NULL;
}
