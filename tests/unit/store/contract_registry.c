/* Names, versions, aliases and their moves. */
#include "store/registry.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "unit/store/fixture.h"

static void assert_ref(const struct fixture *f, const char *ref, int64_t model_id)
{
    struct error err;
    struct model_record *model = NULL;
    assert_ok(registry_resolve(f->store, f->user_id, ref, &model, &err));
    assert_int_equal(model->model_id, model_id);
    mem_free(model);
}

static void assert_no_ref(const struct fixture *f, const char *ref, const char *part)
{
    struct error err;
    struct model_record *model = NULL;
    assert_error(registry_resolve(f->store, f->user_id, ref, &model, &err), ERR_NOT_FOUND);
    assert_string_equal(err.reason, "no_such_model");
    if (strstr(err.message, part) == NULL)
        fail_msg("%s: %s does not say %s", ref, err.message, part);
}

static struct alias_move_new a_move(const struct fixture *f, const char *alias, int64_t model_id)
{
    return (struct alias_move_new){.user_id = f->user_id,
                                   .name = "homepage",
                                   .alias = alias,
                                   .to_model_id = model_id,
                                   .from_model_id = ALIAS_FROM_ANY,
                                   .by = "ann@example.com"};
}

/* The versions between which it went, as "1>2", and the kind. */
static void assert_move(struct alias_move *move, const char *kind, const char *way)
{
    char found[64];
    snprintf(found, sizeof(found), "%lld>%lld", (long long)move->from_version,
             (long long)move->to_version);
    assert_string_equal(found, way);
    assert_string_equal(move->kind, kind);
    mem_free(move);
}

static void move_to(const struct fixture *f, const char *alias, int64_t model_id, const char *way)
{
    struct error err;
    struct alias_move *move = NULL;
    const struct alias_move_new wanted = a_move(f, alias, model_id);
    assert_ok(registry_move(f->store, &wanted, &move, &err));
    assert_move(move, model_id == 0 ? "remove" : "move", way);
}

static void undo(const struct fixture *f, const char *alias, const char *way)
{
    struct error err;
    struct alias_move *move = NULL;
    const struct alias_move_new wanted = a_move(f, alias, 0);
    assert_ok(registry_undo(f->store, &wanted, &move, &err));
    assert_move(move, "undo", way);
}

static void versions_count_up_under_each_name_and_are_not_used_twice(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    const int64_t first = add_version(f, "homepage"), other = add_version(f, NULL);
    const int64_t second = add_version(f, "homepage");
    assert_ref(f, "homepage:1", first);
    assert_ref(f, "homepage:2", second);
    assert_ref(f, "als:1", other);
    assert_ref(f, "homepage", second);
    assert_ok(model_remove(f->store, f->user_id, second, &err));
    assert_ref(f, "homepage", first);
    const int64_t third = add_version(f, "homepage");
    assert_ref(f, "homepage:3", third);
    assert_no_ref(f, "homepage:2", "no version 2");
}

static void a_reference_says_which_part_of_it_there_is_not(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    char text[32];
    struct model_record *model = NULL;
    const int64_t first = add_version(f, "homepage"), bob = add_user(f, "bob@example.com");
    assert_no_ref(f, "987654", "no model 987654");
    assert_no_ref(f, "sidebar", "no model is named sidebar");
    assert_no_ref(f, "sidebar:1", "no model is named sidebar");
    assert_no_ref(f, "sidebar@champion", "no model is named sidebar");
    assert_no_ref(f, "homepage@champion", "no alias champion");
    assert_no_ref(f, "homepage:2", "no version 2");
    assert_no_ref(f, "HOME", "no model");
    snprintf(text, sizeof(text), "%lld", (long long)first);
    assert_ref(f, text, first);
    const char *const refs[] = {text, "homepage", "homepage:1"};
    for (size_t i = 0; i < 3; i++)
        assert_error(registry_resolve(f->store, bob, refs[i], &model, &err), ERR_NOT_FOUND);
    assert_ok(model_remove(f->store, f->user_id, first, &err));
    assert_no_ref(f, "homepage", "no versions any more");
}

