#ifndef WORKER_CHILD_PREDICT_H
#define WORKER_CHILD_PREDICT_H

/* Inside of a child: the task "predict". */
#include "worker/protocol.h"

enum { PREVIEW_ROWS = 100 };

/*
 * Read the model at CHILD_DATA_FD and the users at CHILD_USERS_FD, and write the file. The result:
 *   {"file_name", "users", "rows", "bytes", "unknown_users", "repeated_users", "seconds",
 *    "scored_share", "preview": [[cookie, node, rank, score], …]}   the first PREVIEW_ROWS rows
 * Errors: of model_file_open (ERR_CORRUPT gets the reason model_file_corrupt), data/id_list.h,
 * predict/batch_users.h, hits_read_users, batch_write. The caller owns *ret_result.
 */
MUST_CHECK enum err child_predict(const struct child_spec *spec, int32_t threads,
                                  const struct progress *progress, json_t **ret_result,
                                  struct error *err);

#endif
