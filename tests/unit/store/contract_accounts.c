/* Users, sessions and tokens. */
#include <string.h>

#include "base/memory.h"
#include "unit/store/fixture.h"

static void a_user_is_found_by_e_mail_in_any_case_and_by_id(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct user *user = NULL;
    int64_t id = 0;
    assert_ok(user_create(f->store, "Bob@Example.com", "secret-hash", true, &id, &err));
    assert_ok(user_find(f->store, "BOB@example.COM", &user, &err));
    assert_int_equal(user->user_id, id);
    assert_string_equal(user->email, "bob@example.com");
    assert_string_equal(user->password_hash, "secret-hash");
    assert_true(user->is_admin);
    assert_true(user->created_ms > 1700000000000);
    mem_free(user);
    assert_ok(user_read(f->store, id, &user, &err));
    assert_string_equal(user->email, "bob@example.com");
    mem_free(user);
}

static void an_e_mail_has_one_account(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    int64_t id = -1;
    assert_error(user_create(f->store, "ANN@example.com", "h", false, &id, &err), ERR_CONFLICT);
    assert_string_equal(err.reason, "email_taken");
    assert_int_equal(id, -1);
}

static void a_user_that_is_not_there_is_not_found(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct user *user = NULL;
    assert_error(user_find(f->store, "nobody@example.com", &user, &err), ERR_NOT_FOUND);
    assert_error(user_read(f->store, 987654, &user, &err), ERR_NOT_FOUND);
    assert_error(user_set_password(f->store, 987654, "h", NULL, &err), ERR_NOT_FOUND);
    assert_error(user_set_admin(f->store, 987654, true, &err), ERR_NOT_FOUND);
    assert_error(user_remove(f->store, 987654, &err), ERR_NOT_FOUND);
    assert_null(user);
}

static void texts_that_are_empty_too_long_or_no_utf8_are_refused(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    int64_t id = -1;
    char text[STORE_EMAIL_MAX + 2];
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_error(user_create(f->store, "", "h", false, &id, &err), ERR_INVALID);
    assert_error(user_create(f->store, text, "h", false, &id, &err), ERR_INVALID);
    assert_error(user_create(f->store, "x@y", "", false, &id, &err), ERR_INVALID);
    assert_error(user_create(f->store, "\xC3(@y", "h", false, &id, &err), ERR_INVALID);
    assert_error(user_create(f->store, "\xED\xA0\x80@y", "h", false, &id, &err), ERR_INVALID);
    text[STORE_EMAIL_MAX] = '\0';
    assert_ok(user_create(f->store, text, "h", false, &id, &err));
}

static void quotes_and_statements_in_a_text_are_only_text(void **state)
{
    static const char email[] = "x'); drop table users; --\"$1?1{now}@example.com";
    const struct fixture *f = *state;
    struct error err;
    struct user *user = NULL;
    int64_t id = 0;
    assert_ok(user_create(f->store, email, "h", false, &id, &err));
    assert_ok(user_find(f->store, email, &user, &err));
    assert_string_equal(user->email, email);
    mem_free(user);
}

static void users_are_listed_page_by_page(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct user_list list;
    add_user(f, "bob@example.com");
    const int64_t last = add_user(f, "cat@example.com");
    assert_ok(user_list(f->store, 0, 2, &list, &err));
    assert_int_equal(list.count, 2);
    assert_string_equal(list.users[0]->email, "ann@example.com");
    const int64_t after = list.users[1]->user_id;
    user_list_release(&list);
    assert_ok(user_list(f->store, after, 2, &list, &err));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.users[0]->user_id, last);
    user_list_release(&list);
    assert_ok(user_list(f->store, last, 2, &list, &err));
    assert_int_equal(list.count, 0);
    user_list_release(&list);
}

static enum err take_down(void *context, const struct user *user, struct error *err)
{
    char *letters = context; /* of the addresses, at most 3 */
    const size_t count = strlen(letters);
    if (count == 3)
        return FAIL(err, ERR_IO, "too many");
    letters[count] = user->email[0];
    return ERR_OK;
}

static void each_user_is_visited_once_whatever_a_page_holds(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    add_user(f, "cat@example.com");
    add_user(f, "bob@example.com");
    for (int32_t limit = 1; limit <= 4; limit++) {
        char letters[4] = "";
        assert_ok(user_each(f->store, limit, take_down, letters, &err));
        assert_string_equal(letters, "acb");
        assert_error(user_each(f->store, limit, take_down, letters, &err), ERR_IO);
    }
}

static int64_t add_session(const struct fixture *f, const char *hash, int64_t idle_ms,
                           int64_t lifetime_ms)
{
    struct error err;
    int64_t id = 0;
    const struct session_new session = {f->user_id, hash, idle_ms, lifetime_ms, "curl", "::1"};
    assert_ok(session_create(f->store, &session, &id, &err));
    return id;
}

