#include "http/accept.h"

#include <string.h>

#include "support/test.h"

static void a_page_is_for_who_names_it(void **state)
{
    static const struct {
        const char *accept;
        bool html;
    } cases[] = {{NULL, false},
                 {"", false},
                 {"*/*", false},
                 {"text/*", false},
                 {"application/json", false},
                 {"text/html", true},
                 {"TEXT/HTML", true},
                 {"text/html;q=0", false},
                 {"text/html;q=0.000", false},
                 {"text/html;q=0.1", true},
                 {"text/html,application/json", true},
                 {"application/json,text/html", true},
                 {"application/json,text/html;q=0.9", false},
                 {"application/json;q=0.5,text/html;q=0.9", true},
                 {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true},
                 {"  text/html  ", true},
                 {",,,text/html", true},
                 {"text/html ; charset=utf-8 ; q=0.3, application/json;q=0.2", true},
                 {"text/htmlx", false},
                 {"xtext/html", false},
                 {"text/html;q=2", false},
                 {"text/html;q=-1", false},
                 {"text/html;q=abc", false},
                 {"text/html;q=", false},
                 {"text/html;q=0.1234", false},
                 {"text/html;q=1.001", false},
                 {"text/html;;;", true},
                 {";q=1", false},
                 {",", false}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (accept_wants_html(cases[i].accept) != cases[i].html)
            fail_msg("\"%s\" is read wrongly", cases[i].accept);
}

static void weights_are_numbers_of_three_digits(void **state)
{
    (void)state;
    assert_true(accept_quality("a;q=0.5", "a") == 0.5);
    assert_true(accept_quality("a;q=1.000", "a") == 1);
    assert_true(accept_quality("a;q=0.125", "a") > 0.1249 &&
                accept_quality("a;q=0.125", "a") < 0.1251);
    assert_true(accept_quality("b, a", "a") == 1);
    assert_true(accept_quality("b", "a") == -1);
    assert_true(accept_quality(NULL, "a") == -1);
}

static void a_coding_is_used_only_where_it_is_allowed(void **state)
{
    (void)state;
    assert_true(accept_allows_coding("gzip, deflate, br", "br"));
    assert_true(accept_allows_coding("gzip;q=0.5", "gzip"));
    assert_true(accept_allows_coding("*", "br"));
    assert_false(accept_allows_coding("*;q=0", "br"));
    assert_false(accept_allows_coding("*, br;q=0", "br"));
    assert_false(accept_allows_coding("gzip", "br"));
    assert_false(accept_allows_coding("", "br"));
    assert_false(accept_allows_coding(NULL, "br"));
    assert_false(accept_allows_coding("brotli", "br"));
}

static void a_cookie_is_found_among_others(void **state)
{
    static const char *const found[] = {"sid=abc",         "a=b; sid=abc",    "sid=abc; a=b",
                                        "a=b;sid=abc;c",   " sid=abc ",       "xsid=1; sid=abc",
                                        "sid2=1; sid=abc", ";;; sid=abc",     "a; sid=abc",
                                        "SID=x; sid=abc",  "a=\"q\"; sid=abc"};
    struct str value;
    (void)state;
    for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
        if (!cookie_find(found[i], "sid", &value) || value.len != 3 ||
            memcmp(value.ptr, "abc", 3) != 0)
            fail_msg("\"%s\" has the cookie", found[i]);
    }
    assert_true(cookie_find("sid=", "sid", &value));
    assert_int_equal(value.len, 0);
    assert_true(cookie_find("sid=a=b", "sid", &value));
    assert_int_equal(value.len, 3);
}

static void a_cookie_that_is_doubtful_is_none(void **state)
{
    static const char *const bad[] = {
        "",          "sid",          "a=b",           "xsid=abc",         "sid =abc",
        "SID=abc",   "sid=a; sid=b", "sid=a;sid=a",   "sid=a; b=c; sid=", "sid=a b",
        "sid=\"a\"", "sid=a,b",      "sid=a\\b",      "sid=\x7F",         "sid=\xE9",
        "sid=a\tb",  "=abc",         "__Host-sid=abc"};
    struct str value = {"untouched", 9};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (cookie_find(bad[i], "sid", &value))
            fail_msg("\"%s\" was taken", bad[i]);
        assert_int_equal(value.len, 9);
    }
    assert_false(cookie_find(NULL, "sid", &value));
}

static void an_etag_is_found_in_a_list(void **state)
{
    static const char *const lists[] = {"\"v1\"", "W/\"v1\"", "\"a\", \"v1\"",    "\"a\",\"v1\"",
                                        "*",      " \"v1\" ", "\"a\" , W/\"v1\"", "\"v1\", \"b\""};
    static const char *const others[] = {
        "",   "\"v2\"",   "v1",           "\"v1",         "\"v1 \"",   "\"V1\"", "\"\"",
        "W/", "w/\"v1\"", "\"a\" \"v1\"", "\"a\";\"v1\"", "a, \"v1\"", ","};
    (void)state;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        if (!etag_is_listed(lists[i], "\"v1\"") || !etag_is_listed(lists[i], "W/\"v1\""))
            fail_msg("%s lists it", lists[i]);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (etag_is_listed(others[i], "\"v1\""))
            fail_msg("%s does not list it", others[i]);
    assert_false(etag_is_listed(NULL, "\"v1\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_is_for_who_names_it),
        cmocka_unit_test(weights_are_numbers_of_three_digits),
        cmocka_unit_test(a_coding_is_used_only_where_it_is_allowed),
        cmocka_unit_test(a_cookie_is_found_among_others),
        cmocka_unit_test(a_cookie_that_is_doubtful_is_none),
        cmocka_unit_test(an_etag_is_found_in_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
