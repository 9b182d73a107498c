/* Pages of jobs: filters, orders, cursors. */
#include <stdio.h>
#include <string.h>

#include "unit/store/fixture.h"

enum { JOBS = 6 };

/* Six jobs: two pending, one completed each with recall 0.2 and 0.1, one failed, one cancelled. */
static void add_jobs(const struct fixture *f, int64_t ids[JOBS])
{
    static const char *const names[JOBS] = {"beta", "Alpha", NULL, "gamma", "delta", "100%_sure"};
    struct error err;
    bool is_new, ended;
    for (int i = 0; i < JOBS; i++) {
        struct job_new new = plain_job(f->user_id);
        new.name = names[i];
        new.model_type = i == 2 ? "popular" : "als";
        new.data_path = i == 3 ? "/data/Shop" : "/data";
        assert_ok(job_create(f->store, &new, &ids[i], &is_new, &err));
    }
    finish(f, claim(f), 0.2);
    finish(f, claim(f), 0.1);
    assert_ok(job_fail(f->store, claim(f), "io", "disk", &err));
    assert_ok(job_cancel(f->store, f->user_id, JOB_TRAIN, ids[3], &ended, &err));
}

static struct job_query all(const struct fixture *f)
{
    return (struct job_query){.user_id = f->user_id, .limit = 100};
}

/* The jobs of a query, page by page, are those of `ids` at these places: "310", "" for none. */
static void assert_jobs(const struct fixture *f, struct job_query query, const int64_t *ids,
                        const char *places)
{
    struct error err;
    char found[JOBS * 4 + 1] = "";
    char cursor[STORE_CURSOR_SIZE] = "";
    size_t count = 0;
    do {
        struct job_list list;
        query.cursor = cursor;
        assert_ok(job_list(f->store, &query, &list, &err));
        assert_true(list.count <= query.limit);
        for (int32_t i = 0; i < list.count; i++)
            for (int place = 0; place < JOBS; place++)
                if (list.jobs[i]->job_id == ids[place] && count + 1 < sizeof(found))
                    found[count++] = (char)('0' + place);
        snprintf(cursor, sizeof(cursor), "%s", list.next);
        job_list_release(&list);
    } while (cursor[0] != '\0' && count + 1 < sizeof(found));
    found[count] = '\0';
    assert_string_equal(found, places);
}

/* Also with every size of page: the cursor of each order carries on where the page ended. */
static void assert_order(const struct fixture *f, const char *sort, const int64_t *ids,
                         const char *places)
{
    struct job_query query = all(f);
    assert_true(job_sort_find(sort, &query));
    for (query.limit = 1; query.limit <= JOBS + 1; query.limit++)
        assert_jobs(f, query, ids, places);
}

static void jobs_come_newest_first(void **state)
{
    const struct fixture *f = *state;
    int64_t ids[JOBS];
    add_jobs(f, ids);
    assert_jobs(f, all(f), ids, "543210");
    assert_order(f, "-created", ids, "543210");
    assert_order(f, "created", ids, "012345");
}

static void jobs_are_sorted_by_name_in_any_case(void **state)
{
    const struct fixture *f = *state;
    int64_t ids[JOBS];
    add_jobs(f, ids);
    assert_order(f, "name", ids, "251043");
    assert_order(f, "-name", ids, "340152");
}

static void jobs_are_sorted_by_type_and_by_status(void **state)
{
    const struct fixture *f = *state;
    int64_t ids[JOBS];
    add_jobs(f, ids);
    assert_order(f, "model_type", ids, "013452");
    assert_order(f, "-model_type", ids, "254310");
    assert_order(f, "status", ids, "301245");
    assert_order(f, "-status", ids, "542103");
}

static void jobs_without_the_metric_come_last_either_way(void **state)
{
    const struct fixture *f = *state;
    int64_t ids[JOBS];
    add_jobs(f, ids);
    assert_order(f, "-metric:recall_at_k", ids, "012345");
    assert_order(f, "metric:recall_at_k", ids, "102345");
    assert_order(f, "metric:unknown", ids, "012345");
}

