/* The outbox: each job's message, taken by one sender at a time until it is confirmed. */
#include "unit/store/fixture.h"

static void each_new_job_has_its_message(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct outbox_list list;
    const int64_t first = add_job(f, f->user_id), second = add_job(f, f->user_id);
    assert_ok(outbox_take(f->store, JOB_TRAIN, 10, 60000, &list, &err));
    assert_int_equal(list.count, 2);
    assert_int_equal(list.messages[0]->job_id, first);
    assert_int_equal(list.messages[1]->job_id, second);
    assert_string_equal(list.messages[0]->model_type, "als");
    assert_string_equal(list.messages[0]->data_path, "/data");
    assert_string_equal(list.messages[0]->params_json, "{\"iterations\":10,\"factors\":60}");
    outbox_list_release(&list);
}

/* So many messages are free; they are held for two seconds from now on. */
static void assert_taken(const struct fixture *f, int32_t count)
{
    struct error err;
    struct outbox_list list;
    assert_ok(outbox_take(f->store, JOB_TRAIN, 10, 2000, &list, &err));
    assert_int_equal(list.count, count);
    outbox_list_release(&list);
}

static void a_message_is_held_by_one_until_its_time_is_over(void **state)
{
    const struct fixture *f = *state;
    add_job(f, f->user_id);
    assert_taken(f, 1);
    assert_taken(f, 0);
    fixture_sql(f, "UPDATE outbox SET taken_until_ms = 1");
    assert_taken(f, 1);
}

static void a_hold_of_a_clock_that_was_set_back_holds_nothing(void **state)
{
    const struct fixture *f = *state;
    add_job(f, f->user_id);
    assert_taken(f, 1);
    fixture_sql(f, "UPDATE outbox SET taken_until_ms = taken_until_ms + 3600000");
    assert_taken(f, 1);
}

static void a_confirmed_message_never_comes_again(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct outbox_list list;
    add_job(f, f->user_id);
    assert_ok(outbox_take(f->store, JOB_TRAIN, 10, 1, &list, &err));
    assert_ok(outbox_confirm(f->store, list.messages[0]->outbox_id, &err));
    assert_ok(outbox_confirm(f->store, list.messages[0]->outbox_id, &err));
    outbox_list_release(&list);
    pause_ms(5);
    assert_ok(outbox_take(f->store, JOB_TRAIN, 10, 1, &list, &err));
    assert_int_equal(list.count, 0);
    outbox_list_release(&list);
}

static void a_returned_message_may_be_taken_at_once(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct outbox_list list;
    add_job(f, f->user_id);
    assert_ok(outbox_take(f->store, JOB_TRAIN, 10, 60000, &list, &err));
    assert_ok(outbox_return(f->store, list.messages[0]->outbox_id, &err));
    outbox_list_release(&list);
    assert_ok(outbox_take(f->store, JOB_TRAIN, 10, 60000, &list, &err));
    assert_int_equal(list.count, 1);
    outbox_list_release(&list);
}

static void a_job_that_waits_without_a_message_gets_one(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct outbox_list list;
    int64_t count = -1;
    const int64_t id = add_job(f, f->user_id);
    assert_ok(outbox_take(f->store, JOB_TRAIN, 10, 60000, &list, &err));
    assert_ok(outbox_confirm(f->store, list.messages[0]->outbox_id, &err));
    outbox_list_release(&list);
    assert_ok(outbox_refill(f->store, JOB_TRAIN, 60000, &count, &err));
    assert_int_equal(count, 0);
    pause_ms(5);
    assert_ok(outbox_refill(f->store, JOB_TRAIN, 1, &count, &err));
    assert_int_equal(count, 1);
    assert_ok(outbox_refill(f->store, JOB_TRAIN, 1, &count, &err));
    assert_int_equal(count, 0);
    assert_ok(outbox_take(f->store, JOB_TRAIN, 10, 60000, &list, &err));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.messages[0]->job_id, id);
    outbox_list_release(&list);
}

static void a_refused_job_leaves_no_message(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct outbox_list list;
    struct job_new new = plain_job(f->user_id);
    int64_t id = 0;
    bool is_new;
    new.key = "k";
    new.body_hash = "1";
    assert_ok(job_create(f->store, &new, &id, &is_new, &err));
    new.body_hash = "2";
    assert_error(job_create(f->store, &new, &id, &is_new, &err), ERR_CONFLICT);
    new.body_hash = "1";
    new.data_path = "\xFF";
    new.key = "k2";
    assert_error(job_create(f->store, &new, &id, &is_new, &err), ERR_INVALID);
    assert_ok(outbox_take(f->store, JOB_TRAIN, 10, 60000, &list, &err));
    assert_int_equal(list.count, 1);
    outbox_list_release(&list);
}

static const struct CMUnitTest cases[] = {
    CASE(each_new_job_has_its_message),
    CASE(a_message_is_held_by_one_until_its_time_is_over),
    CASE(a_hold_of_a_clock_that_was_set_back_holds_nothing),
    CASE(a_confirmed_message_never_comes_again),
    CASE(a_returned_message_may_be_taken_at_once),
    CASE(a_job_that_waits_without_a_message_gets_one),
    CASE(a_refused_job_leaves_no_message),
};
const struct case_list outbox_cases = CASE_LIST(cases);
