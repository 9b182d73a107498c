#ifndef JOBS_REQUEST_H
#define JOBS_REQUEST_H

/*
 * What somebody asks for when a job is started, checked against the table of model kinds and the
 * table of run parameters. Every wrong field is told, each with its own line.
 */
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "base/params.h"
#include "jobs/job.h"
#include "jobs/model_ref.h"
#include "model/model.h"

enum { JOB_FIELDS_MAX = 64, JOB_FIELD_NAME_MAX = 64 };

/* One field of a form, or one key of a JSON object, as text. Both are borrowed. */
struct job_field {
    const char *name, *text;
};

struct job_field_error {
    char name[JOB_FIELD_NAME_MAX]; /* of the field, cut where it is longer */
    const char *code;              /* "required", "unknown", "range", "type", "twice", "too_long" */
    char message[256];             /* for people */
};

struct job_field_errors {
    int32_t count;
    struct job_field_error errors[JOB_FIELDS_MAX];
};

struct job_request {
    const struct model_kind *kind;
    struct param_set params; /* of the kind */
    struct param_set run;    /* of run_param_table */
    char data_path[4097];
    char name[201];                   /* "" where none was given */
    char model_name[MODEL_NAME_SIZE]; /* that the model will go by (jobs/model_ref.h); "": its
                                         type's */
};

/* The run's parameters of a job that names none: the defaults of run_param_table, but with recall
 * measured after each iteration, since people watch. */
void job_run_init(struct param_set *ret_run);

/* Add an entry for a field; beyond JOB_FIELDS_MAX it is dropped. `code` is a static string. */
void job_field_complain(struct job_field_errors *errors, const char *name, const char *code,
                        const char *message);

/* Add an entry for "name" unless it is a text that may name a job. */
void job_name_check(const char *name, struct job_field_errors *errors);

/*
 * Check the fields: model_type and data_path must be there; `name`, `model_name` and every
 * parameter of the kind and of the run may. A field that is empty counts as not given, and one that
 * is another kind's parameter is let be, since one form serves all kinds. Whether data_path may be
 * read is not looked at. ERR_INVALID (reason "fields"): ret_errors has one entry per wrong field,
 * in their order, and the message is the first. ret_request is untouched then.
 */
MUST_CHECK enum err job_request_check(const struct job_field *fields, int32_t count,
                                      struct job_request *ret_request,
                                      struct job_field_errors *ret_errors, struct error *err);

/* The same from a JSON object: numbers, strings and nulls (not given); parameters may also lie in
 * the objects "params" and "run", as a job's own JSON has them. */
MUST_CHECK enum err job_request_check_json(const json_t *object, struct job_request *ret_request,
                                           struct job_field_errors *ret_errors, struct error *err);

/*
 * The request that would make the same job again, with the fields of the object `changes` (as
 * above; NULL: none) in place of its own. A parameter that the tables do not have any more is left
 * out. A null gives the default. ERR_CORRUPT: the record's own JSON cannot be read.
 */
MUST_CHECK enum err job_request_of_job(const struct job *job, const json_t *changes,
                                       struct job_request *ret_request,
                                       struct job_field_errors *ret_errors, struct error *err);

/* The two objects that a job record keeps, as text of at most JOB_JSON_MAX bytes that the caller
 * owns (mem_free). ERR_NOMEM. */
MUST_CHECK enum err job_request_params_json(const struct job_request *request, char **ret_params,
                                            char **ret_run, struct error *err);

#endif
