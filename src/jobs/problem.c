#include "jobs/problem.h"

#include <string.h>

#define DATA_PATH "The data was not found or cannot be read"
#define DATA_FORMAT "The file is not a readable table"
#define DATA_SHAPE "The table does not have the expected form"
#define DATA_AMOUNT "Too little is left to train or judge on"

static const struct job_problem problems[] = {
    {JOB_CANCELLED, "Cancelled", true},
    {JOB_WORKER_DIED, "The worker died again and again", true},
    {JOB_OUT_OF_MEMORY, "Out of memory", true},
    {JOB_CRASHED, "The training process crashed", true},
    {JOB_TIME_LIMIT, "Stopped at the time limit", true},
    {"file_missing", DATA_PATH, true},
    {"path_missing", DATA_PATH, true},
    {"path_denied", DATA_PATH, true},
    {"path_not_directory", DATA_PATH, true},
    {"parts_missing", DATA_PATH, true},
    {"open_failed", DATA_PATH, true},
    {"read_failed", DATA_PATH, true},
    {"file_ambiguous", DATA_PATH, false},
    {"link_outside", DATA_PATH, false},
    {"not_regular", DATA_PATH, false},
    {"model_gone", "The model was removed", false},
    {"model_file_missing", "The model's file is not there", true},
    {"model_file_changed", "The model's file is not what was saved", false},
    {"model_file_corrupt", "The model's file is damaged", false},
    {"hits_corrupt", "The file has no hits", false},
    {"evaluation_users_unknown", "Whom the model was judged on is not recorded", false},
    {"users_unknown", "The model knows none of the users", false},
    {"users_empty", "The list of users is empty", false},
    {"file_kind", DATA_FORMAT, false},
    {"file_changed", "The file changed while it was read", true},
    {"file_empty", DATA_FORMAT, false},
    {"file_corrupt", DATA_FORMAT, false},
    {"not_parquet", DATA_FORMAT, false},
    {"parquet_encrypted", DATA_FORMAT, false},
    {"parquet_footer", DATA_FORMAT, false},
    {"parquet_truncated", DATA_FORMAT, false},
    {"not_csv", DATA_FORMAT, false},
    {"csv_row", DATA_FORMAT, false},
    {"column_missing", DATA_SHAPE, false},
    {"column_type", DATA_SHAPE, false},
    {"null_values", DATA_SHAPE, false},
    {"event_duplicate", DATA_SHAPE, false},
    {"event_type", DATA_SHAPE, false},
    {"time_text", DATA_SHAPE, false},
    {"time_constant", DATA_SHAPE, false},
    {"parts_differ", DATA_SHAPE, false},
    {"parts_mixed", DATA_SHAPE, false},
    {"too_many_ids", DATA_SHAPE, false},
    {"too_many_events", DATA_SHAPE, false},
    {"too_many_files", DATA_SHAPE, false},
    {"too_many_parts", DATA_SHAPE, false},
    {"no_rows", DATA_AMOUNT, false},
    {"train_empty", DATA_AMOUNT, false},
    {"sample_empty", DATA_AMOUNT, false},
    {"events_no_contact", DATA_AMOUNT, false},
    {"engine_memory", "Out of memory while reading", true},
    {"engine_failed", "Reading failed", true},
    {"no_finite_solution", "The factors grew beyond all numbers", false},
    {"parameter_range", "A parameter is out of range", false},
    {"parameter_unknown", "There is no such parameter", false},
    {"output_denied", "The model could not be saved", true},
    {"output_missing", "The model could not be saved", true},
    {"disk_full", "The disk is full", true},
    {"invalid", "A parameter is wrong", false},
    {"not_found", DATA_PATH, true},
    {"denied", DATA_PATH, true},
    {"data", DATA_SHAPE, false},
    {"corrupt", DATA_FORMAT, false},
    {"conflict", "Something else was there first", true},
    {"io", "Input or output failed", true},
    {"numeric", "The numbers have no finite solution", false},
    {"internal", "Internal error", true},
};
enum { PROBLEM_COUNT = sizeof(problems) / sizeof(problems[0]) };

/* enum err → code. NOMEM and CANCELLED have the platform's own codes by the same names. */
static const char *const codes[] = {
    [ERR_OK] = "internal",       [ERR_INVALID] = "invalid",     [ERR_NOT_FOUND] = "not_found",
    [ERR_DENIED] = "denied",     [ERR_DATA] = "data",           [ERR_CORRUPT] = "corrupt",
    [ERR_NOMEM] = "nomem",       [ERR_CANCELLED] = "cancelled", [ERR_IO] = "io",
    [ERR_CONFLICT] = "conflict", [ERR_NUMERIC] = "numeric",     [ERR_INTERNAL] = "internal",
};

int32_t job_problem_count(void)
{
    return PROBLEM_COUNT;
}

const struct job_problem *job_problem_at(int32_t index)
{
    return &problems[index];
}

static const struct job_problem *find(const char *code)
{
    for (size_t i = 0; i < PROBLEM_COUNT; i++)
        if (strcmp(problems[i].code, code) == 0)
            return &problems[i];
    return NULL;
}

const struct job_problem *job_problem_find(const char *code)
{
    const struct job_problem *found = find(code);
    return found != NULL ? found : find("internal");
}

const char *job_problem_code(const struct error *err)
{
    if (err->reason != NULL && find(err->reason) != NULL)
        return find(err->reason)->code;
    return codes[err->code];
}