static void a_bare_name_is_its_champion(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct model_record *model = NULL;
    const int64_t first = add_version(f, "homepage"), second = add_version(f, "homepage");
    assert_ref(f, "homepage", second);
    move_to(f, "champion", first, "0>1");
    move_to(f, "candidate", second, "0>2");
    assert_ref(f, "homepage", first);
    assert_ref(f, "homepage@candidate", second);
    assert_ok(registry_resolve(f->store, f->user_id, "homepage@champion", &model, &err));
    assert_string_equal(model->alias, "champion");
    assert_string_equal(model->aliases, "champion");
    assert_string_equal(model->name, "homepage");
    assert_int_equal(model->version, 1);
    assert_string_equal(model->source, "training");
    assert_null(model->tags);
    mem_free(model);
}

static void an_alias_moves_and_can_be_moved_back_and_forth(void **state)
{
    const struct fixture *f = *state;
    const int64_t first = add_version(f, "homepage"), second = add_version(f, "homepage");
    move_to(f, "champion", first, "0>1");
    move_to(f, "champion", second, "1>2");
    undo(f, "champion", "2>1");
    assert_ref(f, "homepage@champion", first);
    undo(f, "champion", "1>2");
    assert_ref(f, "homepage@champion", second);
    move_to(f, "champion", 0, "2>0");
    assert_no_ref(f, "homepage@champion", "no alias");
    undo(f, "champion", "0>2");
    assert_ref(f, "homepage@champion", second);
    /* Back to where it never was. */
    move_to(f, "shadow", first, "0>1");
    undo(f, "shadow", "1>0");
    assert_no_ref(f, "homepage@shadow", "no alias");
}

static void a_move_to_where_it_is_records_nothing(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct alias_move *first = NULL, *again = NULL;
    const int64_t model_id = add_version(f, "homepage");
    const struct alias_move_new wanted = a_move(f, "champion", model_id);
    assert_ok(registry_move(f->store, &wanted, &first, &err));
    assert_ok(registry_move(f->store, &wanted, &again, &err));
    assert_int_equal(first->move_id, again->move_id);
    mem_free(first);
    mem_free(again);
}

static void a_move_keeps_who_when_why_and_the_verdict(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    int64_t now;
    struct alias_move *move = NULL;
    struct alias_move_list list;
    struct alias_move_new wanted = a_move(f, "champion", add_version(f, "homepage"));
    wanted.reason = "the weekly run";
    wanted.verdict_json = "{\"passes\":false}";
    wanted.is_overridden = true;
    assert_ok(registry_move(f->store, &wanted, &move, &err));
    mem_free(move);
    const struct alias_history query = {.user_id = f->user_id, .name = "homepage", .limit = 10};
    assert_ok(registry_history(f->store, &query, &list, &err));
    assert_ok(store_now(f->store, &now, &err));
    assert_int_equal(list.count, 1);
    const struct alias_move *kept = list.moves[0];
    assert_string_equal(kept->by, "ann@example.com");
    assert_string_equal(kept->reason, "the weekly run");
    assert_string_equal(kept->verdict_json, "{\"passes\":false}");
    assert_string_equal(kept->alias, "champion");
    assert_true(kept->is_overridden);
    assert_true(kept->at_ms <= now && kept->at_ms > now - 60000);
    alias_move_list_release(&list);
}

