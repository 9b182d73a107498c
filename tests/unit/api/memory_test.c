/* Every allocation of each kind of request fails in turn, in the whole server: there is an answer
 * that says so or a closed connection, never a fault of ours, and with memory again the request is
 * answered as ever. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/service.h"
#include "base/log.h"
#include "base/memory.h"
#include "store/work.h"
#include "support/test.h"
#include "unit/http/rig.h"
#include "unit/train/fixture.h"

enum { REQUEST_MAX = 4096, ALLOCATIONS_MAX = 3000, VERSIONS = 2 };

static struct fixture fixture;
static struct config *config;
static struct service *service;
static int its_port;
static char token[512];
static struct reply reply;
static int faults;
static int64_t held;

/* ---- a server with a user, and two models that it may be asked of ---- */

/* What a worker would have done with the oldest job. */
static void train(struct store *store)
{
    struct error err;
    struct job *job;
    struct stat info;
    char sum[HASH_HEX_SIZE];
    struct job_outcome outcome = {.model_sha256 = sum};
    const struct run_spec spec = fixture_spec(&fixture, "als");
    assert_ok(job_claim(store, JOB_TRAIN, "test", LEASE_MS, &job, &err));
    assert_non_null(job);
    const struct fence fence = {job->job_id, job->epoch};
    job_free(job);
    json_t *result = fixture_run(&spec);
    char *text = json_dumps(result, JSON_COMPACT);
    outcome.metrics = result_at(result, "metrics");
    outcome.popular_metrics = outcome.metrics;
    outcome.result_json = text;
    outcome.model_path = result_text(result, "model_path");
    fixture_sum(outcome.model_path, sum);
    assert_int_equal(stat(outcome.model_path, &info), 0);
    outcome.model_bytes = info.st_size;
    assert_ok(job_advance(store, fence, PHASE_TRAIN, NULL, &err));
    assert_ok(job_finish(store, fence, &outcome, &err));
    mem_free(text);
    json_decref(result);
}

static int free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(at);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    close(fd);
    return ntohs(at.sin_port);
}

/* One request, answered while allocation n and all after it fail; n 0: none does. */
static void ask(const char *first, const char *type, const char *body, int64_t n)
{
    char text[REQUEST_MAX];
    snprintf(text, sizeof(text),
             "%s" H "Authorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
             first, token, type, strlen(body), body);
    const int fd = client_connect(its_port);
    mem_fail_after(n);
    client_send_text(fd, text);
    client_read(fd, &reply, 5000);
    mem_fail_after(0);
    close(fd);
}

#define FORM "application/x-www-form-urlencoded"
#define JSON "application/json"

static void log_in(void)
{
    struct error err;
    ask("POST /token", FORM, "username=test%40example.com&password=123", 0);
    assert_int_equal(reply.status, 200);
    json_t *answer = NULL;
    assert_ok(json_read(reply.body, strlen(reply.body), 0, &answer, &err));
    snprintf(token, sizeof(token), "%s",
             json_string_value(json_object_get(answer, "access_token")));
    json_decref(answer);
}

static void start_training(void)
{
    char body[REQUEST_MAX];
    snprintf(body, sizeof(body), "model_type=als&data_path=%s&factors=8", fixture.data);
    ask("POST /start_training/", FORM, body, 0);
    assert_true(reply.status < 300);
}

static int start(void **state)
{
    struct error err;
    char listen[64], roots[128], db[160], models[128];
    struct store *store;
    (void)state;
    json_init();
    log_set_level((enum log_level)(LOG_ERROR + 1)); /* each failure would be told */
    held = mem_held_bytes();
    its_port = free_port();
    snprintf(listen, sizeof(listen), "LISTEN=127.0.0.1:%d", its_port);
    fixture_create(&fixture);
    fixture_write_clicks(&fixture, &usual_clicks);
    snprintf(roots, sizeof(roots), "DATA_ROOTS=%s", fixture.data);
    snprintf(db, sizeof(db), "DB_NAME=%s/store.db", fixture.root);
    snprintf(models, sizeof(models), "MODEL_DIR=%s", fixture.output);
    char *const environment[] = {
        listen, roots, db, models, (char[]){"DEMO_USER=1"}, (char[]){"WORKERS=0"}, NULL};
    assert_ok(config_read(environment, NULL, 0, &config, &err));
    assert_ok(service_open(config, &service, &err));
    log_in();
    const struct store_spec spec = {.url = config_store_url(config), .connections = 1};
    assert_ok(store_open(&spec, &store, &err));
    for (int i = 0; i < VERSIONS; i++) {
        start_training();
        train(store);
    }
    store_close(store);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    service_close(service, 2000);
    config_free(config);
    fixture_remove(&fixture);
    assert_int_equal(mem_held_bytes(), held);
    return 0;
}

/* ---- the requests ---- */

