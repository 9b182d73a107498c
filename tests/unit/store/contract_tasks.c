/* Jobs of another task have queues, turns, messages and counts of their own. */
#include "base/memory.h"
#include "store/changes.h"
#include "unit/store/fixture.h"

static int64_t add(const struct fixture *f, int64_t user_id, enum job_task task, int64_t open_max)
{
    struct error err;
    int64_t id = 0;
    bool is_new;
    struct job_new new = plain_job(user_id);
    new.task = task;
    new.open_max = open_max;
    assert_ok(job_create(f->store, &new, &id, &is_new, &err));
    return id;
}

static int64_t claimed(const struct fixture *f, enum job_task task)
{
    struct error err;
    struct job *job = NULL;
    assert_ok(job_claim(f->store, task, "w", LEASE_MS, &job, &err));
    const int64_t id = job != NULL ? job->job_id : 0;
    if (job != NULL)
        assert_int_equal(job->task, task);
    job_free(job);
    return id;
}

static void a_worker_claims_jobs_of_its_task_alone(void **state)
{
    const struct fixture *f = *state;
    const int64_t prediction = add(f, f->user_id, JOB_PREDICT, 0);
    assert_int_equal(claimed(f, JOB_TRAIN), 0);
    const int64_t training = add(f, f->user_id, JOB_TRAIN, 0);
    assert_int_equal(claimed(f, JOB_PREDICT), prediction);
    assert_int_equal(claimed(f, JOB_PREDICT), 0);
    assert_int_equal(claimed(f, JOB_TRAIN), training);
}

static void each_task_has_messages_of_its_own(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct outbox_list list = {0};
    struct outbox_depth depth;
    int64_t count = 0;
    add(f, f->user_id, JOB_TRAIN, 0);
    const int64_t prediction = add(f, f->user_id, JOB_PREDICT, 0);
    assert_ok(outbox_depth(f->store, JOB_PREDICT, &depth, &err));
    assert_int_equal(depth.messages, 1);
    assert_ok(outbox_take(f->store, JOB_PREDICT, 10, 60000, &list, &err));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.messages[0]->job_id, prediction);
    assert_ok(
        outbox_bury(f->store, JOB_PREDICT, list.messages[0]->outbox_id, prediction, "why", &err));
    outbox_list_release(&list);
    assert_ok(outbox_depth(f->store, JOB_PREDICT, &depth, &err));
    assert_int_equal(depth.messages, 0);
    assert_int_equal(depth.dead, 1);
    assert_ok(outbox_depth(f->store, JOB_TRAIN, &depth, &err));
    assert_int_equal(depth.messages, 1);
    assert_int_equal(depth.dead, 0);

    pause_ms(20); /* a job without a message gets one in its own queue */
    assert_ok(outbox_refill(f->store, JOB_TRAIN, 1, &count, &err));
    assert_int_equal(count, 0);
    assert_ok(outbox_refill(f->store, JOB_PREDICT, 1, &count, &err));
    assert_int_equal(count, 1);
    assert_ok(outbox_take(f->store, JOB_PREDICT, 10, 60000, &list, &err));
    assert_int_equal(list.messages[0]->job_id, prediction);
    outbox_list_release(&list);
}

static void many_predictions_do_not_hold_up_the_users_training(void **state)
{
    const struct fixture *f = *state;
    const int64_t bob = add_user(f, "bob@example.com");
    for (int i = 0; i < 5; i++)
        add(f, f->user_id, JOB_PREDICT, 0);
    const int64_t mine = add(f, f->user_id, JOB_TRAIN, 0);
    const int64_t his = add(f, bob, JOB_TRAIN, 0);
    struct job *job = read_job(f, mine);
    assert_int_equal(job->queue_position, 1);
    job_free(job);
    assert_int_equal(claimed(f, JOB_TRAIN), mine);
    assert_int_equal(claimed(f, JOB_TRAIN), his);
}

static void users_take_turns_in_predictions_too(void **state)
{
    const struct fixture *f = *state;
    const int64_t bob = add_user(f, "bob@example.com");
    const int64_t first = add(f, f->user_id, JOB_PREDICT, 0);
    add(f, f->user_id, JOB_PREDICT, 0);
    const int64_t his = add(f, bob, JOB_PREDICT, 0);
    assert_int_equal(claimed(f, JOB_PREDICT), first);
    assert_int_equal(claimed(f, JOB_PREDICT), his);
}

static void another_tasks_job_is_not_found(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job *job = NULL;
    struct job_point_list points = {0};
    bool ended;
    const int64_t id = add(f, f->user_id, JOB_PREDICT, 0);
    assert_error(job_read(f->store, f->user_id, JOB_TRAIN, id, &job, &err), ERR_NOT_FOUND);
    assert_error(job_read_brief(f->store, f->user_id, JOB_TRAIN, id, &job, &err), ERR_NOT_FOUND);
    assert_error(job_points(f->store, f->user_id, JOB_TRAIN, id, &points, &err), ERR_NOT_FOUND);
    assert_error(job_cancel(f->store, f->user_id, JOB_TRAIN, id, &ended, &err), ERR_NOT_FOUND);
    assert_error(job_remove(f->store, f->user_id, JOB_TRAIN, id, &err), ERR_NOT_FOUND);
    assert_error(job_rename(f->store, f->user_id, id, "mine", 0, &err), ERR_NOT_FOUND);
    assert_ok(job_read(f->store, f->user_id, JOB_ANY_TASK, id, &job, &err));
    assert_int_equal(job->task, JOB_PREDICT);
    job_free(job);
    assert_ok(job_cancel(f->store, f->user_id, JOB_PREDICT, id, &ended, &err));
    assert_true(ended);
}