static void moves_that_cannot_be_are_refused_and_leave_nothing(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct alias_move *move = NULL;
    struct alias_move_list list;
    char reason[REASON_MAX + 2];
    const int64_t here = add_version(f, "homepage"), elsewhere = add_version(f, "sidebar");
    struct alias_move_new wanted = a_move(f, "champion", elsewhere);
    assert_error(registry_move(f->store, &wanted, &move, &err), ERR_NOT_FOUND);
    assert_string_equal(err.reason, "no_such_model");
    wanted = a_move(f, "champion", 0);
    assert_error(registry_move(f->store, &wanted, &move, &err), ERR_NOT_FOUND);
    assert_string_equal(err.reason, "no_such_alias");
    assert_error(registry_undo(f->store, &wanted, &move, &err), ERR_NOT_FOUND);
    assert_string_equal(err.reason, "no_such_alias");
    wanted = a_move(f, "Champion", here);
    assert_error(registry_move(f->store, &wanted, &move, &err), ERR_INVALID);
    wanted = a_move(f, "champion", here);
    wanted.name = "footer";
    assert_error(registry_move(f->store, &wanted, &move, &err), ERR_NOT_FOUND);
    assert_string_equal(err.reason, "no_such_name");
    wanted = a_move(f, "champion", here);
    wanted.user_id = add_user(f, "bob@example.com");
    assert_error(registry_move(f->store, &wanted, &move, &err), ERR_NOT_FOUND);
    assert_error(registry_undo(f->store, &wanted, &move, &err), ERR_NOT_FOUND);
    memset(reason, 'r', sizeof(reason));
    reason[sizeof(reason) - 1] = '\0';
    wanted = a_move(f, "champion", here);
    wanted.reason = reason;
    assert_error(registry_move(f->store, &wanted, &move, &err), ERR_INVALID);
    const struct alias_history query = {.user_id = f->user_id, .name = "homepage", .limit = 10};
    assert_ok(registry_history(f->store, &query, &list, &err));
    assert_int_equal(list.count, 0);
    alias_move_list_release(&list);
    assert_no_ref(f, "homepage@champion", "no alias");
}

static void a_verdict_about_another_champion_moves_nothing(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct alias_move *move = NULL;
    const int64_t first = add_version(f, "homepage"), second = add_version(f, "homepage");
    move_to(f, "champion", first, "0>1");
    struct alias_move_new wanted = a_move(f, "champion", second);
    wanted.from_model_id = 0;
    assert_error(registry_move(f->store, &wanted, &move, &err), ERR_CONFLICT);
    assert_string_equal(err.reason, "alias_moved");
    assert_ref(f, "homepage@champion", first);
    wanted.from_model_id = first;
    assert_ok(registry_move(f->store, &wanted, &move, &err));
    mem_free(move);
    assert_ref(f, "homepage@champion", second);
}

static void what_an_alias_points_at_is_neither_removed_nor_renamed(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct model_record *model = NULL;
    const struct model_edit edit = {.name = "sidebar"};
    const int64_t first = add_version(f, "homepage");
    assert_ok(model_read(f->store, f->user_id, first, &model, &err));
    const int64_t job_id = model->job_id;
    mem_free(model);
    move_to(f, "champion", first, "0>1");
    assert_error(model_remove(f->store, f->user_id, first, &err), ERR_CONFLICT);
    assert_string_equal(err.reason, "model_has_alias");
    assert_non_null(strstr(err.message, "homepage:1 is homepage@champion"));
    assert_error(model_edit(f->store, f->user_id, first, &edit, &err), ERR_CONFLICT);
    assert_string_equal(err.reason, "model_has_alias");
    assert_error(job_remove(f->store, f->user_id, JOB_TRAIN, job_id, &err), ERR_CONFLICT);
    assert_string_equal(err.reason, "model_has_alias");
    assert_ref(f, "homepage:1", first);
    assert_int_equal(status_of_job(f, job_id), JOB_COMPLETED);
    move_to(f, "champion", 0, "1>0");
    assert_ok(job_remove(f->store, f->user_id, JOB_TRAIN, job_id, &err));
    assert_no_ref(f, "homepage:1", "no version 1");
}

static void there_is_no_way_back_to_what_was_removed_or_renamed(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct alias_move *move = NULL;
    const struct model_edit edit = {.name = "sidebar"};
    const int64_t first = add_version(f, "homepage"), second = add_version(f, "homepage");
    const int64_t third = add_version(f, "homepage");
    const struct alias_move_new back = a_move(f, "champion", 0);
    move_to(f, "champion", first, "0>1");
    move_to(f, "champion", second, "1>2");
    assert_ok(model_remove(f->store, f->user_id, first, &err));
    assert_error(registry_undo(f->store, &back, &move, &err), ERR_CONFLICT);
    assert_string_equal(err.reason, "model_gone");
    assert_non_null(strstr(err.message, "homepage:1"));
    move_to(f, "champion", third, "2>3");
    assert_ok(model_edit(f->store, f->user_id, second, &edit, &err));
    assert_error(registry_undo(f->store, &back, &move, &err), ERR_CONFLICT);
    assert_ref(f, "homepage@champion", third);
}

