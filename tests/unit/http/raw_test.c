/*
 * Bad requests, written to the socket byte by byte as an attacker would: each gets the 4xx that it
 * deserves (or 501, 505), never another 5xx, never an answer of a handler, never silence; and the
 * connection is closed wherever what follows could not be trusted.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/random.h"

#include "bad_requests.h"
#include "rig.h"
#include "support/test.h"

static struct reply reply;

/* 1 when the answer is another one; all of them are shown before a test fails. */
static int is_wrong(const struct rig *rig, const struct bad *bad)
{
    const int fd = client_open(rig);
    client_send(fd, bad->bytes, bad->len > 0 ? bad->len : strlen(bad->bytes));
    client_read(fd, &reply, 3000);
    close(fd);
    if (reply.status == bad->status)
        return 0;
    print_error("%s: wanted %d, got %d: %.200s\n", bad->what, bad->status, reply.status,
                reply.body != NULL ? reply.body : "nothing");
    return 1;
}

static void each_bad_request_gets_its_status(void **state)
{
    const struct rig *rig = *state;
    assert_true(bad_request_count >= 150);
    int wrong = 0;
    for (size_t i = 0; i < bad_request_count; i++)
        wrong += is_wrong(rig, &bad_requests[i]);
    assert_int_equal(wrong, 0);
}

/* Every byte that does not belong there, in the target, in a name and in a value. */
static void no_control_character_passes_anywhere(void **state)
{
    static const char *const places[] = {"GET /he@lth" H "\r\n", "GET /health" H "X@Y: a\r\n\r\n",
                                         "GET /health" H "X: a@b\r\n\r\n"};
    const struct rig *rig = *state;
    int wrong = 0;
    for (int byte = 0; byte < 0x20; byte++) {
        for (int place = 0; place < 3; place++) {
            char text[128], what[64];
            if (place == 2 && byte == '\t')
                continue; /* the one that a value may hold */
            const size_t len = strlen(places[place]);
            memcpy(text, places[place], len + 1);
            *strchr(text, '@') = (char)byte;
            snprintf(what, sizeof(what), "byte %d in place %d", byte, place);
            const struct bad bad = {what, text, len, 400};
            wrong += is_wrong(rig, &bad);
        }
    }
    assert_int_equal(wrong, 0);
}

static void after_a_malformed_head_the_connection_is_closed(void **state)
{
    static const char *const heads[] = {
        "GET /health" H "X: a\r\n b\r\n\r\n", "GET /health HTTP/1.1\r\n\r\n",
        "GET /health HTTP/1.1\nHost: h\n\n",
        "POST /echo" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"};
    const struct rig *rig = *state;
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        const int fd = client_open(rig);
        client_send_text(fd, heads[i]);
        client_send_text(fd, "GET /health" H "\r\n"); /* the one that would be smuggled in */
        client_read_to_end(fd, &reply, 3000);
        close(fd);
        assert_int_equal(reply.status, 400);
        assert_true(reply.is_closed);
        assert_null(strstr(reply.body, "\"ok\""));
    }
}

/* Without a request line libmicrohttpd closes the connection and says nothing. */
static void what_is_no_http_at_all_is_closed(void **state)
{
    static const struct bad lines[] = {
        {"tabs for spaces", BYTES("GET\t/health\tHTTP/1.1\r\nHost: h\r\n\r\n"), 0},
        {"one word", BYTES("QUIT\r\nHost: h\r\n\r\n"), 0},
        {"the beginning of TLS", BYTES("\x16\x03\x01\x02\r\n\r\n"), 0},
        {"SSH", BYTES("SSH-2.0-OpenSSH_9.2p1\r\n\r\n"), 0}};
    const struct rig *rig = *state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        const int fd = client_open(rig);
        client_send(fd, lines[i].bytes, lines[i].len);
        client_read_to_end(fd, &reply, 3000);
        close(fd);
        assert_true(reply.is_closed);
        assert_true(reply.status == 0 || reply.status == 400);
    }
}

static void a_target_over_its_limit_is_414(void **state)
{
    static const size_t lengths[] = {8193, 9000, 12000, 40000, 200000};
    static char text[256 * 1024];
    const struct rig *rig = *state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        memcpy(text, "GET /", 5);
        memset(text + 5, 'a', lengths[i] - 1);
        memcpy(text + 4 + lengths[i], H "\r\n", sizeof(H "\r\n"));
        const struct bad bad = {"a long target", text, 0, 414};
        assert_int_equal(is_wrong(rig, &bad), 0);
    }
    memset(text + 5, 'a', 8191);
    memcpy(text + 4 + 8192, H "\r\n", sizeof(H "\r\n"));
    const struct bad longest = {"the longest target", text, 0, 404};
    assert_int_equal(is_wrong(rig, &longest), 0);
}

