#ifndef WORKER_PROTOCOL_H
#define WORKER_PROTOCOL_H

/*
 * What a worker's parent and its child say to each other. The child gets one JSON object on stdin,
 * the spec, and tells how it goes in lines of JSON on stdout:
 *
 *   {"event":"note","level":"info","message":"…"}            for the job's log alone
 *   {"event":"phase","phase":"load"}                         load, split, train, evaluate, save
 *   {"event":"progress","phase":"load","done":3,"total":9}   total 0: not known
 *   {"event":"iteration","iteration":1,"total":10,"loss":0.5,"seconds":0.1,"recall":0.02}
 *                                                            null where there is no such number
 *   {"event":"warning","message":"…"}                        for people
 *   {"event":"result","result":{…}}                          the last line of a run that went well
 *   {"event":"error","error":"DATA","code":"column_missing","reason":"…","message":"…"}
 *                                                            the last line of one that did not
 *
 * The child has read foreign files, so the parent takes its lines for foreign too: they are parsed
 * strictly, and anything else is ERR_CORRUPT.
 */
#include <sys/types.h>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/progress.h"
#include "data/files.h"
#include "jobs/prediction.h"
#include "jobs/request.h"

enum {
    CHILD_SPEC_MAX = 1 << 20,        /* bytes of a spec */
    CHILD_LINE_MAX = (4 << 20) + 64, /* bytes of a line */
    CHILD_TEXT_MAX = 1024,           /* bytes of a message; longer ones are cut by the writer */
    CHILD_REASON_MAX = 64,
    CHILD_DATA_FD = 3,  /* the open data directory in the child … */
    CHILD_ABOVE_FD = 4, /* … and the one above, where the spec has_above */
    CHILD_USERS_FD = 4, /* of a prediction, whose model is CHILD_DATA_FD: a list, or the hits */
};

/* ---- the spec ---- */

enum child_task { CHILD_TRAIN, CHILD_CHECK, CHILD_PREDICT, CHILD_INSPECT, CHILD_HITS };

struct child_prediction {
    enum prediction_users users;
    int32_t k;
    bool with_seen, is_csv;
    const char *list_name; /* of a users' file; NULL: pasted, or no list at all */
    const char *column;    /* that the ids stand in */
    const char *file_name; /* what to write, in output_directory */
};

struct child_spec {
    enum child_task task;
    pid_t parent;                       /* who must still be there when the child begins */
    int64_t job_id, attempt;            /* 0 of a check */
    const char *pattern;                /* of clickstream parts in the data directory, or NULL */
    bool has_above;                     /* CHILD_ABOVE_FD or CHILD_USERS_FD is handed over too */
    const char *output_directory;       /* where the model goes; NULL of a check */
    int64_t memory_bytes;               /* limits; 0: none */
    int64_t cpu_seconds;                /* of all threads together */
    struct job_request request;         /* kind, parameters, and the path as its user calls it */
    struct child_prediction prediction; /* of CHILD_PREDICT, which has no request */
    json_t *json;                       /* of a spec that was parsed: what the texts lie in */
};

/* Add the spec to `out`. ERR_NOMEM. */
MUST_CHECK enum err child_spec_write(const struct child_spec *spec, struct strbuf *out,
                                     struct error *err);
/* ERR_CORRUPT; ERR_INVALID (fields): what job_request_check says. */
MUST_CHECK enum err child_spec_parse(const char *text, size_t size, struct child_spec *ret_spec,
                                     struct error *err);
void child_spec_release(struct child_spec *spec); /* of one that was parsed */

/* ---- the lines ---- */

enum child_event {
    CHILD_NOTE,
    CHILD_PHASE,
    CHILD_PROGRESS,
    CHILD_ITERATION,
    CHILD_WARNING,
    CHILD_RESULT,
    CHILD_ERROR,
};

struct child_line {
    enum child_event event;
    enum progress_phase phase;
    enum log_level level;
    double done, total;
    int32_t iteration;
    double loss, seconds, recall; /* NAN: none */
    const char *message;          /* borrowed from json */
    json_t *result;               /* borrowed from json */
    enum err error;               /* of CHILD_ERROR: its code, … */
    const char *code;             /* … the code for the job, of jobs/problem.h (static) … */
    const char *reason;           /* … and the reason; borrowed */
    json_t *json;
};

/* One line, without its end. ERR_CORRUPT says what is wrong; ERR_NOMEM. Release it after. */
MUST_CHECK enum err child_line_parse(const char *text, size_t size, struct child_line *ret_line,
                                     struct error *err);
void child_line_release(struct child_line *line);

/* The writer: what each adds to `out` is one line with its end. ERR_NOMEM. */
MUST_CHECK enum err child_put_note(struct strbuf *out, enum log_level level, const char *message,
                                   struct error *err);
MUST_CHECK enum err child_put_phase(struct strbuf *out, enum progress_phase phase,
                                    struct error *err);
/* A report of a run: an iteration, a warning, or how far the phase is. */
MUST_CHECK enum err child_put_update(struct strbuf *out, const struct progress_update *update,
                                     struct error *err);
MUST_CHECK enum err child_put_result(struct strbuf *out, json_t *result, struct error *err);
MUST_CHECK enum err child_put_error(struct strbuf *out, const struct error *failure,
                                    struct error *err);

/* ---- bytes → lines ---- */

/* Bytes of a pipe as they come, and the lines in them. */
struct line_reader {
    struct strbuf bytes;
    size_t begin; /* of what was not yet given */
};
void line_reader_init(struct line_reader *reader, size_t line_max);
void line_reader_release(struct line_reader *reader);
/* Add bytes. ERR_CORRUPT: a line is longer than it may be. ERR_NOMEM. */
MUST_CHECK enum err line_reader_add(struct line_reader *reader, const char *bytes, size_t size,
                                    struct error *err);
/* The next whole line without its end, valid until the next call; false: none yet. */
bool line_reader_next(struct line_reader *reader, struct str *ret_line);

#endif