static void jobs_are_sorted_by_times(void **state)
{
    const struct fixture *f = *state;
    int64_t ids[JOBS];
    char sql[256];
    add_jobs(f, ids);
    for (int i = 0; i < JOBS; i++) { /* by hand, so that no two are alike */
        snprintf(sql, sizeof(sql),
                 "UPDATE jobs SET updated_ms = %d, progress = %g, started_ms = CASE WHEN "
                 "started_ms > 0 THEN %d ELSE 0 END WHERE job_id = %lld",
                 1000 + (i * 5) % JOBS, i / 8.0, 100 + i, (long long)ids[i]);
        fixture_sql(f, sql);
        snprintf(sql, sizeof(sql),
                 "UPDATE jobs SET ended_ms = %d WHERE job_id = %lld AND ended_ms > 0",
                 1000 - 100 * i, (long long)ids[i]);
        fixture_sql(f, sql);
    }
    assert_order(f, "updated", ids, "054321");
    assert_order(f, "-updated", ids, "123450");
    assert_order(f, "started", ids, "012345");
    assert_order(f, "-started", ids, "210345");
    assert_order(f, "duration", ids, "210345");
    assert_order(f, "-duration", ids, "012345");
    assert_order(f, "-progress", ids, "543210");
}

static void jobs_are_filtered_by_status_as_shown(void **state)
{
    const struct fixture *f = *state;
    int64_t ids[JOBS];
    struct job_query query = all(f);
    add_jobs(f, ids);
    query.statuses = "completed";
    assert_jobs(f, query, ids, "10");
    query.statuses = "failed";
    assert_jobs(f, query, ids, "2");
    query.statuses = "cancelled,pending";
    assert_jobs(f, query, ids, "543");
    query.statuses = "fail";
    assert_jobs(f, query, ids, "");
}

static void jobs_are_filtered_by_type_and_text(void **state)
{
    const struct fixture *f = *state;
    int64_t ids[JOBS];
    struct job_query query = all(f);
    add_jobs(f, ids);
    query.model_type = "popular";
    assert_jobs(f, query, ids, "2");
    query.model_type = NULL;
    query.text = "ALPHA";
    assert_jobs(f, query, ids, "1");
    query.text = "shop";
    assert_jobs(f, query, ids, "3");
    query.text = "%_";
    assert_jobs(f, query, ids, "5");
    query.text = "a%a";
    assert_jobs(f, query, ids, "");
    query.text = "data";
    query.statuses = "completed";
    query.model_type = "als";
    assert_jobs(f, query, ids, "10");
}

static void filters_hold_in_every_order(void **state)
{
    const struct fixture *f = *state;
    int64_t ids[JOBS];
    struct job_query query = all(f);
    add_jobs(f, ids);
    query.statuses = "completed,failed";
    query.limit = 2;
    assert_true(job_sort_find("name", &query));
    assert_jobs(f, query, ids, "210");
    assert_true(job_sort_find("-metric:f1_at_k", &query));
    assert_jobs(f, query, ids, "012");
}

static int64_t total(const struct fixture *f, struct job_query query)
{
    struct error err;
    int64_t count = -1;
    query.user_id = query.user_id != 0 ? query.user_id : f->user_id;
    query.limit = 2; /* counts all pages */
    assert_ok(job_total(f->store, &query, &count, &err));
    return count;
}

static void a_total_counts_what_all_pages_hold(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    int64_t ids[JOBS];
    const int64_t bob = add_user(f, "bob@example.com");
    assert_int_equal(total(f, (struct job_query){0}), 0);
    add_jobs(f, ids);
    assert_int_equal(total(f, (struct job_query){0}), JOBS);
    assert_int_equal(total(f, (struct job_query){.statuses = "completed,failed,cancelled"}) +
                         total(f, (struct job_query){.statuses = "pending,loading_data,training"}),
                     JOBS);
    assert_int_equal(total(f, (struct job_query){.model_type = "als"}) +
                         total(f, (struct job_query){.model_type = "popular"}),
                     JOBS);
    assert_int_equal(total(f, (struct job_query){.text = "nowhere to be found"}), 0);
    assert_int_equal(total(f, (struct job_query){.user_id = bob}), 0);
    const int64_t another = add_job(f, f->user_id);
    bool ended;
    assert_ok(job_cancel(f->store, f->user_id, JOB_TRAIN, another, &ended, &err));
    assert_int_equal(total(f, (struct job_query){0}), JOBS + 1);
    assert_ok(job_remove(f->store, f->user_id, JOB_TRAIN, another, &err));
    assert_int_equal(total(f, (struct job_query){0}), JOBS);
}