static void header_fields_over_their_limits_are_431(void **state)
{
    static char text[256 * 1024];
    static const size_t sizes[] = {16400, 20000, 30000, 100000};
    const struct rig *rig = *state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t len = (size_t)snprintf(text, sizeof(text), "GET /health" H "X: ");
        memset(text + len, 'a', sizes[i]);
        len += sizes[i];
        memcpy(text + len, "\r\n\r\n", 5);
        const struct bad bad = {"a long field", text, 0, 431};
        assert_int_equal(is_wrong(rig, &bad), 0);
    }
    for (int fields = 62; fields <= 66; fields++) {
        size_t len = (size_t)snprintf(text, sizeof(text), "GET /health" H);
        for (int i = 0; i < fields; i++)
            len += (size_t)snprintf(text + len, sizeof(text) - len, "X%d: a\r\n", i);
        snprintf(text + len, sizeof(text) - len, "\r\n");
        const struct bad bad = {"many fields", text, 0, fields + 1 > 64 ? 431 : 200};
        assert_int_equal(is_wrong(rig, &bad), 0);
    }
}

static void a_chunked_body_over_its_limit_is_413(void **state)
{
    static char chunk[4096 + 16];
    const struct rig *rig = *state;
    const int fd = client_open(rig);
    const size_t head = (size_t)snprintf(chunk, sizeof(chunk), "1000\r\n");
    memset(chunk + head, 'a', 4096);
    memcpy(chunk + head + 4096, "\r\n", 2);
    client_send_text(fd, "POST /echo" H "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 32; i++) /* 128 KiB and no end */
        client_send(fd, chunk, head + 4096 + 2);
    client_read_to_end(fd, &reply, 3000);
    close(fd);
    assert_true(reply.is_closed);
    /* The server stops reading, so the rest of the upload may reset the connection and take the
     * answer with it; where one arrives it is this. */
    assert_true(reply.status == 413 || reply.status == 0);
}

static void what_is_unusual_but_right_is_answered(void **state)
{
    static const struct bad good[] = {
        {"an empty line before", BYTES("\r\nGET /health" H "\r\n"), 200},
        {"no space after the colon", BYTES("GET /health HTTP/1.1\r\nHost:h\r\n\r\n"), 200},
        {"spaces around a value", BYTES("GET /health" H "X: \t a b \t \r\n\r\n"), 200},
        {"an empty value", BYTES("GET /health" H "X:\r\n\r\n"), 200},
        {"a value of spaces", BYTES("GET /health" H "X:   \r\n\r\n"), 200},
        {"a byte over 127 in a value", BYTES("GET /health" H "X: \xE9\r\n\r\n"), 200},
        {"a tab in a value", BYTES("GET /health" H "X: a\tb\r\n\r\n"), 200},
        {"a Host with a port", BYTES("GET /health HTTP/1.1\r\nHost: h:8080\r\n\r\n"), 200},
        {"a Host of IPv6", BYTES("GET /health HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"), 200},
        {"the absolute form", BYTES("GET http://h/health" H "\r\n"), 200},
        {"the absolute form of https", BYTES("GET HTTPS://h:443/health" H "\r\n"), 200},
        {"HTTP/1.0 without Host", BYTES("GET /health HTTP/1.0\r\n\r\n"), 200},
        {"a query of nothing", BYTES("GET /health?" H "\r\n"), 200},
        {"two of a field that may repeat", BYTES("GET /health" H "X: a\r\nX: b\r\n\r\n"), 200},
        {"an escape in a literal", BYTES("GET /%68ealth" H "\r\n"), 200},
        {"a length with leading zeros",
         BYTES("POST /echo" H "Content-Type: application/json\r\nContent-Length: 002\r\n\r\n{}"),
         200},
        {"chunks",
         BYTES("POST /echo" H "Content-Type: application/json\r\nTransfer-Encoding: Chunked\r\n\r\n"
               "1;x=y\r\n{\r\n1\r\n}\r\n0\r\nTrailer: x\r\n\r\n"),
         200},
        {"a body to come after 100",
         BYTES("POST /echo" H "Content-Type: application/json\r\nExpect: 100-continue\r\n"
               "Content-Length: 2\r\n\r\n{}"),
         200},
        {"an OPTIONS of all", BYTES("OPTIONS *" H "\r\n"), 204},
        {"a GET with a body", BYTES("GET /health" H "Content-Length: 3\r\n\r\nabc"), 200},
    };
    const struct rig *rig = *state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(is_wrong(rig, &good[i]), 0);
}

static void requests_may_follow_each_other_at_once(void **state)
{
    const struct rig *rig = *state;
    const int fd = client_open(rig);
    int answers = 0;
    client_send_text(fd, "GET /health" H "\r\nGET /items/7" H "\r\nGET /health" H
                         "Connection: close\r\n\r\n");
    client_read_to_end(fd, &reply, 3000);
    close(fd);
    /* The first head was cut off by a NUL: look through all the bytes. */
    for (size_t i = 0; i + 12 < reply.len; i++)
        answers += memcmp(reply.bytes + i, "HTTP/1.1 200", 12) == 0;
    assert_int_equal(answers, 3);
    assert_true(reply.is_closed);
}

static void one_byte_at_a_time_is_the_same_request(void **state)
{
    const struct rig *rig = *state;
    const char *text = "POST /echo?q=1" H "Content-Type: application/json\r\n"
                       "Content-Length: 7\r\n\r\n{\"a\":1}";
    const int fd = client_open(rig);
    for (const char *at = text; *at != '\0'; at++) {
        client_send(fd, at, 1);
        usleep(200);
    }
    client_read(fd, &reply, 3000);
    close(fd);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.body, "\"json\":{\"a\":1}"));
    assert_non_null(strstr(reply.body, "\"query\":{\"q\":\"1\"}"));
}

