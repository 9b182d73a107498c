#include "http/route.h"

#include <string.h>

#include "base/memory.h"
#include "http/target.h"
#include "support/test.h"

static struct error err;

static enum err nothing(void *app, struct request *request, struct response *response,
                        struct error *error)
{
    (void)app;
    (void)request;
    (void)response;
    (void)error;
    return ERR_OK;
}

static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/", .handle = nothing},
    {.method = HTTP_GET, .pattern = "/jobs/{id}", .handle = nothing},
    {.method = HTTP_GET, .pattern = "/jobs/new", .handle = nothing},
    {.method = HTTP_DELETE, .pattern = "/jobs/{id}", .handle = nothing},
    {.method = HTTP_POST, .pattern = "/jobs/{id}/{action}", .handle = nothing},
    {.method = HTTP_GET, .pattern = "/jobs/{id}/log", .handle = nothing},
    {.method = HTTP_GET, .pattern = "/assets/{file...}", .handle = nothing},
    {.method = HTTP_GET, .pattern = "/assets/{one}", .handle = nothing},
    {.method = HTTP_POST, .pattern = "/start/", .handle = nothing},
    {.method = HTTP_GET, .pattern = "/openapi.json", .handle = nothing},
};
enum { COUNT = sizeof(routes) / sizeof(routes[0]) };

struct fixture {
    struct route_table *table;
    struct arena arena;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    arena_init(&fixture.arena, 1 << 20);
    *state = &fixture;
    return route_table_create(routes, COUNT, &fixture.table, &err) == ERR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    route_table_free(fixture->table);
    arena_release(&fixture->arena);
    return 0;
}

static int find(struct fixture *fixture, enum http_method method, const char *path,
                struct route_match *match)
{
    return route_find(fixture->table, &fixture->arena, method, path, strlen(path), match);
}

static void paths_find_their_routes(void **state)
{
    static const struct {
        enum http_method method;
        const char *path;
        int32_t index;
    } cases[] = {
        {HTTP_GET, "/", 0},           {HTTP_GET, "/jobs/7", 1},       {HTTP_GET, "/jobs/new", 2},
        {HTTP_DELETE, "/jobs/7", 3},  {HTTP_DELETE, "/jobs/new", 3},  {HTTP_POST, "/jobs/7/log", 4},
        {HTTP_GET, "/jobs/7/log", 5}, {HTTP_GET, "/assets/a/b/c", 6}, {HTTP_GET, "/assets/a", 7},
        {HTTP_POST, "/start/", 8},    {HTTP_GET, "/openapi.json", 9}, {HTTP_HEAD, "/jobs/7", 1},
        {HTTP_GET, "/j%6Fbs/7", 1},   {HTTP_GET, "/jobs/%6eew", 2},   {HTTP_GET, "/jobs/NEW", 1},
        {HTTP_GET, "/jobs/...", 1},   {HTTP_GET, "/jobs/%C3%A9", 1}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct route_match match;
        const int status = find(*state, cases[i].method, cases[i].path, &match);
        if (status != 0 || match.index != cases[i].index)
            fail_msg("%s: status %d, route %d", cases[i].path, status, match.index);
        assert_ptr_equal(match.route, &routes[cases[i].index]);
    }
}

static void parameters_have_their_decoded_values(void **state)
{
    struct route_match match;
    assert_int_equal(find(*state, HTTP_POST, "/jobs/a%20b/c%25d", &match), 0);
    assert_string_equal(route_value(&match, "id"), "a b");
    assert_string_equal(route_value(&match, "action"), "c%d");
    assert_string_equal(route_value(&match, "other"), "");
    assert_string_equal(route_value(&match, "i"), "");
    assert_int_equal(find(*state, HTTP_GET, "/assets/x/y%2Ez/w", &match), 0);
    assert_string_equal(route_value(&match, "file"), "x/y.z/w");
}

