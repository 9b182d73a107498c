/* What a handler and a client get to see of each other, over a socket. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "http/exchange.h"
#include "rig.h"
#include "support/test.h"

static struct reply reply;

static void ask(const struct rig *rig, const char *text, int status)
{
    client_ask(rig, text, &reply);
    if (reply.status != status)
        fail_msg("wanted %d, got %d: %s", status, reply.status, reply.bytes);
}

static void assert_has(const char *part)
{
    if (reply.body == NULL || strstr(reply.body, part) == NULL)
        fail_msg("%s is not in %s", part, reply.body);
}

static void a_form_reaches_the_handler(void **state)
{
    ask(*state,
        "POST /echo?x=%20y&z=1+2" H
        "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
        "Content-Length: 28\r\n\r\nmodel_type=als&factors=60%2B",
        200);
    assert_has("\"query\":{\"x\":\" y\",\"z\":\"1 2\"}");
    assert_has("\"form\":{\"model_type\":\"als\",\"factors\":\"60+\"}");
}

static void cookies_tokens_and_addresses_reach_the_handler(void **state)
{
    ask(*state, "GET /echo/7" H "Cookie: a=b; sid=s3cret\r\nAuthorization: bearer  tok.en\r\n\r\n",
        200);
    assert_has("\"id\":\"7\"");
    assert_has("\"cookie\":\"s3cret\"");
    assert_has("\"bearer\":\"tok.en\"");
    assert_has("\"client\":\"127.0.0.1\"");
    assert_has("\"path\":\"/echo/7\"");
    ask(*state, "GET /echo" H "Authorization: Basic dXNlcjpwYXNz\r\n\r\n", 200);
    assert_has("\"bearer\":null");
    assert_has("\"cookie\":null");
    ask(*state, "GET /echo" H "Authorization: Bearer\r\n\r\n", 200);
    assert_has("\"bearer\":null");
    ask(*state, "GET /echo" H "Authorization: Bearer a b\r\n\r\n", 200);
    assert_has("\"bearer\":null");
}

static void requests_from_other_sites_are_told_apart(void **state)
{
    static const struct {
        const char *fields;
        bool same;
    } cases[] = {{"", true},
                 {"Sec-Fetch-Site: same-origin\r\n", true},
                 {"Sec-Fetch-Site: none\r\n", true},
                 {"Sec-Fetch-Site: cross-site\r\n", false},
                 {"Sec-Fetch-Site: same-site\r\n", false},
                 {"Sec-Fetch-Site: \r\n", false},
                 {"Sec-Fetch-Site: cross-site\r\nOrigin: http://h\r\n", false},
                 {"Origin: http://h\r\n", true},
                 {"Origin: https://h\r\n", true},
                 {"Origin: http://H\r\n", true},
                 {"Origin: http://h:81\r\n", false},
                 {"Origin: http://evil\r\n", false},
                 {"Origin: http://h.evil\r\n", false},
                 {"Origin: http://evil/http://h\r\n", false},
                 {"Origin: null\r\n", false},
                 {"Origin: h\r\n", false},
                 {"Origin: \r\n", false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[256];
        snprintf(text, sizeof(text), "GET /echo" H "%s\r\n", cases[i].fields);
        ask(*state, text, 200);
        assert_has(cases[i].same ? "\"same_site\":true" : "\"same_site\":false");
    }
}

static void a_trace_is_passed_on_and_anything_else_replaced(void **state)
{
    static const char good[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    static const char *const bad[] = {"",
                                      "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
                                      "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                                      "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                      "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                      "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x",
                                      "00-4bf92f3577b34da6a3ce929d0e0e473\"-00f067aa0ba902b7-01"};
    char text[256], wanted[128];
    snprintf(text, sizeof(text), "GET /echo" H "traceparent: %s\r\n\r\n", good);
    snprintf(wanted, sizeof(wanted), "\"trace\":\"%s\"", good);
    ask(*state, text, 200);
    assert_has(wanted);
    assert_string_equal(reply_field(&reply, "X-Request-Id"), "4bf92f3577b34da6a3ce929d0e0e4736");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), "GET /echo" H "traceparent: %s\r\n\r\n", bad[i]);
        ask(*state, text, 200);
        assert_has("\"trace\":\"00-");
        assert_null(strstr(reply.body, "4bf92f3577b34da6a3ce929d0e0e4736"));
    }
}

static void request_ids_do_not_come_twice(void **state)
{
    static char ids[200][33];
    for (int i = 0; i < 200; i++) {
        ask(*state, "GET /health" H "\r\n", 200);
        memcpy(ids[i], reply_field(&reply, "X-Request-Id"), 33);
        assert_int_equal(strspn(ids[i], "0123456789abcdef"), 32);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(ids[i], ids[k]);
    }
}

static void head_is_get_without_a_body(void **state)
{
    const struct rig *rig = *state;
    const int fd = client_open(rig);
    client_send_text(fd, "HEAD /health" H "Connection: close\r\n\r\n");
    client_read_to_end(fd, &reply, 3000);
    close(fd);
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply_field(&reply, "Content-Length"), "16");
    assert_string_equal(reply.body, "");
}

static void options_and_405_name_the_methods(void **state)
{
    ask(*state, "OPTIONS /items/7" H "\r\n", 204);
    assert_string_equal(reply_field(&reply, "Allow"), "GET, HEAD, DELETE, OPTIONS");
    ask(*state, "POST /items/7" H "Content-Length: 0\r\n\r\n", 405);
    assert_string_equal(reply_field(&reply, "Allow"), "GET, HEAD, DELETE, OPTIONS");
    assert_string_equal(reply_field(&reply, "Content-Type"), "application/problem+json");
    assert_has("\"code\":\"method_not_allowed\"");
}

static void a_missing_slash_is_redirected_with_the_query(void **state)
{
    ask(*state, "POST /start?a=b%20c" H "Content-Length: 0\r\n\r\n", 308);
    assert_string_equal(reply_field(&reply, "Location"), "/start/?a=b%20c");
}

static void errors_become_problems(void **state)
{
    ask(*state, "GET /fail/thing" H "\r\n", 404);
    assert_string_equal(reply_field(&reply, "Content-Type"), "application/problem+json");
    assert_has("\"type\":\"about:blank\"");
    assert_has("\"title\":\"Not Found\"");
    assert_has("\"status\":404");
    assert_has("\"code\":\"not_found\"");
    assert_has("\"detail\":\"there is no thing\"");
    assert_has(reply_field(&reply, "X-Request-Id"));
    ask(*state, "GET /fail/denied" H "\r\n", 403);
    ask(*state, "GET /fail/conflict" H "\r\n", 409);
    assert_has("\"code\":\"conflict\"");
}

static void what_fails_inside_is_not_told_outside(void **state)
{
    ask(*state, "GET /fail/secret" H "\r\n", 500);
    assert_null(strstr(reply.body, "123"));
    assert_null(strstr(reply.body, "password"));
    assert_has("\"code\":\"internal\"");
}

static void wrong_fields_are_listed(void **state)
{
    ask(*state, "GET /fail/fields" H "\r\n", 422);
    assert_has("\"errors\":[{\"field\":\"factors\",\"message\":\"must be 1 to 512\"},"
               "{\"field\":\"iterations\"");
}

static void what_a_client_sent_is_shown_as_text_only(void **state)
{
    ask(*state, "GET /fail/%3Cscript%3E%22%0a" H "\r\n", 400);
    ask(*state, "GET /fail/%3Cscript%3E%22" H "\r\n", 404);
    assert_has("there is no <script>\\\"");
    assert_string_equal(reply_field(&reply, "X-Content-Type-Options"), "nosniff");
}

static void a_cookie_is_kept_from_scripts(void **state)
{
    ask(*state, "GET /cookie" H "\r\n", 303);
    assert_string_equal(reply_field(&reply, "Set-Cookie"),
                        "sid=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=60");
    assert_string_equal(reply_field(&reply, "Location"), "/health");
}

static void a_file_is_a_download_with_a_harmless_name(void **state)
{
    ask(*state, "GET /file/m%22o%3Bd%C3%A9l.pkl" H "\r\n", 200);
    assert_string_equal(reply.body, "0123456789");
    assert_string_equal(reply_field(&reply, "Content-Disposition"),
                        "attachment; filename=\"m_o_d__l.pkl\"; "
                        "filename*=UTF-8''m%22o%3Bd%C3%A9l.pkl");
    assert_string_equal(reply_field(&reply, "ETag"), "\"v1\"");
    assert_string_equal(reply_field(&reply, "Accept-Ranges"), "bytes");
}

static void ranges_of_a_file_are_honoured(void **state)
{
    static const struct {
        const char *fields;
        int status;
        const char *body, *range;
    } cases[] = {
        {"Range: bytes=0-3\r\n", 206, "0123", "bytes 0-3/10"},
        {"Range: bytes=9-9\r\n", 206, "9", "bytes 9-9/10"},
        {"Range: bytes=4-\r\n", 206, "456789", "bytes 4-9/10"},
        {"Range: bytes=4-99\r\n", 206, "456789", "bytes 4-9/10"},
        {"Range: bytes=-3\r\n", 206, "789", "bytes 7-9/10"},
        {"Range: bytes=-99\r\n", 206, "0123456789", "bytes 0-9/10"},
        {"Range: bytes=10-\r\n", 416, NULL, "bytes */10"},
        {"Range: bytes=99-100\r\n", 416, NULL, "bytes */10"},
        {"Range: bytes=-0\r\n", 416, NULL, "bytes */10"},
        {"Range: bytes=3-2\r\n", 200, "0123456789", ""},
        {"Range: bytes=0-1,3-4\r\n", 200, "0123456789", ""},
        {"Range: bytes=a-b\r\n", 200, "0123456789", ""},
        {"Range: bytes=--1\r\n", 200, "0123456789", ""},
        {"Range: bytes=\r\n", 200, "0123456789", ""},
        {"Range: bytes=-\r\n", 200, "0123456789", ""},
        {"Range: lines=0-1\r\n", 200, "0123456789", ""},
        {"Range: bytes=0-99999999999999999999\r\n", 200, "0123456789", ""},
        {"Range: bytes=0-3\r\nIf-Range: \"v1\"\r\n", 206, "0123", "bytes 0-3/10"},
        {"Range: bytes=0-3\r\nIf-Range: \"v2\"\r\n", 200, "0123456789", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[256];
        snprintf(text, sizeof(text), "GET /file/a" H "%s\r\n", cases[i].fields);
        ask(*state, text, cases[i].status);
        assert_string_equal(reply_field(&reply, "Content-Range"), cases[i].range);
        if (cases[i].body != NULL)
            assert_string_equal(reply.body, cases[i].body);
    }
}