static const char *const readings[] = {
    "/health/live",
    "/metrics",
    "/training_status/1",
    "/api/v1/jobs?limit=10&sort=metric:recall_at_k",
    "/api/v1/jobs?q=als&status=completed&model_type=als",
    "/api/v1/jobs/1",
    "/api/v1/jobs/1/events",
    "/api/v1/jobs/1/log",
    "/api/v1/jobs/1/metrics",
    "/api/v1/models",
    "/api/v1/models/1",
    "/api/v1/models/als:1",
    "/api/v1/models/als:2/verdict?against=als:1",
    "/api/v1/models/1/recommend?user=3&k=5",
    "/api/v1/models/1/similar?item=3&k=5",
    "/api/v1/models/1/explain?user=3&item=4",
    "/api/v1/models/1/download?format=npz",
    "/api/v1/models/1/compare?with=2&user=3",
    "/api/v1/models/1/users",
    "/api/v1/models/1/items",
    "/api/v1/models/1/history?user=3",
    "/api/v1/model_types",
    "/api/v1/registry",
    "/api/v1/registry/als",
    "/api/v1/registry/als/history",
    "/api/v1/predictions",
    "/api/v1/data_sources",
    "/api/v1/system",
    "/api/v1/me",
    "/api/v1/tokens",
    "/api/v1/me/sessions",
    "/openapi.json",
    "/training/",
    "/training/1",
    "/compare/?ids=1,2",
    "/models/",
    "/models/1",
    "/models/?name=als",
    "/predictions/",
    "/system/",
    "/account/",
    "/docs",
};

/* What is wrong with the answer while allocation n fails; NULL: nothing. */
static const char *fault_of_reply(void)
{
    if (reply.status == 0 && !reply.is_closed)
        return "has no answer";
    if (reply.status >= 500 && reply.status != 503)
        return "is said to be our fault";
    if (reply.status == 503 && strstr(reply.body, "\"code\":\"unavailable\"") == NULL)
        return "has no words";
    return reply.status != 409 && reply.status / 100 == 4 ? "is refused" : NULL;
}

static void fail_each(const char *first, const char *type, const char *body)
{
    for (int64_t n = 1; n <= ALLOCATIONS_MAX; n++) {
        ask(first, type, body, n);
        const char *fault = fault_of_reply();
        if (fault != NULL) {
            print_error("%s %s when allocation %lld fails: %d %s\n", first, fault, (long long)n,
                        reply.status, reply.body);
            faults++;
            return;
        }
        /* 409: it was done the time before, and the memory for its answer was missing. */
        if (reply.status == 409 || (reply.status >= 200 && reply.status < 400))
            return;
    }
    print_error("%s has no good answer with memory: %d\n", first, reply.status);
    faults++;
}

static void no_reading_is_at_fault_without_memory(void **state)
{
    char first[256];
    (void)state;
    for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++) {
        snprintf(first, sizeof(first), "GET %s", readings[i]);
        fail_each(first, JSON, "");
    }
    assert_int_equal(faults, 0);
}

static void no_writing_is_at_fault_without_memory(void **state)
{
    char body[REQUEST_MAX];
    (void)state;
    snprintf(body, sizeof(body), "model_type=als&data_path=%s&factors=8", fixture.data);
    fail_each("POST /start_training/", FORM, body);
    snprintf(body, sizeof(body), "{\"model_type\":\"als\",\"data_path\":\"%s\"}", fixture.data);
    fail_each("POST /api/v1/jobs", JSON, body);
    fail_each("PATCH /api/v1/jobs/1", JSON, "{\"name\":\"a name\"}");
    fail_each("POST /api/v1/jobs/3/cancel", JSON, "");
    fail_each("POST /api/v1/models/1/recommend", JSON, "{\"users\":[3,4,999],\"k\":5}");
    fail_each("POST /api/v1/models/1/recommend", JSON,
              "{\"items\":[{\"item\":4,\"count\":2},{\"item\":7}],\"deny\":[5],\"k\":5}");
    fail_each("PATCH /api/v1/models/1", JSON, "{\"note\":\"a note\",\"tags\":[\"one\",\"two\"]}");
    fail_each("PUT /api/v1/registry/als/aliases/candidate", JSON, "{\"version\":1}");
    fail_each("PUT /api/v1/registry/als/aliases/champion", JSON,
              "{\"version\":2,\"override\":true,\"reason\":\"a try\"}");
    fail_each("POST /api/v1/registry/als/aliases/champion/undo", JSON, "{}");
    fail_each("POST /api/v1/predictions", JSON, "{\"model\":\"als:1\",\"users\":\"all\"}");
    fail_each("POST /api/v1/tokens", JSON, "{\"name\":\"a\",\"scope\":\"read\",\"days\":1}");
    assert_int_equal(faults, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_reading_is_at_fault_without_memory),
        cmocka_unit_test(no_writing_is_at_fault_without_memory),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
