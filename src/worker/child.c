/*
 * The child: one task, between a spec on stdin and lines on stdout. The order matters: it ties its
 * life to its parent's, reads the spec, closes itself in, and only then looks at data.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fail_point.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "train/run.h"
#include "worker/child_check.h"
#include "worker/child_inspect.h"
#include "worker/child_predict.h"
#include "worker/sandbox.h"
#include "worker/spawn.h"

enum { NICENESS = 5, READ_BYTES = 64 << 10 };

static atomic_bool stop_asked;

static void ask_to_stop(int number)
{
    (void)number;
    atomic_store(&stop_asked, true);
}

struct telling {
    const struct child_spec *spec;
    struct strbuf line;
    enum progress_phase phase;
    bool has_phase;
    int32_t iterations; /* that the fit will have; 0: not known */
};

/* Write the line out, whole. A parent that does not listen any more is gone, and so are we. */
static void send_line(struct telling *telling)
{
    const char *at = telling->line.ptr;
    size_t left = telling->line.len;
    while (left > 0) {
        const ssize_t got = write(STDOUT_FILENO, at, left);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            _exit(1);
        at += got;
        left -= (size_t)got;
    }
    telling->line.len = 0;
}

/* What adds a line can only fail for want of memory; the line is then left out. */
static void send_if(struct telling *telling, enum err rc)
{
    if (rc == ERR_OK)
        send_line(telling);
    telling->line.len = 0;
}

static void tell_phase(struct telling *telling, enum progress_phase phase)
{
    static const char *const points[] = {
        [PHASE_LOAD] = "phase_load",   [PHASE_SPLIT] = "phase_split",
        [PHASE_TRAIN] = "phase_train", [PHASE_EVALUATE] = "phase_evaluate",
        [PHASE_SAVE] = "phase_save",
    };
    struct error ignored;
    if (telling->has_phase && telling->phase == phase)
        return;
    telling->has_phase = true;
    telling->phase = phase;
    send_if(telling, child_put_phase(&telling->line, phase, &ignored));
    fail_point(points[phase], telling->spec->attempt);
}

static void pass_iteration(const struct telling *telling, int32_t iteration)
{
    const int64_t attempt = telling->spec->attempt;
    if (iteration == 1)
        fail_point("iteration_first", attempt);
    if (iteration == (telling->iterations + 1) / 2)
        fail_point("iteration_middle", attempt);
    if (iteration == telling->iterations)
        fail_point("iteration_last", attempt);
}

static void report(void *context, const struct progress_update *update)
{
    struct error ignored;
    struct telling *telling = context;
    if (update->message == NULL)
        tell_phase(telling, update->phase);
    send_if(telling, child_put_update(&telling->line, update, &ignored));
    if (update->iteration > 0)
        pass_iteration(telling, update->iteration);
}

static enum err read_spec(struct child_spec *ret_spec, struct error *err)
{
    enum err rc = ERR_OK;
    struct strbuf text;
    char bytes[4096];
    strbuf_init(&text, CHILD_SPEC_MAX);
    for (;;) {
        const ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            rc = FAIL(err, ERR_IO, "the spec cannot be read: %m");
            goto done;
        }
        if (got == 0)
            break;
        TRY(strbuf_add(&text, bytes, (size_t)got, err));
    }
    TRY(child_spec_parse(text.ptr != NULL ? text.ptr : "", text.len, ret_spec, err));
done:
    strbuf_release(&text);
    return rc;
}

static void make_run_spec(const struct child_spec *spec, const struct data_place *place,
                          struct run_spec *run)
{
    run_spec_init(run, spec->request.kind);
    run->params = spec->request.params;
    run->run = spec->request.run;
    run->data_path = spec->request.data_path;
    run->data_place = place;
    run->output_directory = spec->output_directory;
    run->job_id = spec->job_id;
    run->engine_memory_bytes = spec->memory_bytes / 2; /* the rest is for what is read */
}

