/* The parameters of a run, whatever its model: one line each. */
#include "base/parallel.h"
#include "train/run.h"

static const struct param_info params[] = {
    {"k", PARAM_INT, "40", 1, 10000, false, NULL, "length of the lists that are judged"},
    {"eval_days", PARAM_REAL, "14", 0, 36500, true, NULL,
     "the last days of the clickstream, held out to judge the model on"},
    {"sample_users", PARAM_REAL, "1", 0, 1, true, NULL,
     "fraction of the users to keep, for quick tries"},
    {"seed", PARAM_INT, "0", 0, 9007199254740991, false, NULL,
     "of all that is random: equal seeds give equal models"},
    {"eval_every", PARAM_INT, "0", 0, 1000, false, NULL,
     "measure recall on a sample of users after every so many iterations; 0: never"},
    {"user_column", PARAM_TEXT, "cookie", 0, 0, false, NULL, "column with the user's id"},
    {"item_column", PARAM_TEXT, "node", 0, 0, false, NULL, "column with the item's id"},
    {"event_column", PARAM_TEXT, "event", 0, 0, false, NULL, "column with the event's id"},
    {"time_column", PARAM_TEXT, "event_date", 0, 0, false, NULL, "column with the time"},
    {"threads", PARAM_INT, NULL, 1, PARALLEL_THREADS_MAX, false, NULL,
     "threads to use, all processors if not given; does not change the result"},
    {"memory_limit", PARAM_TEXT, NULL, 0, 0, false, NULL,
     "memory that reading may use before it spills to disk, as 4GB"},
};

const struct param_table run_param_table = {params, sizeof(params) / sizeof(params[0])};