static void what_is_not_there_is_404(void **state)
{
    static const char *const paths[] = {"/nothing",
                                        "/jobs",
                                        "/jobs/",
                                        "/jobs/7/8/9",
                                        "/jobs//log",
                                        "/assets/",
                                        "//",
                                        "/Jobs/7",
                                        "/jobs/7/",
                                        "//jobs/7",
                                        "/jobs/7//",
                                        "/openapi_json",
                                        "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct route_match match;
        const int status = find(*state, HTTP_GET, paths[i], &match);
        const bool is_redirect = strcmp(paths[i], "/jobs/7/") == 0;
        if (status != (is_redirect ? 308 : 404))
            fail_msg("%s: status %d", paths[i], status);
        assert_null(match.route);
        assert_int_equal(match.index, -1);
    }
}

static void a_slash_at_the_end_is_added_or_taken_by_a_redirect(void **state)
{
    struct route_match match;
    assert_int_equal(find(*state, HTTP_POST, "/start", &match), 308);
    assert_string_equal(match.redirect, "/start/");
    assert_int_equal(find(*state, HTTP_GET, "/jobs/7/", &match), 308);
    assert_string_equal(match.redirect, "/jobs/7");
    /* Never to another host, which //start would be. */
    assert_int_equal(find(*state, HTTP_GET, "//start", &match), 404);
    assert_int_equal(find(*state, HTTP_GET, "//jobs/7/", &match), 404);
}

static void what_the_path_lacks_is_405_with_what_it_has(void **state)
{
    struct route_match match;
    char allow[64];
    assert_int_equal(find(*state, HTTP_PUT, "/jobs/7", &match), 405);
    route_allow_text(match.allowed, allow, sizeof(allow));
    assert_string_equal(allow, "GET, HEAD, DELETE, OPTIONS");
    assert_int_equal(find(*state, HTTP_GET, "/start/", &match), 405);
    route_allow_text(match.allowed, allow, sizeof(allow));
    assert_string_equal(allow, "POST, OPTIONS");
    assert_int_equal(find(*state, HTTP_HEAD, "/start/", &match), 405);
    assert_int_equal(find(*state, HTTP_OPTIONS, "/jobs/7", &match), 204);
    route_allow_text(match.allowed, allow, sizeof(allow));
    assert_string_equal(allow, "GET, HEAD, DELETE, OPTIONS");
    assert_int_equal(find(*state, HTTP_METHOD_COUNT, "/jobs/7", &match), 501);
}

static void paths_that_mean_harm_are_400(void **state)
{
    static const char *const bad[] = {"",
                                      "x",
                                      "*",
                                      "jobs/7",
                                      "/jobs/..",
                                      "/jobs/.",
                                      "/../jobs",
                                      "/jobs/%2e",
                                      "/jobs/%2E%2e",
                                      "/jobs/.%2e",
                                      "/jobs/a%2fb",
                                      "/jobs/%2F",
                                      "/jobs/%5c",
                                      "/jobs/a\\b",
                                      "/jobs/%00",
                                      "/jobs/%0a",
                                      "/jobs/%7f",
                                      "/jobs/%",
                                      "/jobs/%1",
                                      "/jobs/%gg",
                                      "/jobs/%c0%ae",
                                      "/jobs/%ff",
                                      "/jobs/%ed%a0%80",
                                      "/assets/x/../y",
                                      "/assets/..",
                                      "/assets/x/%2e%2e/y",
                                      "/assets/%2e%2e%2fetc",
                                      "/assets/x%00.js"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct route_match match;
        const int status = find(*state, HTTP_GET, bad[i], &match);
        if (status != 400)
            fail_msg("\"%s\": status %d", bad[i], status);
    }
}

static void a_table_refuses_patterns_that_are_wrong(void **state)
{
    static const char *const bad[] = {"",
                                      "x",
                                      "/{",
                                      "/}",
                                      "/{}",
                                      "/a{b}",
                                      "/{a}b",
                                      "/{a...}/b",
                                      "/{...}",
                                      "/{a.b}",
                                      "/a b",
                                      "/a?b",
                                      "/a%20",
                                      "/a#b",
                                      "/{a}/{b}/{c}/{d}/{e}",
                                      "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"};
    struct route_table *table = NULL;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct route route = {.method = HTTP_GET, .pattern = bad[i], .handle = nothing};
        if (route_table_create(&route, 1, &table, &err) == ERR_OK)
            fail_msg("\"%s\" was taken", bad[i]);
        assert_int_equal(err.code, ERR_INVALID);
    }
    const struct route head = {.method = HTTP_HEAD, .pattern = "/", .handle = nothing};
    const struct route empty = {.method = HTTP_GET, .pattern = "/"};
    assert_error(route_table_create(&head, 1, &table, &err), ERR_INVALID);
    assert_error(route_table_create(&empty, 1, &table, &err), ERR_INVALID);
    assert_error(route_table_create(&empty, 0, &table, &err), ERR_INVALID);
    assert_null(table);
}