static void a_list_holds_only_the_users_own(void **state)
{
    const struct fixture *f = *state;
    int64_t ids[JOBS];
    struct job_query query = all(f);
    add_jobs(f, ids);
    query.user_id = add_user(f, "bob@example.com");
    assert_jobs(f, query, ids, "");
    assert_true(job_sort_find("name", &query));
    assert_jobs(f, query, ids, "");
    assert_true(job_sort_find("updated", &query));
    assert_jobs(f, query, ids, "");
}

static void a_job_that_comes_between_pages_shifts_nothing(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job_list list;
    int64_t ids[JOBS];
    struct job_query query = all(f);
    add_jobs(f, ids);
    query.limit = 3;
    assert_ok(job_list(f->store, &query, &list, &err));
    assert_int_equal(list.jobs[2]->job_id, ids[3]);
    char cursor[STORE_CURSOR_SIZE];
    snprintf(cursor, sizeof(cursor), "%s", list.next);
    job_list_release(&list);
    add_job(f, f->user_id);
    query.cursor = cursor;
    assert_ok(job_list(f->store, &query, &list, &err));
    assert_int_equal(list.jobs[0]->job_id, ids[2]);
    assert_string_equal(list.next, "");
    job_list_release(&list);
}

static void what_is_no_cursor_is_refused(void **state)
{
    static const char *const bad[] = {
        "x",
        ":",
        "i",
        "i:",
        "i:0",
        "i:-3",
        "i:1:2",
        "i:1x",
        "n:1:2",
        "t:61:2",
        "i:99999999999999999999",
        "drop table",
    };
    static const char *const bad_numbers[] = {"n::1", "n:x:1", "n:nan:1", "n:1:", "n:1:0", "i:1"};
    static const char *const bad_texts[] = {"t:6:1", "t:6g:1", "t:00:1", "t:61", "t::x", "n:1:1"};
    const struct fixture *f = *state;
    struct error err;
    struct job_list list;
    struct job_query query = all(f);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        query.cursor = bad[i];
        assert_error(job_list(f->store, &query, &list, &err), ERR_INVALID);
        assert_string_equal(err.reason, "cursor");
    }
    query.sort = SORT_UPDATED;
    for (size_t i = 0; i < sizeof(bad_numbers) / sizeof(bad_numbers[0]); i++) {
        query.cursor = bad_numbers[i];
        assert_error(job_list(f->store, &query, &list, &err), ERR_INVALID);
    }
    query.sort = SORT_NAME;
    for (size_t i = 0; i < sizeof(bad_texts) / sizeof(bad_texts[0]); i++) {
        query.cursor = bad_texts[i];
        assert_error(job_list(f->store, &query, &list, &err), ERR_INVALID);
    }
}

static void names_of_orders_are_known_or_not(void **state)
{
    struct job_query query = {0};
    (void)state;
    assert_true(job_sort_find("-metric:ndcg_at_k", &query));
    assert_int_equal(query.sort, SORT_METRIC);
    assert_string_equal(query.metric, "ndcg_at_k");
    assert_false(query.ascending);
    assert_true(job_sort_find("duration", &query));
    assert_true(query.ascending);
    assert_null(query.metric);
    assert_false(job_sort_find("", &query));
    assert_false(job_sort_find("-", &query));
    assert_false(job_sort_find("metric", &query));
    assert_false(job_sort_find("metric:", &query));
    assert_false(job_sort_find("password", &query));
}

static void a_page_has_at_least_one_and_at_most_a_thousand(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job_list list;
    int64_t ids[JOBS];
    struct job_query query = all(f);
    add_jobs(f, ids);
    query.limit = -5;
    assert_ok(job_list(f->store, &query, &list, &err));
    assert_int_equal(list.count, 1);
    job_list_release(&list);
    query.limit = INT32_MAX;
    assert_ok(job_list(f->store, &query, &list, &err));
    assert_int_equal(list.count, JOBS);
    job_list_release(&list);
}

/* ---- statuses ---- */

