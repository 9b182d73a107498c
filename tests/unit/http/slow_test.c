/* Clients that are too slow, or too many, and a server that stops; with limits made short. */
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "rig.h"
#include "support/test.h"

static struct reply reply;

static void start(struct rig *rig)
{
    rig_init(rig);
    rig->config.limits.header_ms = 400;
    rig->config.limits.keep_alive_ms = 700;
    rig->config.limits.body_ms = 400;
    rig_start(rig);
}

/* Seconds until the server closed, while a byte is sent each `every_ms`. */
static double drip(int fd, const char *byte, long every_ms)
{
    const struct timespec pause = {.tv_nsec = every_ms * 1000000};
    const double began = clock_seconds();
    do {
        client_send_text(fd, byte);
        client_read_to_end(fd, &reply, 1);
        nanosleep(&pause, NULL);
    } while (!reply.is_closed && clock_seconds() < began + 5);
    return clock_seconds() - began;
}

static void slow_headers_are_cut_however_steady(void **state)
{
    static struct rig rig;
    (void)state;
    start(&rig);
    const int fd = client_open(&rig);
    client_send_text(fd, "GET /health" H "X: ");
    const double seconds = drip(fd, "a", 50);
    close(fd);
    assert_true(seconds > 0.3 && seconds < 4);
    struct http_connection_counts counts;
    http_metrics_connections(http_server_metrics(rig.server), &counts);
    assert_int_equal(counts.timed_out, 1);
    rig_stop(&rig, 1000);
}

static void who_is_cut_is_told_408(void **state)
{
    static struct rig rig;
    (void)state;
    start(&rig);
    const int fd = client_open(&rig), silent = client_open(&rig);
    client_send_text(fd, "GET /health" H);
    client_read_to_end(fd, &reply, 3000);
    assert_int_equal(reply.status, 408);
    assert_true(reply.is_closed);
    client_read_to_end(silent, &reply, 3000);
    assert_true(reply.is_closed);
    close(fd);
    close(silent);
    rig_stop(&rig, 1000);
}

static void a_slow_body_is_cut(void **state)
{
    static struct rig rig;
    (void)state;
    start(&rig);
    const int fd = client_open(&rig);
    client_send_text(fd, "POST /echo" H
                         "Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n");
    const double seconds = drip(fd, " ", 20);
    close(fd);
    assert_true(seconds > 0.3 && seconds < 4);
    rig_stop(&rig, 1000);
}

static void a_body_that_comes_fast_enough_may_take_its_time(void **state)
{
    static struct rig rig;
    static char part[1024];
    const struct timespec pause = {.tv_nsec = 100000000};
    (void)state;
    start(&rig);
    const int fd = client_open(&rig);
    memset(part, ' ', sizeof(part));
    client_send_text(fd, "POST /echo" H
                         "Content-Type: application/json\r\nContent-Length: 10242\r\n\r\n");
    for (int i = 0; i < 10; i++) { /* 1 s in all, at 10 KiB/s */
        client_send(fd, part, sizeof(part));
        nanosleep(&pause, NULL);
    }
    client_send_text(fd, "{}");
    client_read(fd, &reply, 3000);
    close(fd);
    assert_int_equal(reply.status, 200);
    rig_stop(&rig, 1000);
}

static void an_idle_connection_is_closed_after_its_time(void **state)
{
    static struct rig rig;
    (void)state;
    start(&rig);
    const int fd = client_open(&rig);
    client_send_text(fd, "GET /health" H "\r\n");
    client_read(fd, &reply, 3000);
    assert_int_equal(reply.status, 200);
    const double began = clock_seconds();
    client_read_to_end(fd, &reply, 3000);
    assert_true(reply.is_closed);
    assert_int_equal(reply.len, 0);
    assert_true(clock_seconds() - began > 0.5);
    close(fd);
    rig_stop(&rig, 1000);
}

static void a_slow_second_request_is_cut_too(void **state)
{
    static struct rig rig;
    (void)state;
    start(&rig);
    const int fd = client_open(&rig);
    client_send_text(fd, "GET /health" H "\r\n");
    client_read(fd, &reply, 3000);
    assert_int_equal(reply.status, 200);
    const double seconds = drip(fd, "\r\n", 50);
    close(fd);
    assert_true(seconds < 4);
    rig_stop(&rig, 1000);
}

