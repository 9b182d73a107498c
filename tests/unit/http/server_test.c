#include "http/server.h"

#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "rig.h"
#include "support/test.h"

static struct reply reply;

static void a_route_answers_with_json(void **state)
{
    struct rig *rig = *state;
    client_ask(rig, "GET /health HTTP/1.1\r\nHost: h\r\n\r\n", &reply);
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.body, "{\"status\":\"ok\"}\n");
    assert_string_equal(reply_field(&reply, "Content-Type"), "application/json");
    assert_string_equal(reply_field(&reply, "Content-Length"), "16");
}

static void a_handler_may_run_on_a_worker(void **state)
{
    struct rig *rig = *state;
    client_ask(rig, "GET /health/worker HTTP/1.1\r\nHost: h\r\n\r\n", &reply);
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.body, "{\"status\":\"ok\"}\n");
}

static void every_response_carries_the_security_headers(void **state)
{
    static const char *const requests[] = {
        "GET /health HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /none HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /fail/secret HTTP/1.1\r\nHost: h\r\n\r\n",
        "PUT /health HTTP/1.1\r\nHost: h\r\n\r\n",
        "OPTIONS /health HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /file/a HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST /start HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /cookie HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /x HTTP/1.1\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n"};
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        client_ask(rig, requests[i], &reply);
        assert_int_not_equal(reply.status, 0);
        assert_non_null(strstr(reply_field(&reply, "Content-Security-Policy"), "'self'"));
        assert_string_equal(reply_field(&reply, "X-Content-Type-Options"), "nosniff");
        assert_string_equal(reply_field(&reply, "Referrer-Policy"), "same-origin");
        assert_string_equal(reply_field(&reply, "Cross-Origin-Opener-Policy"), "same-origin");
        assert_string_equal(reply_field(&reply, "Cache-Control"), "no-store");
        assert_int_equal(strlen(reply_field(&reply, "X-Request-Id")), 32);
        assert_string_equal(reply_field(&reply, "Strict-Transport-Security"), "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_route_answers_with_json),
        cmocka_unit_test(a_handler_may_run_on_a_worker),
        cmocka_unit_test(every_response_carries_the_security_headers),
    };
    return cmocka_run_group_tests(tests, rig_group_start, rig_group_stop);
}
