#ifndef TRAIN_RUN_H
#define TRAIN_RUN_H

/*
 * One training run: spec in, progress out, result. The command line and the worker both call it.
 *   load → split → fit → evaluate (and popular, as the floor) → save
 */
#include <stdint.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/params.h"
#include "base/progress.h"
#include "data/dataset.h"
#include "eval/evaluate.h"
#include "model/model.h"

/* The run's own parameters, beside the kind's: k, eval_days, sample_users, seed, column names … */
extern const struct param_table run_param_table;

struct run_spec {
    const struct model_kind *kind;
    struct param_set params; /* of the kind */
    struct param_set run;    /* of run_param_table */
    const char *data_path;
    const struct data_place *data_place; /* that path, opened before; NULL: it is opened by name */
    int64_t engine_memory_bytes;         /* where memory_limit is not set; 0: no limit of ours */
    const char *output_directory;        /* "ml_models" */
    int64_t job_id;                      /* 0 from the command line */
};

/* All parameters at their defaults. */
void run_spec_init(struct run_spec *spec, const struct model_kind *kind);

/* Set a parameter of the kind or of the run, whichever has the name. ERR_INVALID. */
MUST_CHECK enum err run_spec_set(struct run_spec *spec, const char *name, const char *text,
                                 struct error *err);

/* The threads that a run will use, and what it will ask of dataset_load (which borrows from spec).
 */
int32_t run_threads(const struct run_spec *spec);
MUST_CHECK enum err run_load_spec(const struct run_spec *spec, struct load_spec *ret_load,
                                  struct error *err);

/*
 * Run. On success *ret_result is an object that the caller owns (json_decref): `status`,
 * `model_type`, `params`, `k`, `metrics`, `popular_metrics`, `funnel`, `data`, `iterations`,
 * `timings`, `peak_rss_bytes`, `model_path`, `model_sha256`, `hits_path`, `seed`, `version`; see
 * docs/result.md. On failure nothing is left behind, and the message says what to do.
 */
MUST_CHECK enum err run_train(const struct run_spec *spec, const struct progress *progress,
                              json_t **ret_result, struct error *err);

#endif