static void a_session_is_found_by_its_hash_with_its_user(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct session *session = NULL;
    const int64_t id = add_session(f, "aa", 60000, 3600000);
    assert_ok(session_find(f->store, "aa", &session, &err));
    assert_int_equal(session->session_id, id);
    assert_int_equal(session->user_id, f->user_id);
    assert_string_equal(session->email, "ann@example.com");
    assert_string_equal(session->agent, "curl");
    assert_string_equal(session->address, "::1");
    assert_false(session->is_admin);
    assert_int_equal(session->expires_ms - session->created_ms, 3600000);
    mem_free(session);
}

static void an_unknown_session_is_not_found(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct session *session = NULL;
    assert_error(session_find(f->store, "bb", &session, &err), ERR_NOT_FOUND);
    assert_null(session);
}

static void a_session_ends_with_its_lifetime_or_when_it_idles(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct session *session = NULL;
    struct session_list list;
    add_session(f, "aa", 60000, 1);
    add_session(f, "bb", 1, 60000);
    add_session(f, "cc", 60000, 60000);
    pause_ms(5);
    assert_error(session_find(f->store, "aa", &session, &err), ERR_NOT_FOUND);
    assert_error(session_find(f->store, "bb", &session, &err), ERR_NOT_FOUND);
    assert_ok(session_list(f->store, f->user_id, &list, &err));
    assert_int_equal(list.count, 1);
    session_list_release(&list);
}

static void using_a_session_after_a_minute_puts_its_idle_time_off(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct session *session = NULL;
    add_session(f, "aa", 100000, 3600000);
    fixture_sql(f, "UPDATE sessions SET seen_ms = seen_ms - 90000");
    assert_ok(session_find(f->store, "aa", &session, &err));
    mem_free(session);
    assert_ok(session_find(f->store, "aa", &session, &err));
    assert_true(session->seen_ms >= session->created_ms);
    mem_free(session);
}

static void a_user_ends_one_session_or_all_others(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct session *session = NULL;
    const int64_t one = add_session(f, "aa", 60000, 60000);
    const int64_t two = add_session(f, "bb", 60000, 60000);
    add_session(f, "cc", 60000, 60000);
    assert_ok(session_end(f->store, f->user_id, one, &err));
    assert_error(session_find(f->store, "aa", &session, &err), ERR_NOT_FOUND);
    assert_ok(session_end_others(f->store, f->user_id, two, &err));
    assert_error(session_find(f->store, "cc", &session, &err), ERR_NOT_FOUND);
    assert_ok(session_find(f->store, "bb", &session, &err));
    mem_free(session);
}

static void nobody_ends_the_session_of_another(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct session *session = NULL;
    const int64_t bob = add_user(f, "bob@example.com");
    const int64_t id = add_session(f, "aa", 60000, 60000);
    assert_error(session_end(f->store, bob, id, &err), ERR_NOT_FOUND);
    assert_ok(session_end_others(f->store, bob, 0, &err));
    assert_ok(session_find(f->store, "aa", &session, &err));
    mem_free(session);
}

static void a_new_password_ends_all_sessions_but_the_one_to_keep(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct session *session = NULL;
    struct user *user = NULL;
    add_session(f, "aa", 60000, 60000);
    add_session(f, "bb", 60000, 60000);
    assert_ok(user_set_password(f->store, f->user_id, "new-hash", "bb", &err));
    assert_error(session_find(f->store, "aa", &session, &err), ERR_NOT_FOUND);
    assert_ok(session_find(f->store, "bb", &session, &err));
    mem_free(session);
    assert_ok(user_find(f->store, "ann@example.com", &user, &err));
    assert_string_equal(user->password_hash, "new-hash");
    mem_free(user);
    assert_ok(user_set_password(f->store, f->user_id, "newer", NULL, &err));
    assert_error(session_find(f->store, "bb", &session, &err), ERR_NOT_FOUND);
}

static void a_hash_is_renewed_only_where_it_is_still_the_same(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct session *session = NULL;
    struct user *user = NULL;
    assert_ok(user_set_password(f->store, f->user_id, "old", NULL, &err));
    add_session(f, "aa", 60000, 60000);
    assert_ok(user_renew_hash(f->store, f->user_id, "other", "wrong", &err));
    assert_ok(user_renew_hash(f->store, f->user_id, "old", "renewed", &err));
    assert_ok(user_renew_hash(f->store, f->user_id, "old", "late", &err));
    assert_ok(user_read(f->store, f->user_id, &user, &err));
    assert_string_equal(user->password_hash, "renewed");
    mem_free(user);
    assert_ok(session_find(f->store, "aa", &session, &err)); /* it is the same password */
    mem_free(session);
    assert_error(user_renew_hash(f->store, f->user_id, "renewed", "", &err), ERR_INVALID);
}

static void a_session_of_nobody_is_refused(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    int64_t id = -1;
    const struct session_new session = {987654, "aa", 1000, 1000, NULL, NULL};
    assert_error(session_create(f->store, &session, &id, &err), ERR_NOT_FOUND);
    assert_int_equal(id, -1);
}

static void the_admin_flag_shows_in_the_session(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct session *session = NULL;
    add_session(f, "aa", 60000, 60000);
    assert_ok(user_set_admin(f->store, f->user_id, true, &err));
    assert_ok(session_find(f->store, "aa", &session, &err));
    assert_true(session->is_admin);
    mem_free(session);
}

