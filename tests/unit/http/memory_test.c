/* Every allocation of a request fails in turn: the client gets an answer or a closed connection,
 * the server goes on, and nothing leaks. */
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "rig.h"
#include "support/test.h"

static struct reply reply;

static const char *const requests[] = {
    "GET /health" H "\r\n",
    "GET /items/7" H "X: a \r\n\r\n",
    "POST /echo?a=b" H "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n"
    "Cookie: sid=x\r\n\r\nc=d&e=f",
    "POST /echo" H "Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
    "GET /fail/fields" H "\r\n",
    "GET /fail/secret" H "\r\n",
    "GET /file/name" H "Range: bytes=1-2\r\n\r\n",
    "POST /start?x" H "Content-Length: 0\r\n\r\n",
    "GET /cookie" H "\r\n",
    "GET /nothing" H "\r\n",
};

static void ask_without_memory(const struct rig *rig, const char *request, int64_t n)
{
    const int fd = client_open(rig);
    mem_fail_after(n);
    client_send_text(fd, request);
    client_read(fd, &reply, 2000);
    mem_fail_after(0);
    close(fd);
    if (reply.status == 0 && !reply.is_closed)
        fail_msg("%s has no answer when allocation %lld fails", request, (long long)n);
    if (reply.status == 500 && strstr(request, "secret") == NULL)
        fail_msg("%s is said to be our fault when allocation %lld fails", request, (long long)n);
}

static void no_allocation_that_fails_stops_the_server(void **state)
{
    static struct rig rig;
    (void)state;
    rig_init(&rig);
    rig_start(&rig);
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
        for (int64_t n = 1; n <= 40; n++)
            ask_without_memory(&rig, requests[i], n);
    client_ask(&rig, requests[0], &reply);
    assert_int_equal(reply.status, 200);
    rig_stop(&rig, 2000);
    assert_int_equal(mem_held_bytes(), 0);
}

static void a_server_without_memory_is_none(void **state)
{
    static struct rig rig;
    struct error err;
    (void)state;
    rig_init(&rig);
    rig_start(&rig);
    struct http_config config = rig.config;
    config.listen = "127.0.0.1:0";
    for (int64_t n = 1; n <= 5; n++) {
        struct http_server *server = NULL;
        mem_fail_after(n);
        const enum err code = http_server_open(&config, &server, &err);
        mem_fail_after(0);
        assert_error(code, ERR_NOMEM);
        assert_null(server);
    }
    rig_stop(&rig, 2000);
    assert_int_equal(mem_held_bytes(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_allocation_that_fails_stops_the_server),
        cmocka_unit_test(a_server_without_memory_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