static void who_has_it_already_gets_304(void **state)
{
    const struct rig *rig = *state;
    const int fd = client_open(rig);
    client_send_text(fd, "GET /file/a" H
                         "If-None-Match: \"v0\", W/\"v1\"\r\nConnection: close\r\n\r\n");
    client_read_to_end(fd, &reply, 3000);
    close(fd);
    assert_int_equal(reply.status, 304);
    assert_string_equal(reply_field(&reply, "ETag"), "\"v1\"");
    assert_string_equal(reply.body, "");
    ask(rig, "GET /file/a" H "If-None-Match: \"v0\"\r\n\r\n", 200);
}

static void a_header_refuses_what_would_start_another(void **state)
{
    struct error err;
    struct arena arena;
    struct surroundings around = {.public_origin = ""};
    static struct request request;
    static struct response response;
    (void)state;
    arena_init(&arena, 1 << 20);
    request_init(&request, &arena, &around);
    response_init(&response, &arena, &around, &request);
    assert_error(response_header(&response, "X", "a\r\nSet-Cookie: b", &err), ERR_INVALID);
    assert_error(response_header(&response, "X", "a\nb", &err), ERR_INVALID);
    assert_error(response_header(&response, "X Y", "a", &err), ERR_INVALID);
    assert_error(response_header(&response, "", "a", &err), ERR_INVALID);
    assert_error(response_redirect(&response, 303, "/a\r\nX: b", &err), ERR_INVALID);
    assert_error(response_redirect(&response, 303, "/a b", &err), ERR_INVALID);
    assert_error(response_cookie(&response, "a b", "c", -1, &err), ERR_INVALID);
    assert_error(response_cookie(&response, "a", "b; Domain=evil", -1, &err), ERR_INVALID);
    bool fresh;
    assert_error(response_etag(&response, "a\"b", &fresh, &err), ERR_INVALID);
    assert_error(response_json(&response, 200, NULL, &err), ERR_NOMEM);
    assert_int_equal(response.header_count, 0);
    for (int i = 0; i < RESPONSE_HEADERS_MAX; i++)
        assert_ok(response_header(&response, "X", "a", &err));
    assert_error(response_header(&response, "X", "a", &err), ERR_INVALID);
    response_release(&response);
    request_release(&request);
    arena_release(&arena);
}