static bool is_asked_for(const char *statuses, const struct job *job)
{
    char wanted[64], all[256];
    snprintf(wanted, sizeof(wanted), ",%s,", job_shown_status(job));
    snprintf(all, sizeof(all), ",%s,", statuses);
    return strstr(all, wanted) != NULL;
}

/* Page by page, two a page, against a look at all jobs. */
static void check_statuses(const struct fixture *f, const struct job_list *all,
                           const char *statuses, bool ascending)
{
    struct error err;
    struct job_list page;
    char cursor[STORE_CURSOR_SIZE] = "";
    int64_t total = -1;
    int32_t at = ascending ? all->count - 1 : 0, found = 0; /* `all` has the newest first */
    struct job_query query = {
        .user_id = f->user_id, .statuses = statuses, .limit = 2, .ascending = ascending};
    do {
        query.cursor = cursor;
        assert_ok(job_list(f->store, &query, &page, &err));
        for (int32_t i = 0; i < page.count; i++, found++) {
            while (!is_asked_for(statuses, all->jobs[at]))
                at += ascending ? -1 : 1;
            assert_int_equal(page.jobs[i]->job_id, all->jobs[at]->job_id);
            at += ascending ? -1 : 1;
        }
        memcpy(cursor, page.next, sizeof(cursor));
        job_list_release(&page);
    } while (cursor[0] != '\0');
    int32_t naive = 0;
    for (int32_t i = 0; i < all->count; i++)
        naive += is_asked_for(statuses, all->jobs[i]);
    assert_int_equal(found, naive);
    assert_ok(job_total(f->store, &query, &total, &err));
    assert_int_equal(total, naive);
}

static void every_choice_of_statuses_finds_what_a_look_at_all_finds(void **state)
{
    static const char *const choices[] = {
        "pending",
        "loading_data",
        "training",
        "completed",
        "failed",
        "cancelled",
        "failed,cancelled",
        "pending,training",
        "pending,loading_data,preprocessing,training",
        "pending,failed",
        "completed,failed,cancelled",
        "nonsense",
        "pending,nonsense",
    };
    const struct fixture *f = *state;
    struct error err;
    struct job_list all;
    bool ended;
    const int64_t bob = add_user(f, "bob@example.com");
    for (int i = 0; i < 18; i++) {
        const int64_t id = add_job(f, i % 6 == 5 ? bob : f->user_id);
        const struct fence fence = i % 3 < 2 ? claim(f) : (struct fence){0};
        if (i % 9 == 0)
            finish(f, fence, 0.1 * i);
        else if (i % 9 == 1)
            assert_ok(job_fail(f->store, fence, "io", "x", &err));
        else if (i % 9 == 2)
            assert_ok(job_cancel(f->store, 0, JOB_ANY_TASK, id, &ended, &err));
        else if (i % 9 == 3)
            assert_ok(job_advance(f->store, fence, PHASE_TRAIN, NULL, &err));
    }
    const struct job_query query = {.user_id = f->user_id, .limit = STORE_LIST_MAX};
    assert_ok(job_list(f->store, &query, &all, &err));
    assert_int_equal(all.count, 15);
    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
        check_statuses(f, &all, choices[i], false);
        check_statuses(f, &all, choices[i], true);
    }
    job_list_release(&all);
}

static const struct CMUnitTest cases[] = {
    CASE(jobs_come_newest_first),
    CASE(jobs_are_sorted_by_name_in_any_case),
    CASE(jobs_are_sorted_by_type_and_by_status),
    CASE(jobs_without_the_metric_come_last_either_way),
    CASE(jobs_are_sorted_by_times),
    CASE(jobs_are_filtered_by_status_as_shown),
    CASE(jobs_are_filtered_by_type_and_text),
    CASE(filters_hold_in_every_order),
    CASE(a_total_counts_what_all_pages_hold),
    CASE(a_list_holds_only_the_users_own),
    CASE(a_job_that_comes_between_pages_shifts_nothing),
    CASE(what_is_no_cursor_is_refused),
    CASE(names_of_orders_are_known_or_not),
    CASE(a_page_has_at_least_one_and_at_most_a_thousand),
    CASE(every_choice_of_statuses_finds_what_a_look_at_all_finds),
};
const struct case_list list_cases = CASE_LIST(cases);