static int64_t add_token(const struct fixture *f, const char *hash, int64_t lifetime_ms)
{
    struct error err;
    int64_t id = 0;
    const struct token_new token = {f->user_id, hash, "laptop", "write", lifetime_ms};
    assert_ok(token_create(f->store, &token, &id, &err));
    return id;
}

static void a_token_is_found_until_it_ends_or_is_removed(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct token *token = NULL;
    const int64_t for_ever = add_token(f, "t1", 0);
    add_token(f, "t2", 1);
    pause_ms(5);
    assert_ok(token_find(f->store, "t1", &token, &err));
    assert_int_equal(token->token_id, for_ever);
    assert_int_equal(token->expires_ms, 0);
    assert_string_equal(token->scope, "write");
    assert_string_equal(token->name, "laptop");
    assert_string_equal(token->email, "ann@example.com");
    mem_free(token);
    assert_error(token_find(f->store, "t2", &token, &err), ERR_NOT_FOUND);
    assert_ok(token_remove(f->store, f->user_id, for_ever, &err));
    assert_error(token_find(f->store, "t1", &token, &err), ERR_NOT_FOUND);
    assert_error(token_remove(f->store, f->user_id, for_ever, &err), ERR_NOT_FOUND);
}

static void using_a_token_is_noted(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct token *token = NULL;
    struct token_list list;
    add_token(f, "t1", 0);
    assert_ok(token_list(f->store, f->user_id, &list, &err));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.tokens[0]->seen_ms, 0);
    token_list_release(&list);
    assert_ok(token_find(f->store, "t1", &token, &err));
    mem_free(token);
    assert_ok(token_list(f->store, f->user_id, &list, &err));
    assert_true(list.tokens[0]->seen_ms > 0);
    token_list_release(&list);
}

static void nobody_sees_or_removes_the_tokens_of_another(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct token_list list;
    const int64_t bob = add_user(f, "bob@example.com");
    const int64_t id = add_token(f, "t1", 0);
    assert_error(token_remove(f->store, bob, id, &err), ERR_NOT_FOUND);
    assert_ok(token_list(f->store, bob, &list, &err));
    assert_int_equal(list.count, 0);
    token_list_release(&list);
}

static void a_removed_user_leaves_nothing(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct session *session = NULL;
    struct job *job = NULL;
    bool ended;
    add_session(f, "aa", 60000, 60000);
    const int64_t job_id = add_job(f, f->user_id);
    assert_ok(job_cancel(f->store, f->user_id, JOB_TRAIN, job_id, &ended, &err));
    assert_ok(user_remove(f->store, f->user_id, &err));
    assert_error(session_find(f->store, "aa", &session, &err), ERR_NOT_FOUND);
    assert_error(job_read(f->store, 0, JOB_ANY_TASK, job_id, &job, &err), ERR_NOT_FOUND);
}

static void a_user_with_jobs_under_way_stays(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct user *user = NULL;
    add_job(f, f->user_id);
    assert_error(user_remove(f->store, f->user_id, &err), ERR_CONFLICT);
    assert_string_equal(err.reason, "jobs_running");
    assert_ok(user_read(f->store, f->user_id, &user, &err));
    mem_free(user);
}

static void the_id_of_a_removed_user_is_never_given_again(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    const int64_t bob = add_user(f, "bob@example.com");
    assert_ok(user_remove(f->store, bob, &err));
    assert_true(add_user(f, "cat@example.com") > bob);
}

static const struct CMUnitTest cases[] = {
    CASE(a_user_is_found_by_e_mail_in_any_case_and_by_id),
    CASE(an_e_mail_has_one_account),
    CASE(a_user_that_is_not_there_is_not_found),
    CASE(texts_that_are_empty_too_long_or_no_utf8_are_refused),
    CASE(quotes_and_statements_in_a_text_are_only_text),
    CASE(users_are_listed_page_by_page),
    CASE(each_user_is_visited_once_whatever_a_page_holds),
    CASE(a_session_is_found_by_its_hash_with_its_user),
    CASE(an_unknown_session_is_not_found),
    CASE(a_session_ends_with_its_lifetime_or_when_it_idles),
    CASE(using_a_session_after_a_minute_puts_its_idle_time_off),
    CASE(a_user_ends_one_session_or_all_others),
    CASE(nobody_ends_the_session_of_another),
    CASE(a_new_password_ends_all_sessions_but_the_one_to_keep),
    CASE(a_hash_is_renewed_only_where_it_is_still_the_same),
    CASE(a_session_of_nobody_is_refused),
    CASE(the_admin_flag_shows_in_the_session),
    CASE(a_token_is_found_until_it_ends_or_is_removed),
    CASE(using_a_token_is_noted),
    CASE(nobody_sees_or_removes_the_tokens_of_another),
    CASE(a_removed_user_leaves_nothing),
    CASE(a_user_with_jobs_under_way_stays),
    CASE(the_id_of_a_removed_user_is_never_given_again),
};
const struct case_list account_cases = CASE_LIST(cases);
