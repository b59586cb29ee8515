/* Forge: GitHub, by its REST API of version 2022-11-28 (docs.github.com/rest), GitHub Enterprise included.
 *
 * As a person's token (fine-grained: contents, pull requests and issues read and write; classic: repo) or as a GitHub App, whose key
 * signs for an hour's token of one repository. A private repository of a free plan takes no drafts: the pull request is then
 * an ordinary one, labelled `draft`. Redirects are not followed: a repository that was renamed is not found. */
#ifndef SC_FORGES_GITHUB_GITHUB_H
#define SC_FORGES_GITHUB_GITHUB_H

#include "ports/forge.h"

extern const sc_forge_ops sc_forge_github;

#endif