static void slow_clients_hold_up_nobody(void **state)
{
    enum { SLOW = 200 };
    static struct rig rig;
    static int slow[SLOW];
    double worst = 0;
    (void)state;
    rig_init(&rig);
    rig.config.limits.header_ms = 2000;
    rig_start(&rig);
    for (int i = 0; i < SLOW; i++) {
        slow[i] = client_open(&rig);
        client_send_text(slow[i], "GET /health HT");
    }
    for (int i = 0; i < 200; i++) {
        const double began = clock_seconds();
        client_ask(&rig, i % 2 == 0 ? "GET /health" H "\r\n" : "GET /items/7" H "\r\n", &reply);
        assert_int_equal(reply.status, 200);
        if (clock_seconds() - began > worst)
            worst = clock_seconds() - began;
    }
    assert_true(worst < 1); /* of a busy machine; the bench measures it */
    for (int i = 0; i < SLOW; i++) {
        client_read_to_end(slow[i], &reply, 5000);
        assert_true(reply.is_closed);
        close(slow[i]);
    }
    rig_stop(&rig, 1000);
}

static void one_address_may_have_only_so_many_connections(void **state)
{
    static struct rig rig;
    int fds[8], closed = 0;
    (void)state;
    rig_init(&rig);
    rig.config.limits.connections_per_address = 4;
    rig_start(&rig);
    for (int i = 0; i < 8; i++) {
        fds[i] = client_open(&rig);
        client_send_text(fds[i], "GET /health" H "\r\n");
        client_read(fds[i], &reply, 3000);
        closed += reply.status == 0 && reply.is_closed;
        assert_true(reply.status == 200 || reply.is_closed);
    }
    assert_int_equal(closed, 4);
    for (int i = 0; i < 8; i++)
        close(fds[i]);
    rig_stop(&rig, 1000);
}

static void requests_over_the_queue_are_503(void **state)
{
    static struct rig rig;
    int fds[8], refused = 0, held = 0;
    (void)state;
    rig_init(&rig);
    rig.config.handler_threads = 1;
    rig.config.limits.queued_requests = 2;
    atomic_store(&rig.hold, true);
    rig_start(&rig);
    for (int i = 0; i < 8; i++) {
        fds[i] = client_open(&rig);
        client_send_text(fds[i], "GET /held" H "\r\n");
    }
    client_ask(&rig, "GET /health" H "\r\n", &reply); /* what is inline is served all the same */
    assert_int_equal(reply.status, 200);
    usleep(200000); /* until all have arrived */
    atomic_store(&rig.hold, false);
    for (int i = 0; i < 8; i++) {
        client_read(fds[i], &reply, 3000);
        refused += reply.status == 503 && strcmp(reply_field(&reply, "Retry-After"), "1") == 0;
        held += reply.status == 200;
        close(fds[i]);
    }
    assert_int_equal(refused + held, 8);
    assert_true(held == 2 || held == 3); /* the queue's two, and one that was taken before */
    rig_stop(&rig, 1000);
}

/* ---- stopping ---- */

static void *release_soon(void *context)
{
    struct rig *rig = context;
    usleep(300000);
    atomic_store(&rig->hold, false);
    return NULL;
}

static void *stop_at_once(void *context)
{
    rig_stop(context, 100);
    return NULL;
}

static void a_server_that_stops_refuses_what_waits_and_what_comes(void **state)
{
    enum { HELD = 6 };
    static struct rig rig;
    pthread_t stopper;
    int fds[HELD], refused = 0, held = 0;
    (void)state;
    rig_init(&rig);
    rig.config.handler_threads = 2;
    atomic_store(&rig.hold, true);
    rig_start(&rig);
    const int idle = client_open(&rig); /* a connection from before */
    client_send_text(idle, "GET /health" H "\r\n");
    client_read(idle, &reply, 3000);
    assert_int_equal(reply.status, 200);
    for (int i = 0; i < HELD; i++) {
        fds[i] = client_open(&rig);
        client_send_text(fds[i], "GET /held" H "\r\n");
    }
    usleep(200000); /* until all have arrived: two run, the others wait */
    assert_int_equal(pthread_create(&stopper, NULL, stop_at_once, &rig), 0);
    usleep(20000);
    client_send_text(idle, "GET /health" H "\r\n");
    client_read(idle, &reply, 3000);
    assert_true(reply.status == 503 || reply.is_closed);
    for (int i = 0; i < HELD; i++) { /* handlers that are held give up when they are told to */
        client_read(fds[i], &reply, 3000);
        held += reply.status == 200;
        refused += reply.status == 503 && strstr(reply.body, "\"stopping\"") != NULL;
        close(fds[i]);
    }
    pthread_join(stopper, NULL);
    close(idle);
    assert_int_equal(held, 2);
    assert_int_equal(refused, HELD - 2);
}

