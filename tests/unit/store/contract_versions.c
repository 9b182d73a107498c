/* What people say of versions, and how many of them a user may keep. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "store/models.h"
#include "unit/store/fixture.h"

static void notes_tags_and_another_name_are_kept(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct model_record *model = NULL;
    struct model_list list;
    const char *const tags[] = {"weekly", "klein", "weekly"};
    const int64_t first = add_version(f, "homepage");
    add_version(f, "sidebar");
    struct model_edit edit = {.note = "with the new events", .tags = tags, .tag_count = 3};
    assert_ok(model_edit(f->store, f->user_id, first, &edit, &err));
    edit = (struct model_edit){.name = "sidebar"};
    assert_ok(model_edit(f->store, f->user_id, first, &edit, &err));
    assert_ok(model_read(f->store, f->user_id, first, &model, &err));
    assert_string_equal(model->note, "with the new events");
    assert_string_equal(model->tags, "klein,weekly");
    assert_string_equal(model->name, "sidebar");
    assert_int_equal(model->version, 2);
    mem_free(model);
    struct model_query query = {.user_id = f->user_id, .tag = "klein", .limit = 9};
    assert_ok(model_list(f->store, &query, &list, &err));
    assert_int_equal(list.count, 1);
    model_list_release(&list);
    query = (struct model_query){.user_id = f->user_id, .name = "sidebar", .limit = 9};
    assert_ok(model_list(f->store, &query, &list, &err));
    assert_int_equal(list.count, 2);
    model_list_release(&list);
    query.tag = "no-such";
    assert_ok(model_list(f->store, &query, &list, &err));
    assert_int_equal(list.count, 0);
    model_list_release(&list);
    edit = (struct model_edit){.tags = tags, .tag_count = 0};
    assert_ok(model_edit(f->store, f->user_id, first, &edit, &err));
    assert_ok(model_read(f->store, f->user_id, first, &model, &err));
    assert_null(model->tags);
    mem_free(model);
}

static void an_edit_that_may_not_be_changes_nothing(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct model_record *model = NULL;
    static char note[MODEL_NOTE_MAX + 2];
    const char *const bad[] = {"", "two words", "a,b", "tab\there"};
    const int64_t first = add_version(f, "homepage");
    struct model_edit edit = {.note = "kept?", .name = "Not A Name"};
    assert_error(model_edit(f->store, f->user_id, first, &edit, &err), ERR_INVALID);
    for (size_t i = 0; i < 4; i++) {
        edit = (struct model_edit){.note = "kept?", .tags = &bad[i], .tag_count = 1};
        assert_error(model_edit(f->store, f->user_id, first, &edit, &err), ERR_INVALID);
        assert_string_equal(err.reason, "fields");
    }
    memset(note, 'n', sizeof(note) - 1);
    edit = (struct model_edit){.note = note};
    assert_error(model_edit(f->store, f->user_id, first, &edit, &err), ERR_INVALID);
    edit = (struct model_edit){.note = "kept?"};
    assert_error(model_edit(f->store, add_user(f, "bob@example.com"), first, &edit, &err),
                 ERR_NOT_FOUND);
    assert_ok(model_read(f->store, f->user_id, first, &model, &err));
    assert_string_equal(model->note, "");
    assert_int_equal(model->version, 1);
    mem_free(model);
}

static void a_job_beyond_what_its_user_may_keep_is_not_started(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    bool is_new;
    int64_t job_id;
    const int64_t first = add_version(f, "homepage");
    struct job_new job = plain_job(f->user_id);
    job.models_max = 2;
    assert_ok(job_create(f->store, &job, &job_id, &is_new, &err)); /* the second, when it is done */
    assert_error(job_create(f->store, &job, &job_id, &is_new, &err), ERR_CONFLICT);
    assert_string_equal(err.reason, "too_many_models");
    assert_ok(model_remove(f->store, f->user_id, first, &err));
    assert_ok(job_create(f->store, &job, &job_id, &is_new, &err));
    finish(f, claim(f), 0.25); /* 1,234 bytes */
    job = plain_job(f->user_id);
    job.model_bytes_max = 1234;
    assert_error(job_create(f->store, &job, &job_id, &is_new, &err), ERR_CONFLICT);
    assert_string_equal(err.reason, "model_space_full");
    job.model_bytes_max = 1235;
    assert_ok(job_create(f->store, &job, &job_id, &is_new, &err));
}

