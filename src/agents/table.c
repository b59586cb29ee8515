/* How each agent is told what to do without a person at hand. Where its pages contradict each other the newest was
 * taken; none of these was run against its vendor's service by us (docs/agents.md).
 *
 * The rows share three rules: approvals are off (the sandbox is what holds them back), nothing is looked up, updated or
 * reported on the way, and every model they may choose by themselves is the one that is paid for. */
#include "agents/agents.h"

#define ENV(rows) .env = (rows), .n_env = SC_LEN(rows)

/* ---- The one that is built in (cmd/agent.c) -------------------------------------------------------- */

static const char *const builtin_argv[] = {
    "{self}",     "agent",   "{prompt_file}", "--work",  "{work}",  "--url",   "{url}",
    "--protocol", "{shape}", "--model",       "{model}", "--steps", "{steps}", NULL};

/* ---- Claude Code: https://code.claude.com/docs/en/cli-reference, .../env-vars ----------------------- */

static const char *const claude_argv[] = {
    "claude",          "-p",          "{task}",    "--model",
    "{model}",         "--max-turns", "{steps}",   "--dangerously-skip-permissions",
    "--output-format", "stream-json", "--verbose", NULL};
static const sc_agent_pair claude_env[] = {
    {"ANTHROPIC_BASE_URL", "{url}"},
    {"ANTHROPIC_API_KEY", "{key}"},
    {"ANTHROPIC_DEFAULT_OPUS_MODEL", "{model}"},
    {"ANTHROPIC_DEFAULT_SONNET_MODEL", "{model}"},
    {"ANTHROPIC_DEFAULT_HAIKU_MODEL", "{model}"}, /* else it asks a small one beside */
    {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"},
    {"DISABLE_AUTOUPDATER", "1"},
    {"IS_SANDBOX", "1"},
};

/* ---- Codex: https://developers.openai.com/codex/noninteractive, .../codex/config-reference ------------ */

static const char *const codex_argv[] = {"codex",
                                         "exec",
                                         "--skip-git-repo-check",
                                         "--dangerously-bypass-approvals-and-sandbox",
                                         "--model",
                                         "{model}",
                                         "{task}",
                                         NULL};
static const sc_agent_pair codex_env[] = {{"SOULCASTER_MODEL_KEY", "{key}"},
                                          {"CODEX_HOME", "{home}/.codex"}};
/* Its own web search would run at the service; the proxy refuses that. */
static const char codex_file[] = "model = \"{model}\"\n"
                                 "model_provider = \"soulcaster\"\n"
                                 "web_search = \"disabled\"\n"
                                 "check_for_update_on_startup = false\n"
                                 "[analytics]\n"
                                 "enabled = false\n"
                                 "[model_providers.soulcaster]\n"
                                 "name = \"soulcaster\"\n"
                                 "base_url = \"{url}/v1\"\n"
                                 "env_key = \"SOULCASTER_MODEL_KEY\"\n"
                                 "wire_api = \"responses\"\n";

/* ---- Gemini CLI: https://geminicli.com/docs/cli/headless, .../docs/reference/configuration ------------ */

static const char *const gemini_argv[] = {"gemini",      "-p", "{task}",  "--approval-mode",
                                          "yolo",        "-m", "{model}", "--output-format",
                                          "stream-json", NULL};
static const sc_agent_pair gemini_env[] = {
    {"GEMINI_API_KEY", "{key}"},
    {"GOOGLE_GEMINI_BASE_URL", "{url}"},
    {"GOOGLE_GENAI_API_VERSION", "v1beta"},
    {"GEMINI_CLI_TRUST_WORKSPACE", "true"}, /* else yolo falls back to asking */
    {"GEMINI_CLI_NO_RELAUNCH", "true"},
};
static const char gemini_file[] = "{\"security\":{\"auth\":{\"selectedType\":\"gemini-api-key\"}},"
                                  "\"privacy\":{\"usageStatisticsEnabled\":false},"
                                  "\"general\":{\"enableAutoUpdate\":false}}\n";

/* ---- aider: https://aider.chat/docs/scripting.html, .../docs/config/options.html, .../llms/openai-compat.html -- */

static const char *const aider_argv[] = {"aider",
                                         "--model",
                                         "openai/{model}",
                                         "--message-file",
                                         "{prompt_file}",
                                         "--yes-always",
                                         "--no-git",
                                         "--no-gitignore",
                                         "--no-check-update",
                                         "--no-analytics",
                                         "--no-show-model-warnings",
                                         "--no-show-release-notes",
                                         "--no-pretty",
                                         NULL};
static const sc_agent_pair aider_env[] = {
    {"OPENAI_API_BASE", "{url}/v1"},
    {"OPENAI_API_KEY", "{key}"},
    {"LITELLM_LOCAL_MODEL_COST_MAP", "True"}, /* else it fetches a list of prices */
};

/* ---- opencode: https://opencode.ai/docs/cli, https://opencode.ai/docs/config ------------------------------
 * ---- Kilo Code, which is made from it: https://kilo.ai/docs/cli ----------------------------------------- */

#define OPENCODE_CONFIG                                                                            \
    "{\"model\":\"soulcaster/{model}\",\"small_model\":\"soulcaster/{model}\","                    \
    "\"share\":\"disabled\",\"autoupdate\":false,"                                                 \
    "\"permission\":{\"edit\":\"allow\",\"bash\":\"allow\",\"webfetch\":\"deny\"},"                \
    "\"provider\":{\"soulcaster\":{\"npm\":\"@ai-sdk/openai-compatible\",\"name\":\"soulcaster\"," \
    "\"options\":{\"baseURL\":\"{url}/v1\",\"apiKey\":\"{key}\"},\"models\":{\"{model}\":{}}}}}"

static const char *const opencode_argv[] = {"opencode",           "run",    "--model",
                                            "soulcaster/{model}", "{task}", NULL};
static const sc_agent_pair opencode_env[] = {{"OPENCODE_CONFIG_CONTENT", OPENCODE_CONFIG},
                                             {"OPENCODE_DISABLE_AUTOUPDATE", "1"},
                                             {"OPENCODE_DISABLE_MODELS_FETCH", "1"}};
static const char *const kilo_argv[] = {"kilo",   "run", "--auto", "--model", "soulcaster/{model}",
                                        "{task}", NULL};
static const sc_agent_pair kilo_env[] = {{"KILO_CONFIG_CONTENT", OPENCODE_CONFIG},
                                         {"KILO_DISABLE_AUTOUPDATE", "1"},
                                         {"KILO_DISABLE_MODELS_FETCH", "1"}};

/* ---- The demo's (cmd/agent_script.c) ------------------------------------------------------------------ */

static const char *const scripted_argv[] = {"{self}", "agent-script", "{prompt_file}", NULL};

/* ---- The table -------------------------------------------------------------------------------------- */

static const char *const claude_version[] = {"claude", "--version", NULL};
static const char *const codex_version[] = {"codex", "--version", NULL};
static const char *const gemini_version[] = {"gemini", "--version", NULL};
static const char *const aider_version[] = {"aider", "--version", NULL};
static const char *const opencode_version[] = {"opencode", "--version", NULL};
static const char *const kilo_version[] = {"kilo", "--version", NULL};

const sc_agent sc_agents[] = {
    {.name = "builtin",
     .summary = "our own loop over a chat model: read, search, edit, run",
     .shape = SC_PROXY_SHAPES, /* any */
     .argv = builtin_argv},
    {.name = "scripted",
     .summary = "the demo's: applies a prepared edit, asks no model",
     .shape = SC_PROXY_SHAPES,
     .argv = scripted_argv},
    {.name = "kilocode",
     .summary = "Kilo Code's command line",
     .program = "kilo",
     .shape = SC_PROXY_OPENAI,
     .argv = kilo_argv,
     ENV(kilo_env),
     .version = kilo_version,
     .needs = {1, 0, 0}},
    {.name = "claude",
     .summary = "Claude Code, Anthropic's",
     .program = "claude",
     .shape = SC_PROXY_ANTHROPIC,
     .argv = claude_argv,
     ENV(claude_env),
     .version = claude_version,
     .needs = {2, 0, 0}},
    {.name = "codex",
     .summary = "Codex, OpenAI's",
     .program = "codex",
     .shape = SC_PROXY_OPENAI,
     .argv = codex_argv,
     ENV(codex_env),
     .version = codex_version,
     .needs = {0, 100, 0},
     .file = ".codex/config.toml",
     .file_text = codex_file},
    {.name = "gemini",
     .summary = "Gemini CLI, Google's",
     .program = "gemini",
     .shape = SC_PROXY_GEMINI,
     .argv = gemini_argv,
     ENV(gemini_env),
     .version = gemini_version,
     .needs = {0, 40, 0},
     .file = ".gemini/settings.json",
     .file_text = gemini_file},
    {.name = "aider",
     .summary = "aider",
     .program = "aider",
     .shape = SC_PROXY_OPENAI,
     .argv = aider_argv,
     ENV(aider_env),
     .version = aider_version,
     .needs = {0, 70, 0}},
    {.name = "opencode",
     .summary = "opencode",
     .program = "opencode",
     .shape = SC_PROXY_OPENAI,
     .argv = opencode_argv,
     ENV(opencode_env),
     .version = opencode_version,
     .needs = {1, 0, 0}},
};
const size_t sc_agents_n = SC_LEN(sc_agents);