static void a_table_refuses_a_route_that_another_hides(void **state)
{
    const struct route twins[] = {{.method = HTTP_GET, .pattern = "/a/{x}", .handle = nothing},
                                  {.method = HTTP_GET, .pattern = "/a/{y}", .handle = nothing}};
    struct route_table *table;
    (void)state;
    assert_error(route_table_create(twins, 2, &table, &err), ERR_INVALID);
    assert_non_null(strstr(err.message, "/a/{y}"));
}

static void a_table_without_memory_is_none(void **state)
{
    struct route_table *table = NULL;
    (void)state;
    for (int64_t n = 1; n <= 2; n++) {
        mem_fail_after(n);
        const enum err code = route_table_create(routes, COUNT, &table, &err);
        mem_fail_after(0);
        assert_error(code, ERR_NOMEM);
        assert_null(table);
    }
}

static void a_table_lists_its_routes(void **state)
{
    struct fixture *fixture = *state;
    int32_t count;
    assert_ptr_equal(route_table_list(fixture->table, &count), routes);
    assert_int_equal(count, COUNT);
}

static void methods_have_names(void **state)
{
    (void)state;
    assert_int_equal(http_method_parse("GET"), HTTP_GET);
    assert_int_equal(http_method_parse("DELETE"), HTTP_DELETE);
    assert_int_equal(http_method_parse("get"), HTTP_METHOD_COUNT);
    assert_int_equal(http_method_parse(""), HTTP_METHOD_COUNT);
    assert_int_equal(http_method_parse("TRACE"), HTTP_METHOD_COUNT);
    assert_string_equal(http_method_name(HTTP_PATCH), "PATCH");
    assert_string_equal(http_method_name(HTTP_METHOD_COUNT), "?");
}

static void a_target_is_cut_into_path_and_query(void **state)
{
    static const struct {
        const char *text, *path, *query;
    } cases[] = {{"/", "/", ""},
                 {"/a?b=c", "/a", "b=c"},
                 {"/a?", "/a", ""},
                 {"/a?b?c", "/a", "b?c"},
                 {"*", "*", ""},
                 {"http://h/a?b", "/a", "b"},
                 {"HTTPS://h:1/a", "/a", ""}};
    static const char *const bad[] = {
        "",          "a",       "?a",        "#",        "/#",        "/a b",     "/a\t", "/\x7F",
        "/\xC3\xA9", "http://", "http:///a", "http://h", "http://?a", "ftp://h/", "**",   "/\"",
        "/<",        "/>",      "/\\",       "/^",       "/`",        "/{",       "/}"};
    struct target target;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(target_parse(cases[i].text, &target));
        assert_int_equal(target.path.len, strlen(cases[i].path));
        assert_memory_equal(target.path.ptr, cases[i].path, target.path.len);
        assert_int_equal(target.query.len, strlen(cases[i].query));
        assert_memory_equal(target.query.ptr, cases[i].query, target.query.len);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (target_parse(bad[i], &target))
            fail_msg("\"%s\" was taken", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_find_their_routes),
        cmocka_unit_test(parameters_have_their_decoded_values),
        cmocka_unit_test(what_is_not_there_is_404),
        cmocka_unit_test(a_slash_at_the_end_is_added_or_taken_by_a_redirect),
        cmocka_unit_test(what_the_path_lacks_is_405_with_what_it_has),
        cmocka_unit_test(paths_that_mean_harm_are_400),
        cmocka_unit_test(a_table_refuses_patterns_that_are_wrong),
        cmocka_unit_test(a_table_refuses_a_route_that_another_hides),
        cmocka_unit_test(a_table_without_memory_is_none),
        cmocka_unit_test(a_table_lists_its_routes),
        cmocka_unit_test(methods_have_names),
        cmocka_unit_test(a_target_is_cut_into_path_and_query),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