static void what_a_user_keeps_is_counted_right_through_all_ends(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    int64_t faults = -1;
    struct strbuf report;
    struct model_record *model = NULL;
    strbuf_init(&report, 65536);
    const int64_t first = add_version(f, "homepage"), second = add_version(f, "homepage");
    add_version(f, NULL);
    assert_ok(model_read(f->store, f->user_id, second, &model, &err));
    assert_ok(model_remove(f->store, f->user_id, first, &err));
    assert_ok(job_remove(f->store, f->user_id, JOB_TRAIN, model->job_id, &err));
    mem_free(model);
    assert_ok(store_check(f->store, &report, &faults, &err));
    assert_int_equal(faults, 0);
    fixture_sql(f, "UPDATE users SET model_count = 5");
    assert_ok(store_check(f->store, &report, &faults, &err));
    assert_int_equal(faults, 1);
    assert_non_null(strstr(report.ptr, "another number of models"));
    strbuf_release(&report);
}

/* Models as they were visited; the visit of `bad_id` fails. */
struct visits {
    int64_t ids[8], bad_id;
    int32_t count;
};

static enum err visit(void *context, const struct model_record *model, struct error *err)
{
    struct visits *visits = context;
    assert_in_range(visits->count, 0, 7);
    visits->ids[visits->count++] = model->model_id;
    return model->model_id == visits->bad_id ? FAIL(err, ERR_IO, "no more") : ERR_OK;
}

static void each_model_is_visited_once_whatever_a_page_holds(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    const int64_t ids[] = {add_version(f, "homepage"), add_version(f, "homepage"),
                           add_version(f, "sidebar"), add_version(f, "homepage")};
    for (int32_t limit = 0; limit <= 5; limit++) {
        struct visits visits = {0};
        struct model_query query = {.user_id = f->user_id, .limit = limit};
        assert_ok(model_each(f->store, &query, visit, &visits, &err));
        assert_int_equal(visits.count, 4);
        for (int i = 0; i < 4; i++)
            assert_int_equal(visits.ids[i], ids[3 - i]);
        visits = (struct visits){0};
        query.name = "homepage";
        assert_ok(model_each(f->store, &query, visit, &visits, &err));
        assert_int_equal(visits.count, 3);
        assert_int_equal(visits.ids[2], ids[0]);
    }
    struct visits none = {0};
    const struct model_query query = {.user_id = add_user(f, "bob@example.com"), .limit = 2};
    assert_ok(model_each(f->store, &query, visit, &none, &err));
    assert_int_equal(none.count, 0);
}

static void a_visit_that_fails_is_the_last(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    add_version(f, "homepage");
    struct visits visits = {.bad_id = add_version(f, "homepage")};
    add_version(f, "homepage");
    const struct model_query query = {.user_id = f->user_id, .limit = 1};
    assert_error(model_each(f->store, &query, visit, &visits, &err), ERR_IO);
    assert_string_equal(err.message, "no more");
    assert_int_equal(visits.count, 2);
}

static enum err remove_visited(void *context, const struct model_record *model, struct error *err)
{
    const struct fixture *f = context;
    return model_remove(f->store, f->user_id, model->model_id, err);
}

static void a_visit_may_remove_its_model(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct visits left = {0};
    for (int i = 0; i < 3; i++)
        add_version(f, "homepage");
    const struct model_query query = {.user_id = f->user_id, .limit = 1};
    assert_ok(model_each(f->store, &query, remove_visited, f, &err));
    assert_ok(model_each(f->store, &query, visit, &left, &err));
    assert_int_equal(left.count, 0);
}

static const struct CMUnitTest cases[] = {
    CASE(notes_tags_and_another_name_are_kept),
    CASE(an_edit_that_may_not_be_changes_nothing),
    CASE(a_job_beyond_what_its_user_may_keep_is_not_started),
    CASE(what_a_user_keeps_is_counted_right_through_all_ends),
    CASE(each_model_is_visited_once_whatever_a_page_holds),
    CASE(a_visit_that_fails_is_the_last),
    CASE(a_visit_may_remove_its_model),
};
const struct case_list version_cases = CASE_LIST(cases);