static void a_keep_alive_connection_serves_many(void **state)
{
    const struct rig *rig = *state;
    const int fd = client_open(rig);
    for (int i = 0; i < 50; i++) {
        client_send_text(fd, i % 2 == 0 ? "GET /health" H "\r\n" : "GET /items/7" H "\r\n");
        client_read(fd, &reply, 3000);
        assert_int_equal(reply.status, 200);
    }
    close(fd);
}

static void count_release(void *user)
{
    atomic_fetch_add((atomic_int *)user, 1);
}

static enum err guard(void *app, struct request *request, struct response *response,
                      struct error *err)
{
    struct rig *rig = app;
    request_set_user(request, &rig->released, count_release);
    if (request_bearer(request) == NULL)
        return FAIL_REASON(err, ERR_DENIED, "unauthorized", "log in first");
    if (strcmp(request_bearer(request), "enough") == 0)
        return response_text(response, "text/plain", "said by the guard\n", err);
    return ERR_OK;
}

static void page(void *app, struct request *request, struct response *response, int status,
                 const char *code, const char *detail)
{
    struct error err;
    (void)app;
    (void)request;
    (void)detail;
    assert_int_equal(status, 401);
    assert_ok(response_text(response, "text/html", code, &err));
}

static void a_guard_stands_before_each_handler(void **state)
{
    static struct rig rig;
    (void)state;
    rig_init(&rig);
    rig.config.before = guard;
    rig.config.problem_page = page;
    rig_start(&rig);
    ask(&rig, "GET /health" H "\r\n", 401);
    assert_has("\"code\":\"unauthorized\"");
    ask(&rig, "GET /health" H "Accept: text/html\r\n\r\n", 401);
    assert_string_equal(reply.body, "unauthorized");
    assert_string_equal(reply_field(&reply, "Content-Type"), "text/html");
    ask(&rig, "GET /items/7" H "Authorization: Bearer enough\r\n\r\n", 200);
    assert_string_equal(reply.body, "said by the guard\n");
    ask(&rig, "GET /items/7" H "Authorization: Bearer more\r\n\r\n", 200);
    assert_has("\"id\":7");
    rig_stop(&rig, 1000);
    assert_int_equal(atomic_load(&rig.released), 4);
    assert_int_equal(atomic_load(&rig.logged), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_form_reaches_the_handler),
        cmocka_unit_test(cookies_tokens_and_addresses_reach_the_handler),
        cmocka_unit_test(requests_from_other_sites_are_told_apart),
        cmocka_unit_test(a_trace_is_passed_on_and_anything_else_replaced),
        cmocka_unit_test(request_ids_do_not_come_twice),
        cmocka_unit_test(head_is_get_without_a_body),
        cmocka_unit_test(options_and_405_name_the_methods),
        cmocka_unit_test(a_missing_slash_is_redirected_with_the_query),
        cmocka_unit_test(errors_become_problems),
        cmocka_unit_test(what_fails_inside_is_not_told_outside),
        cmocka_unit_test(wrong_fields_are_listed),
        cmocka_unit_test(what_a_client_sent_is_shown_as_text_only),
        cmocka_unit_test(a_cookie_is_kept_from_scripts),
        cmocka_unit_test(a_file_is_a_download_with_a_harmless_name),
        cmocka_unit_test(ranges_of_a_file_are_honoured),
        cmocka_unit_test(who_has_it_already_gets_304),
        cmocka_unit_test(a_header_refuses_what_would_start_another),
        cmocka_unit_test(a_keep_alive_connection_serves_many),
        cmocka_unit_test(a_guard_stands_before_each_handler),
    };
    return cmocka_run_group_tests(tests, rig_group_start, rig_group_stop);
}