static void close_in(const struct child_spec *spec, int32_t threads, struct telling *telling)
{
    struct error ignored;
    struct sandbox_report report_of_it;
    char text[SANDBOX_REPORT_MAX + 32];
    const char *version;
    /* What is opened by name must be allowed; a list that was pasted has none, nor need hits. */
    const bool has_second =
        spec->has_above && (spec->task != CHILD_PREDICT || spec->prediction.list_name != NULL);
    const struct sandbox_spec sandbox = {
        .readable = {CHILD_DATA_FD, has_second ? CHILD_ABOVE_FD : -1},
        .output_directory = spec->output_directory,
        .memory_bytes = spec->memory_bytes,
        .cpu_seconds = spec->cpu_seconds,
        .threads = threads,
    };
    /* After that no library can be loaded; where this one cannot, reading the data says so. */
    (void)!dataset_engine_version(&version, &ignored);
    sandbox_enter(&sandbox, &report_of_it);
    snprintf(text, sizeof(text), "sandbox: %s", report_of_it.words);
    send_if(telling, child_put_note(&telling->line, report_of_it.is_whole ? LOG_INFO : LOG_WARNING,
                                    text, &ignored));
}

static enum err predict(const struct child_spec *spec, struct telling *telling, json_t **ret_result,
                        struct error *err)
{
    enum err rc;
    const int32_t threads = parallel_processors();
    const struct progress progress = {.report = report, .context = telling, .cancel = &stop_asked};
    close_in(spec, threads, telling);
    TRY(child_predict(spec, threads, &progress, ret_result, err));
    fail_point("tmp_written", spec->attempt);
done:
    return rc;
}

/* Nothing is written: what comes of it are words. */
static enum err inspect(const struct child_spec *spec, struct telling *telling, json_t **ret_result,
                        struct error *err)
{
    close_in(spec, 1, telling);
    return spec->task == CHILD_HITS ? child_inspect_hits(ret_result, err)
                                    : child_inspect(ret_result, err);
}

static enum err work(const struct child_spec *spec, struct telling *telling, json_t **ret_result,
                     struct error *err)
{
    enum err rc;
    struct run_spec run;
    if (spec->task == CHILD_PREDICT)
        return predict(spec, telling, ret_result, err);
    if (spec->task == CHILD_INSPECT || spec->task == CHILD_HITS)
        return inspect(spec, telling, ret_result, err);
    const struct data_place place = {.directory = CHILD_DATA_FD,
                                     .above = spec->has_above ? CHILD_ABOVE_FD : -1,
                                     .pattern = spec->pattern};
    const struct progress progress = {.report = report, .context = telling, .cancel = &stop_asked};
    make_run_spec(spec, &place, &run);
    if (params_find(run.params.table, "iterations") != NULL)
        telling->iterations = (int32_t)param_int(&run.params, "iterations");
    close_in(spec, run_threads(&run), telling);
    if (spec->task == CHILD_CHECK)
        return child_check(&run, &progress, ret_result, err);
    TRY(run_train(&run, &progress, ret_result, err));
    fail_point("tmp_written", spec->attempt);
done:
    return rc;
}

/* A parent that died before we asked to die with it has left us to somebody else. */
static bool is_orphan(const struct child_spec *spec)
{
    return getppid() != spec->parent;
}

int child_main(void)
{
    struct error err, ignored;
    struct child_spec spec = {0};
    struct telling telling = {.spec = &spec};
    json_t *result = NULL;
    const struct sigaction stop = {.sa_handler = ask_to_stop};

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigaction(SIGTERM, &stop, NULL);
    signal(SIGINT, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    (void)!nice(NICENESS); /* servers on this machine answer first */
    strbuf_init(&telling.line, CHILD_LINE_MAX);
    enum err rc = read_spec(&spec, &err);
    if (rc == ERR_OK && is_orphan(&spec))
        _exit(1);
    if (rc == ERR_OK)
        rc = work(&spec, &telling, &result, &err);
    if (rc == ERR_OK)
        rc = child_put_result(&telling.line, result, &err);
    if (rc != ERR_OK) {
        telling.line.len = 0;
        (void)!child_put_error(&telling.line, &err, &ignored);
    }
    send_line(&telling);
    json_decref(result);
    strbuf_release(&telling.line);
    child_spec_release(&spec);
    return error_exit_status(rc);
}
