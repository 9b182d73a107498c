#ifndef WORKER_DATA_PATH_H
#define WORKER_DATA_PATH_H

/*
 * Where data may be read: beneath the directories of DATA_ROOTS. A path is opened once, by
 * openat2(RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS), and from then on only its descriptor counts,
 * which a sandboxed process inherits; so a name or a link that is changed meanwhile changes
 * nothing. Links are followed as long as they stay beneath the root.
 *
 * A path is absolute, relative to where the program was started, or relative to a root: "/data",
 * "./data/small", "small".
 */
#include "base/json.h"
#include "config/config.h"
#include "data/files.h"

struct data_path {
    struct data_place place; /* as src/data/ takes it; its pattern lies in the path given */
    char root[4096];         /* of DATA_ROOTS, that it lies in */
};

/*
 * Open the directory that `path` names, or that its pattern begins in. The caller closes it.
 * `path` is borrowed as long as *ret_path is in use. Reasons, each with a message for people:
 *   ERR_INVALID    path_empty, path_too_long
 *   ERR_DENIED     path_outside_roots, path_denied, link_outside
 *   ERR_NOT_FOUND  path_missing, roots_missing (none of DATA_ROOTS is there)
 *   ERR_DATA       path_not_directory
 *   ERR_IO         open_failed, too_many_files
 */
MUST_CHECK enum err data_path_open(const struct config *config, const char *path,
                                   struct data_path *ret_path, struct error *err);
void data_path_close(struct data_path *path); /* may be called on all zero */

/* Open the file that `path` names, in a directory as above, for reading; a link is not followed.
 * Errors as above, and ERR_DATA (not_regular): it is no ordinary file. */
MUST_CHECK enum err data_file_open(const struct config *config, const char *path, int *ret_fd,
                                   struct error *err);

/* The same without keeping it: may a job be started with this path, as far as names tell? */
MUST_CHECK enum err data_path_check(const struct config *config, const char *path,
                                    struct error *err);

enum { DATA_SOURCES_MAX = 500, DATA_SOURCES_DEPTH = 6 };

/*
 * What there is to train on beneath the roots, sorted by path:
 *   {"roots": ["/data"], "is_cut": false, "sources": [{"path": "/data/small",
 *    "clickstream": "clickstream.pq", "events": "events.pq" | null, "size_bytes": 12345,
 *    "modified_at": "2026-01-02T03:04:05Z", "is_complete": true}],
 *    "files": [{"path": "/data/users.csv", "size_bytes": 1234, "modified_at": "…"}]}
 * A source is a directory with a clickstream in it; is_complete: with events too. Files
 * are the tables beside them that are neither, such as lists of users. At most DATA_SOURCES_MAX of
 * each, DATA_SOURCES_DEPTH directories deep (is_cut says if there is more). Hidden directories and
 * links to directories are left out. The caller owns *ret_json. ERR_NOMEM.
 */
MUST_CHECK enum err data_sources_list(const struct config *config, json_t **ret_json,
                                      struct error *err);

#endif