static void the_history_tells_which_version_it_was_then(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct alias_move_list list;
    const int64_t first = add_version(f, "homepage"), second = add_version(f, "homepage");
    move_to(f, "champion", first, "0>1");
    move_to(f, "shadow", second, "0>2");
    move_to(f, "champion", second, "1>2");
    move_to(f, "shadow", 0, "2>0");
    fixture_sql(f, "UPDATE registry_moves SET at_ms = 1000 * move_id");
    struct alias_history query = {.user_id = f->user_id, .name = "homepage", .limit = 10};
    assert_ok(registry_history(f->store, &query, &list, &err));
    assert_int_equal(list.count, 4);
    const int64_t last = list.moves[0]->at_ms;
    assert_string_equal(list.moves[0]->kind, "remove");
    alias_move_list_release(&list);
    const char *const wanted[] = {"", "champion:1 ", "champion:1 shadow:2 ", "champion:2 shadow:2 ",
                                  "champion:2 "};
    for (int i = 0; i < 5; i++) {
        char found[128] = "";
        size_t used = 0;
        query.until_ms = last - 1000 * (4 - i) + 500;
        assert_ok(registry_then(f->store, &query, &list, &err));
        for (int32_t j = 0; j < list.count; j++)
            used += (size_t)snprintf(found + used, sizeof(found) - used, "%s:%lld ",
                                     list.moves[j]->alias, (long long)list.moves[j]->to_version);
        assert_string_equal(found, wanted[i]);
        alias_move_list_release(&list);
        assert_ok(registry_history(f->store, &query, &list, &err));
        assert_int_equal(list.count, i);
        alias_move_list_release(&list);
    }
}

static void the_history_comes_page_by_page_and_of_one_alias(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct alias_move_list list;
    const int64_t first = add_version(f, "homepage");
    move_to(f, "champion", first, "0>1");
    move_to(f, "shadow", first, "0>1");
    move_to(f, "champion", 0, "1>0");
    struct alias_history query = {.user_id = f->user_id, .name = "homepage", .limit = 2};
    assert_ok(registry_history(f->store, &query, &list, &err));
    assert_int_equal(list.count, 2);
    assert_true(list.moves[0]->move_id > list.moves[1]->move_id);
    query.before_id = list.moves[1]->move_id;
    alias_move_list_release(&list);
    assert_ok(registry_history(f->store, &query, &list, &err));
    assert_int_equal(list.count, 1);
    alias_move_list_release(&list);
    query = (struct alias_history){
        .user_id = f->user_id, .name = "homepage", .alias = "champion", .limit = 9};
    assert_ok(registry_history(f->store, &query, &list, &err));
    assert_int_equal(list.count, 2);
    alias_move_list_release(&list);
    query.name = "sidebar";
    assert_error(registry_history(f->store, &query, &list, &err), ERR_NOT_FOUND);
    query = (struct alias_history){
        .user_id = add_user(f, "bob@example.com"), .name = "homepage", .limit = 9};
    assert_error(registry_history(f->store, &query, &list, &err), ERR_NOT_FOUND);
    assert_error(registry_then(f->store, &query, &list, &err), ERR_NOT_FOUND);
}