/* Good requests with a few bytes changed, left out or put in: never a fault of ours. The connection
 * is half closed after each, so that most that are cut short are answered or dropped at once; the
 * others the reaper ends. */
static void requests_with_random_damage_are_never_our_fault(void **state)
{
    static const char *const seeds[] = {
        "GET /items/7?a=b&c=%20" H "Accept: text/html;q=0.5\r\nCookie: sid=a; b=c\r\n\r\n",
        "POST /echo" H "Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
        "POST /echo" H "Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n",
        "GET /file/a" H "Range: bytes=0-3\r\nIf-None-Match: \"v1\"\r\n\r\n"};
    static const char bytes[] = "\0\r\n\t :;,=%&/?#\"\\{}\x7F\xFF"
                                "0aA.";
    static struct rig rig;
    (void)state;
    rig_init(&rig);
    rig.config.limits.header_ms = rig.config.limits.body_ms = 100;
    rig_start(&rig);
    for (uint64_t i = 0; i < 1000; i++) {
        char text[512];
        size_t len = strlen(seeds[i % 4]);
        memcpy(text, seeds[i % 4], len);
        for (uint64_t k = 0; k <= random_bits(1, i, 0) % 3; k++) {
            const uint64_t bits = random_bits(2, i, k);
            const size_t at = (size_t)(bits >> 32) % len;
            const char byte = bytes[(bits >> 8) % (sizeof(bytes) - 1)];
            const size_t after = bits % 3 == 0 ? at : at + 1; /* put in, else change */
            memmove(text + at + 1, text + after, len - after);
            len += at + 1 - after;
            text[at] = byte;
        }
        const int fd = client_open(&rig);
        client_send(fd, text, len);
        shutdown(fd, SHUT_WR);
        client_read(fd, &reply, 3000);
        close(fd);
        const bool is_ours = reply.status >= 500 && reply.status != 501 && reply.status != 505;
        if (is_ours || (reply.status == 0 && !reply.is_closed))
            fail_msg("damage %d got %d: %.*s", (int)i, reply.status, (int)len, text);
    }
    rig_stop(&rig, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_bad_request_gets_its_status),
        cmocka_unit_test(no_control_character_passes_anywhere),
        cmocka_unit_test(after_a_malformed_head_the_connection_is_closed),
        cmocka_unit_test(what_is_no_http_at_all_is_closed),
        cmocka_unit_test(a_target_over_its_limit_is_414),
        cmocka_unit_test(header_fields_over_their_limits_are_431),
        cmocka_unit_test(a_chunked_body_over_its_limit_is_413),
        cmocka_unit_test(what_is_unusual_but_right_is_answered),
        cmocka_unit_test(requests_with_random_damage_are_never_our_fault),
        cmocka_unit_test(requests_may_follow_each_other_at_once),
        cmocka_unit_test(one_byte_at_a_time_is_the_same_request),
    };
    return cmocka_run_group_tests(tests, rig_group_start, rig_group_stop);
}
