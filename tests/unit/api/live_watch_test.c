#include "api/live_watch.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "support/test.h"

static struct error err;
static struct hub *hub;
static struct hub_reader *reader;
static struct watches watches;
static char text[64 * 1024];

static int setup(void **state)
{
    struct hub_limits limits;
    const struct hub_stream stream = {.topics = {"user:7"}, .owner = "session:1"};
    (void)state;
    hub_limits_init(&limits);
    assert_ok(hub_create(&limits, &hub, &err));
    assert_ok(hub_open(hub, &stream, &reader, &err));
    watches_init(&watches, hub, NULL, "/nowhere");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    watches_release(&watches);
    hub_reader_free(reader);
    hub_free(hub);
    return 0;
}

/* A job as the feed gives it. */
static struct job *make_job(enum job_status status, const char *phase, double progress)
{
    struct job *job = mem_array(1, sizeof(*job), &err);
    *job = (struct job){.task = JOB_TRAIN,
                        .job_id = 3,
                        .user_id = 7,
                        .model_type = "als",
                        .data_path = "/data",
                        .params_json = "{}",
                        .run_json = "{}",
                        .status = status,
                        .phase = phase,
                        .progress = progress,
                        .attempt = 1};
    return job;
}

static void take_job(struct job *job, double now)
{
    struct changes changes = {.jobs = &job, .job_count = 1};
    assert_ok(watches_take(&watches, &changes, now, &err));
    assert_null(job); /* it was moved */
}

static void take_point(int64_t step, double now)
{
    struct job_point point = {.attempt = 1, .name = "loss", .step = step, .value = 0.5};
    struct job_point *points[] = {&point};
    struct changed_points group = {.job_id = 3, .user_id = 7, .points = points, .count = 1};
    struct changes changes = {.points = &group, .point_groups = 1};
    assert_ok(watches_take(&watches, &changes, now, &err));
}

/* The names of the events since the last call: "points job ". */
static const char *told(void)
{
    static char names[1024];
    size_t len = 0, used = 0;
    ssize_t got;
    while ((got = hub_read(reader, text + len, sizeof(text) - 1 - len)) > 0)
        len += (size_t)got;
    text[len] = '\0';
    names[0] = '\0';
    for (const char *at = text; (at = strstr(at, "event: ")) != NULL; at++)
        used += (size_t)snprintf(names + used, sizeof(names) - used, "%.*s ",
                                 (int)strcspn(at + 7, "\n"), at + 7);
    return names;
}

static void another_status_is_told_at_once(void **state)
{
    (void)state;
    take_job(make_job(JOB_PENDING, NULL, 0), 1.0);
    assert_string_equal(told(), "job ");
    assert_int_equal(watches.count, 0); /* it waits: nothing to watch */
    take_job(make_job(JOB_LOADING_DATA, "load", 0), 1.01);
    take_job(make_job(JOB_TRAINING, "train", 0.1), 1.02);
    assert_string_equal(told(), "job job ");
    assert_int_equal(watches.count, 1);
}

static void progress_is_gathered(void **state)
{
    (void)state;
    take_job(make_job(JOB_TRAINING, "train", 0.1), 1.0);
    assert_string_equal(told(), "job ");
    for (int i = 0; i < 5; i++) {
        take_job(make_job(JOB_TRAINING, "train", 0.2 + 0.1 * i), 1.01 + 0.03 * i);
        take_point(i + 1, 1.01 + 0.03 * i);
        assert_ok(watches_tell(&watches, 1.01 + 0.03 * i, &err));
    }
    assert_string_equal(told(), "");
    assert_ok(watches_tell(&watches, 1.3, &err));
    assert_string_equal(told(), "points job ");
    assert_non_null(strstr(text, "\"step\":1"));
    assert_non_null(strstr(text, "\"step\":5"));
    assert_non_null(strstr(text, "\"progress\":0.6"));
    assert_ok(watches_tell(&watches, 2.0, &err));
    assert_string_equal(told(), "");
}