static void what_runs_is_finished_before_the_server_stops(void **state)
{
    static struct rig rig;
    pthread_t thread;
    (void)state;
    rig_init(&rig);
    atomic_store(&rig.hold, true);
    rig_start(&rig);
    const int fd = client_open(&rig), idle = client_open(&rig);
    client_send_text(fd, "GET /held" H "\r\n");
    usleep(50000);
    assert_int_equal(pthread_create(&thread, NULL, release_soon, &rig), 0);
    const double began = clock_seconds();
    rig_stop(&rig, 5000);
    const double seconds = clock_seconds() - began;
    pthread_join(thread, NULL);
    client_read_to_end(fd, &reply, 3000);
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.body, "held\n");
    assert_true(seconds > 0.15 && seconds < 3);
    client_read_to_end(idle, &reply, 3000);
    assert_true(reply.is_closed);
    close(fd);
    close(idle);
}

static void what_takes_too_long_is_told_and_cut(void **state)
{
    static struct rig rig;
    (void)state;
    rig_init(&rig);
    atomic_store(&rig.hold, true); /* for ever: only request_is_cancelled ends it */
    rig_start(&rig);
    const int fd = client_open(&rig);
    client_send_text(fd, "GET /held" H "\r\n");
    usleep(50000);
    const double began = clock_seconds();
    rig_stop(&rig, 200);
    assert_true(clock_seconds() - began < 3);
    client_read_to_end(fd, &reply, 3000);
    assert_true(reply.is_closed);
    close(fd);
}

static void a_server_that_stops_takes_no_more_connections(void **state)
{
    static struct rig rig;
    struct error err;
    struct http_server *other;
    (void)state;
    rig_init(&rig);
    rig_start(&rig);
    char address[64];
    snprintf(address, sizeof(address), "%s", http_server_address(rig.server));
    struct http_config config = rig.config;
    config.listen = address;
    assert_error(http_server_open(&config, &other, &err), ERR_IO);
    assert_string_equal(err.reason, "address_in_use");
    rig_stop(&rig, 1000);
    struct rig again;
    rig_init(&again);
    again.config.listen = address; /* the port is free again at once */
    rig_start(&again);
    client_ask(&again, "GET /health" H "\r\n", &reply);
    assert_int_equal(reply.status, 200);
    rig_stop(&again, 1000);
}

static void addresses_and_limits_that_are_wrong_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "8080",
                                      ":8080",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "127.0.0.1:x",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:-1",
                                      "localhost:8080",
                                      "256.0.0.1:80",
                                      "[::1:80",
                                      "::1:80",
                                      "[127.0.0.1]:80",
                                      "[]:80"};
    static struct rig rig;
    struct error err;
    struct http_server *other;
    (void)state;
    rig_init(&rig);
    rig_start(&rig);
    struct http_config config = rig.config;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        config.listen = bad[i];
        if (http_server_open(&config, &other, &err) == ERR_OK)
            fail_msg("\"%s\" was taken", bad[i]);
        assert_int_equal(err.code, ERR_INVALID);
    }
    config = rig.config;
    config.limits.connections = 0;
    assert_error(http_server_open(&config, &other, &err), ERR_INVALID);
    config = rig.config;
    config.public_url = "train.example";
    assert_error(http_server_open(&config, &other, &err), ERR_INVALID);
    config = rig.config;
    config.io_threads = -1;
    assert_error(http_server_open(&config, &other, &err), ERR_INVALID);
    rig_stop(&rig, 1000);
}

