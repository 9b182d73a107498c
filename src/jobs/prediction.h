#ifndef JOBS_PREDICTION_H
#define JOBS_PREDICTION_H

/*
 * What somebody asks for when a prediction is started: of which model, for which users, and how
 * the file is to look. Every wrong field is told, each with its own line. Pure: whether the model
 * and the file of users are there is not looked at.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "base/params.h"
#include "jobs/request.h"

enum {
    PREDICTION_K_MAX = 10000,
    PREDICTION_REF_MAX = 140,     /* bytes of "name@alias", "name:version" or a model's id */
    PREDICTION_IDS_MAX = 8 << 20, /* bytes of a list that was pasted */
};

enum prediction_users {
    PREDICTION_ALL,        /* all users of the model */
    PREDICTION_EVALUATION, /* those that it was judged on */
    PREDICTION_LIST,       /* of a list: pasted, or a file beneath DATA_ROOTS */
};
const char *prediction_users_name(enum prediction_users users); /* "all", "evaluation", "list" */

/* k, users, format ("parquet|csv"), exclude_seen ("true|false"), users_column. */
extern const struct param_table prediction_param_table;

struct prediction_request {
    char model[PREDICTION_REF_MAX + 1];
    char name[JOB_NAME_MAX + 1];       /* "" where none was given */
    char users_path[JOB_PATH_MAX + 1]; /* "": none */
    struct param_set params;           /* of prediction_param_table */
    char *user_ids;                    /* that were pasted, one a line; NULL: none */
};
void prediction_request_release(struct prediction_request *request); /* all zero is allowed */

enum prediction_users prediction_users_of(const struct prediction_request *request);
bool prediction_excludes_seen(const struct prediction_request *request);

/*
 * Check a JSON object: model must be there; users is "list" by itself where a list is given, and
 * then must have exactly one of user_ids (a text, or an array of ids) and users_path. Empty texts
 * and nulls count as not given. ERR_INVALID (fields): ret_errors has one entry a wrong field;
 * ret_request is untouched then. ERR_NOMEM.
 */
MUST_CHECK enum err prediction_request_check(const json_t *object,
                                             struct prediction_request *ret_request,
                                             struct job_field_errors *ret_errors,
                                             struct error *err);

/* The object that the job's record keeps as its parameters, as text that the caller owns, without
 * what was pasted; and back. ERR_CORRUPT: it is none. ERR_NOMEM. */
MUST_CHECK enum err prediction_request_text(const struct prediction_request *request,
                                            char **ret_text, struct error *err);
MUST_CHECK enum err prediction_request_parse(const char *text,
                                             struct prediction_request *ret_request,
                                             struct error *err);

#endif