static void the_end_comes_after_all_points(void **state)
{
    (void)state;
    take_job(make_job(JOB_TRAINING, "train", 0.1), 1.0);
    take_point(1, 1.01);
    struct job *end = make_job(JOB_COMPLETED, NULL, 1);
    end->metrics_json = "{\"recall_at_k\":0.5}";
    take_job(end, 1.02);
    assert_string_equal(told(), "job points job ");
    assert_int_equal(watches.count, 0);
}

static void points_alone_are_told_and_forgotten(void **state)
{
    (void)state;
    take_point(4, 1.0);
    assert_ok(watches_tell(&watches, 1.0, &err));
    assert_string_equal(told(), "points ");
    assert_ok(watches_tell(&watches, 1.1, &err));
    assert_int_equal(watches.count, 0);
}

static void a_removed_job_is_forgotten(void **state)
{
    struct job_gone gone = {.job_id = 3, .user_id = 7, .task = JOB_TRAIN};
    struct changes changes = {.gone = &gone, .gone_count = 1};
    (void)state;
    take_job(make_job(JOB_TRAINING, "train", 0.1), 1.0);
    assert_ok(watches_take(&watches, &changes, 1.1, &err));
    assert_string_equal(told(), "job job_removed ");
    assert_int_equal(watches.count, 0);
}

static void a_move_of_an_alias_is_told_to_its_user(void **state)
{
    struct alias_move move = {.move_id = 5,
                              .alias = "champion",
                              .kind = "move",
                              .to_model_id = 9,
                              .to_version = 2,
                              .by = "ann@example.com",
                              .user_id = 7,
                              .name = "homepage"};
    struct alias_move foreign = move;
    struct alias_move *moves[] = {&foreign, &move};
    struct changes changes = {.moves = moves, .move_count = 2};
    (void)state;
    foreign.user_id = 8;
    assert_ok(watches_take(&watches, &changes, 1.0, &err));
    assert_string_equal(told(), "alias ");
    assert_non_null(strstr(text, "\"name\":\"homepage\""));
    assert_non_null(strstr(text, "\"from_version\":null"));
    assert_non_null(strstr(text, "\"to_version\":2"));
    assert_int_equal(watches.count, 0);
}

static void others_hear_nothing(void **state)
{
    (void)state;
    struct job *job = make_job(JOB_TRAINING, "train", 0.1);
    job->user_id = 8;
    take_job(job, 1.0);
    assert_string_equal(told(), "");
}

static void what_fails_for_one_job_does_not_keep_the_others_back(void **state)
{
    struct job *jobs[2] = {make_job(JOB_PENDING, NULL, 0), make_job(JOB_PENDING, NULL, 0)};
    struct changes changes = {.jobs = jobs, .job_count = 2};
    (void)state;
    jobs[0]->params_json = "no json";
    jobs[1]->job_id = 4;
    assert_error(watches_take(&watches, &changes, 1.0, &err), ERR_CORRUPT);
    assert_string_equal(told(), "job ");
    assert_non_null(strstr(text, "\"job_id\":4"));
}

static void no_memory_is_an_error_and_leaks_nothing(void **state)
{
    (void)state;
    for (int64_t n = 1;; n++) {
        struct job *job = make_job(JOB_TRAINING, "train", 0.1);
        struct changes changes = {.jobs = &job, .job_count = 1};
        mem_fail_after(n);
        const enum err rc = watches_take(&watches, &changes, 1.0, &err);
        mem_fail_after(0);
        job_free(job);
        watches_release(&watches);
        if (rc == ERR_OK)
            break;
        assert_int_equal(rc, ERR_NOMEM);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(another_status_is_told_at_once),
        CASE(progress_is_gathered),
        CASE(the_end_comes_after_all_points),
        CASE(points_alone_are_told_and_forgotten),
        CASE(a_removed_job_is_forgotten),
        CASE(a_move_of_an_alias_is_told_to_its_user),
        CASE(others_hear_nothing),
        CASE(what_fails_for_one_job_does_not_keep_the_others_back),
        CASE(no_memory_is_an_error_and_leaks_nothing),
    };
    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
