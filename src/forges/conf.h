/* The options of all forges, in one struct: more than one of them may be open, and each reads its own. */
#ifndef SC_FORGES_CONF_H
#define SC_FORGES_CONF_H

#include "base/conf.h"

typedef struct sc_forge_conf {
    const char *token;            /* github: a person's; GITHUB_TOKEN is read too          */
    const char *api;              /* github: https://api.github.com; GITHUB_API_URL, too   */
    const char *app_id, *app_key; /* github: an App's id, and the file of its private key  */
    int64_t app_installation;     /* github: 0 = asked for                                 */
    const char *root;             /* local: the folder of the bare repositories            */
    const char *git;              /* local: the git program; NULL = looked for on PATH     */
} sc_forge_conf;

#endif