static void lists_and_counts_of_training_know_nothing_of_predictions(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job_list list = {0};
    struct store_counts counts;
    struct strbuf report;
    int64_t total = 0, faults = 0;
    bool ended;
    const int64_t training = add(f, f->user_id, JOB_TRAIN, 0);
    const int64_t prediction = add(f, f->user_id, JOB_PREDICT, 0);
    struct job_query query = {.user_id = f->user_id, .limit = 10};
    for (enum job_sort sort = SORT_CREATED; sort < SORT_METRIC; sort++) {
        query.sort = sort;
        assert_ok(job_list(f->store, &query, &list, &err));
        assert_int_equal(list.count, 1);
        assert_int_equal(list.jobs[0]->job_id, training);
        job_list_release(&list);
    }
    assert_ok(job_total(f->store, &query, &total, &err));
    assert_int_equal(total, 1);
    query.statuses = "pending";
    assert_ok(job_total(f->store, &query, &total, &err));
    assert_int_equal(total, 1);
    assert_ok(store_counts(f->store, &counts, &err));
    assert_int_equal(counts.train.pending, 1);
    assert_int_equal(counts.predict.pending, 1);

    assert_ok(job_cancel(f->store, f->user_id, JOB_PREDICT, prediction, &ended, &err));
    assert_ok(job_remove(f->store, f->user_id, JOB_PREDICT, prediction, &err));
    query.statuses = NULL;
    assert_ok(job_total(f->store, &query, &total, &err));
    assert_int_equal(total, 1);
    strbuf_init(&report, 4096);
    assert_ok(store_check(f->store, &report, &faults, &err));
    assert_int_equal(faults, 0);
    strbuf_release(&report);
}

static void open_jobs_are_limited_by_task(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    int64_t id;
    bool is_new;
    add(f, f->user_id, JOB_PREDICT, 2);
    add(f, f->user_id, JOB_PREDICT, 2);
    struct job_new new = plain_job(f->user_id);
    new.task = JOB_PREDICT;
    new.open_max = 2;
    assert_error(job_create(f->store, &new, &id, &is_new, &err), ERR_CONFLICT);
    assert_string_equal(err.reason, "too_many_jobs");
    add(f, f->user_id, JOB_TRAIN, 2);
}

static void the_feed_says_what_task_a_removed_job_had(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct change_feed *feed = NULL;
    struct changes changes = {0};
    bool ended;
    const int64_t id = add(f, f->user_id, JOB_PREDICT, 0);
    assert_ok(job_cancel(f->store, f->user_id, JOB_PREDICT, id, &ended, &err));
    assert_ok(change_feed_open(f->store, &feed, &err));
    assert_ok(job_remove(f->store, f->user_id, JOB_PREDICT, id, &err));
    assert_ok(change_feed_poll(feed, &changes, &err));
    assert_int_equal(changes.gone_count, 1);
    assert_int_equal(changes.gone[0].job_id, id);
    assert_int_equal(changes.gone[0].task, JOB_PREDICT);
    changes_release(&changes);
    change_feed_close(feed);
}

static void workers_are_counted_by_task(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct outbox_depth depth;
    struct worker_list list = {0};
    const struct worker worker = {
        .task = JOB_PREDICT, .worker_id = "host-1:9", .host = "host-1", .version = "1"};
    assert_ok(worker_seen(f->store, &worker, &err));
    assert_ok(outbox_depth(f->store, JOB_PREDICT, &depth, &err));
    assert_int_equal(depth.workers, 1);
    assert_ok(outbox_depth(f->store, JOB_TRAIN, &depth, &err));
    assert_int_equal(depth.workers, 0);
    assert_ok(worker_list(f->store, &list, &err));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.workers[0]->task, JOB_PREDICT);
    worker_list_release(&list);
}

static const struct CMUnitTest cases[] = {
    CASE(a_worker_claims_jobs_of_its_task_alone),
    CASE(each_task_has_messages_of_its_own),
    CASE(many_predictions_do_not_hold_up_the_users_training),
    CASE(users_take_turns_in_predictions_too),
    CASE(another_tasks_job_is_not_found),
    CASE(lists_and_counts_of_training_know_nothing_of_predictions),
    CASE(open_jobs_are_limited_by_task),
    CASE(the_feed_says_what_task_a_removed_job_had),
    CASE(workers_are_counted_by_task),
};
const struct case_list task_cases = CASE_LIST(cases);