static void names_are_listed_with_their_aliases(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct registry_list list;
    const int64_t first = add_version(f, "homepage"), second = add_version(f, "homepage");
    const int64_t other = add_version(f, "sidebar");
    add_version(f, NULL);
    move_to(f, "champion", first, "0>1");
    move_to(f, "candidate", second, "0>2");
    assert_ok(registry_list(f->store, f->user_id, NULL, 2, &list, &err));
    assert_int_equal(list.count, 2);
    assert_string_equal(list.names[0]->name, "als");
    assert_string_equal(list.names[1]->name, "homepage");
    assert_int_equal(list.names[1]->versions, 2);
    assert_int_equal(list.names[1]->latest_version, 2);
    assert_true(list.names[1]->gate && list.names[1]->margin == 0);
    assert_int_equal(list.alias_count, 2);
    assert_string_equal(list.aliases[0]->alias, "candidate");
    assert_int_equal(list.aliases[0]->name_id, list.names[1]->name_id);
    assert_int_equal(list.aliases[1]->version, 1);
    assert_int_equal(list.aliases[1]->model_id, first);
    registry_list_release(&list);
    assert_ok(registry_list(f->store, f->user_id, "homepage", 2, &list, &err));
    assert_int_equal(list.count, 1);
    assert_string_equal(list.names[0]->name, "sidebar");
    assert_int_equal(list.alias_count, 0);
    registry_list_release(&list);
    assert_ok(model_remove(f->store, f->user_id, other, &err));
    assert_ok(registry_list(f->store, f->user_id, "homepage", 2, &list, &err));
    assert_int_equal(list.count, 0);
    registry_list_release(&list);
    assert_ok(registry_read(f->store, f->user_id, "sidebar", &list, &err));
    assert_int_equal(list.names[0]->versions, 0);
    registry_list_release(&list);
    assert_error(registry_read(f->store, f->user_id, "footer", &list, &err), ERR_NOT_FOUND);
    assert_error(registry_read(f->store, add_user(f, "bob@example.com"), "homepage", &list, &err),
                 ERR_NOT_FOUND);
}

static void the_gate_of_a_name_is_set(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct registry_list list;
    add_version(f, "homepage");
    assert_ok(registry_set_gate(f->store, f->user_id, "homepage", false, 0.005, &err));
    assert_ok(registry_read(f->store, f->user_id, "homepage", &list, &err));
    assert_false(list.names[0]->gate);
    assert_true(list.names[0]->margin == 0.005);
    registry_list_release(&list);
    assert_error(registry_set_gate(f->store, f->user_id, "homepage", true, -0.1, &err),
                 ERR_INVALID);
    assert_error(registry_set_gate(f->store, f->user_id, "homepage", true, (double)NAN, &err),
                 ERR_INVALID);
    assert_error(registry_set_gate(f->store, f->user_id, "sidebar", true, 0, &err), ERR_NOT_FOUND);
}

static void a_name_has_room_for_so_many_aliases(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    char alias[32];
    struct alias_move *move = NULL;
    const int64_t model_id = add_version(f, "homepage");
    for (int i = 0; i < ALIASES_MAX; i++) {
        snprintf(alias, sizeof(alias), "a%d", i);
        move_to(f, alias, model_id, "0>1");
    }
    const struct alias_move_new wanted = a_move(f, "one-more", model_id);
    assert_error(registry_move(f->store, &wanted, &move, &err), ERR_CONFLICT);
    assert_string_equal(err.reason, "too_many_aliases");
    move_to(f, "a0", 0, "1>0");
    move_to(f, "one-more", model_id, "0>1");
}

static void a_user_goes_with_names_aliases_and_moves(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    int64_t faults = -1;
    struct strbuf report;
    strbuf_init(&report, 65536);
    move_to(f, "champion", add_version(f, "homepage"), "0>1");
    assert_ok(user_remove(f->store, f->user_id, &err));
    assert_ok(store_check(f->store, &report, &faults, &err));
    assert_int_equal(faults, 0);
    strbuf_release(&report);
}

static const struct CMUnitTest cases[] = {
    CASE(versions_count_up_under_each_name_and_are_not_used_twice),
    CASE(a_reference_says_which_part_of_it_there_is_not),
    CASE(a_bare_name_is_its_champion),
    CASE(an_alias_moves_and_can_be_moved_back_and_forth),
    CASE(a_move_to_where_it_is_records_nothing),
    CASE(a_move_keeps_who_when_why_and_the_verdict),
    CASE(moves_that_cannot_be_are_refused_and_leave_nothing),
    CASE(a_verdict_about_another_champion_moves_nothing),
    CASE(what_an_alias_points_at_is_neither_removed_nor_renamed),
    CASE(there_is_no_way_back_to_what_was_removed_or_renamed),
    CASE(the_history_tells_which_version_it_was_then),
    CASE(the_history_comes_page_by_page_and_of_one_alias),
    CASE(names_are_listed_with_their_aliases),
    CASE(the_gate_of_a_name_is_set),
    CASE(a_name_has_room_for_so_many_aliases),
    CASE(a_user_goes_with_names_aliases_and_moves),
};
const struct case_list registry_cases = CASE_LIST(cases);