static void by_https_cookies_and_headers_are_stricter(void **state)
{
    static struct rig rig;
    (void)state;
    rig_init(&rig);
    rig.config.public_url = "https://train.example/app";
    rig.config.trust_forwarded = true;
    rig_start(&rig);
    client_ask(&rig, "GET /cookie" H "\r\n", &reply);
    assert_string_equal(reply_field(&reply, "Set-Cookie"),
                        "__Host-sid=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure");
    assert_string_equal(reply_field(&reply, "Strict-Transport-Security"), "max-age=31536000");
    client_ask(&rig,
               "GET /echo" H "Cookie: sid=plain; __Host-sid=real\r\n"
               "Origin: https://train.example\r\nX-Forwarded-For: 6.6.6.6, 192.0.2.7\r\n\r\n",
               &reply);
    assert_non_null(strstr(reply.body, "\"cookie\":\"real\""));
    assert_non_null(strstr(reply.body, "\"same_site\":true"));
    assert_non_null(strstr(reply.body, "\"client\":\"192.0.2.7\""));
    client_ask(&rig, "GET /echo" H "X-Forwarded-For: <b>\r\nCookie: sid=plain\r\n\r\n", &reply);
    assert_non_null(strstr(reply.body, "\"client\":\"127.0.0.1\""));
    assert_non_null(strstr(reply.body, "\"cookie\":null"));
    rig_stop(&rig, 1000);
}

static void requests_are_counted_by_route_and_status(void **state)
{
    static struct rig rig;
    struct http_route_counts counts;
    (void)state;
    rig_init(&rig);
    rig_start(&rig);
    for (int i = 0; i < 3; i++)
        client_ask(&rig, "GET /items/7" H "\r\n", &reply);
    client_ask(&rig, "GET /items/x" H "\r\n", &reply);
    client_ask(&rig, "GET /nothing" H "\r\n", &reply);
    struct http_metrics *metrics = http_server_metrics(rig.server);
    /* A response is counted when it was sent, which may be a moment after it came. */
    for (int i = 0; i < 300 && atomic_load(&rig.logged) < 5; i++)
        usleep(10000);
    http_metrics_route(metrics, 2, &counts);
    assert_int_equal(counts.status_count, 2);
    assert_int_equal(counts.statuses[0].status, 200);
    assert_int_equal(counts.statuses[0].count, 3);
    assert_int_equal(counts.statuses[1].status, 404);
    assert_int_equal(counts.statuses[1].count, 1);
    assert_int_equal(counts.buckets[HTTP_DURATION_BUCKETS - 1], 4);
    assert_true(counts.seconds > 0);
    http_metrics_route(metrics, -1, &counts);
    assert_int_equal(counts.statuses[0].status, 404);
    assert_int_equal(atomic_load(&rig.logged), 5);
    struct http_connection_counts connections;
    http_metrics_connections(metrics, &connections);
    assert_int_equal(connections.accepted, 5);
    assert_int_equal(connections.running, 0);
    rig_stop(&rig, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slow_headers_are_cut_however_steady),
        cmocka_unit_test(who_is_cut_is_told_408),
        cmocka_unit_test(a_slow_body_is_cut),
        cmocka_unit_test(a_body_that_comes_fast_enough_may_take_its_time),
        cmocka_unit_test(an_idle_connection_is_closed_after_its_time),
        cmocka_unit_test(a_slow_second_request_is_cut_too),
        cmocka_unit_test(slow_clients_hold_up_nobody),
        cmocka_unit_test(one_address_may_have_only_so_many_connections),
        cmocka_unit_test(requests_over_the_queue_are_503),
        cmocka_unit_test(a_server_that_stops_refuses_what_waits_and_what_comes),
        cmocka_unit_test(what_runs_is_finished_before_the_server_stops),
        cmocka_unit_test(what_takes_too_long_is_told_and_cut),
        cmocka_unit_test(a_server_that_stops_takes_no_more_connections),
        cmocka_unit_test(addresses_and_limits_that_are_wrong_are_refused),
        cmocka_unit_test(by_https_cookies_and_headers_are_stricter),
        cmocka_unit_test(requests_are_counted_by_route_and_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
