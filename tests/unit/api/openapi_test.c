#include "api/openapi.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "api/routes.h"
#include "base/memory.h"
#include "eval/metrics.h"
#include "model/model.h"
#include "support/test.h"
#include "train/run.h"

static struct route *routes;
static int32_t route_count;
static json_t *document;

static int set_up(void **state)
{
    struct error err;
    struct openapi *openapi = NULL;
    (void)state;
    json_init();
    assert_ok(api_routes(&routes, &route_count, &err));
    assert_ok(openapi_create(routes, route_count, &openapi, &err));
    document = json_loads(openapi_text(openapi), JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(document);
    openapi_free(openapi);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    json_decref(document);
    mem_free(routes);
    return 0;
}

static json_t *operation_of(const struct route *route)
{
    char path[256], method[16];
    snprintf(method, sizeof(method), "%s", http_method_name(route->method));
    for (char *c = method; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    return json_object_get(json_object_get(json_object_get(document, "paths"),
                                           openapi_path(route->pattern, path, sizeof(path))),
                           method);
}

static void every_route_is_in_the_document(void **state)
{
    (void)state;
    for (int32_t i = 0; i < route_count; i++)
        if (operation_of(&routes[i]) == NULL)
            fail_msg("openapi.json has no %s %s", http_method_name(routes[i].method),
                     routes[i].pattern);
}

static void every_operation_of_the_document_is_a_route(void **state)
{
    const char *path, *method;
    json_t *item, *operation;
    (void)state;
    json_object_foreach(json_object_get(document, "paths"), path, item)
    {
        json_object_foreach(item, method, operation)
        {
            bool found = false;
            for (int32_t i = 0; i < route_count && !found; i++)
                found = operation_of(&routes[i]) == operation;
            if (!found)
                fail_msg("there is no route for %s %s of openapi.json", method, path);
        }
    }
}

static void every_operation_has_words_and_an_id_of_its_own(void **state)
{
    json_t *seen = json_object();
    (void)state;
    for (int32_t i = 0; i < route_count; i++) {
        const json_t *operation = operation_of(&routes[i]);
        const char *id = json_string_value(json_object_get(operation, "operationId"));
        const char *summary = json_string_value(json_object_get(operation, "summary"));
        if (id == NULL || summary == NULL || json_object_get(operation, "responses") == NULL)
            fail_msg("%s lacks operationId, summary or responses", routes[i].pattern);
        if (json_object_get(seen, id) != NULL)
            fail_msg("the operationId %s is there twice", id);
        json_object_set_new(seen, id, json_true());
        assert_int_equal(json_array_size(json_object_get(operation, "tags")), 1);
    }
    json_decref(seen);
}

static void parameters_of_the_path_are_described(void **state)
{
    (void)state;
    for (int32_t i = 0; i < route_count; i++) {
        const json_t *parameters = json_object_get(operation_of(&routes[i]), "parameters");
        for (const char *at = strchr(routes[i].pattern, '{'); at != NULL;
             at = strchr(at + 1, '{')) {
            const size_t len = strcspn(at + 1, ".}");
            size_t index;
            const json_t *parameter;
            bool found = false;
            json_array_foreach(parameters, index, parameter)
            {
                const char *name = json_string_value(json_object_get(parameter, "name"));
                found = found ||
                        (strlen(name) == len && memcmp(name, at + 1, len) == 0 &&
                         strcmp(json_string_value(json_object_get(parameter, "in")), "path") == 0);
            }
            if (!found)
                fail_msg("%s: {%.*s} is not described", routes[i].pattern, (int)len, at + 1);
        }
    }
}

static void security_follows_the_flags_of_the_route(void **state)
{
    (void)state;
    for (int32_t i = 0; i < route_count; i++) {
        const uint32_t flags = routes[i].flags;
        const json_t *operation = operation_of(&routes[i]);
        const json_t *security = json_object_get(operation, "security");
        const json_t *token = json_object_get(json_array_get(security, 1), "token");
        assert_int_equal(json_array_size(security) == 0, (flags & ROUTE_PUBLIC) != 0);
        assert_int_equal(token == NULL, (flags & (ROUTE_PUBLIC | ROUTE_SESSION)) != 0);
        if (token != NULL)
            assert_string_equal(json_string_value(json_array_get(token, 0)),
                                (flags & ROUTE_WRITE) != 0 ? "write" : "read");
        assert_int_equal(json_is_true(json_object_get(operation, "x-admin")),
                         (flags & ROUTE_ADMIN) != 0);
    }
}

/* Questions whose body would be too long for a query: they change nothing. */
static bool is_question(const struct route *route)
{
    static const char *const patterns[] = {"/api/v1/data_sources/check",
                                           "/api/v1/models/{ref}/recommend",
                                           "/api/v1/models/{ref}/explain"};
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
        if (route->method == HTTP_POST && strcmp(route->pattern, patterns[i]) == 0)
            return true;
    return false;
}

static void what_changes_something_needs_the_scope_write(void **state)
{
    (void)state;
    for (int32_t i = 0; i < route_count; i++) {
        if (routes[i].method == HTTP_GET || (routes[i].flags & ROUTE_PUBLIC) != 0 ||
            is_question(&routes[i]))
            continue;
        if ((routes[i].flags & ROUTE_WRITE) == 0)
            fail_msg("%s %s may be called by a token that only reads",
                     http_method_name(routes[i].method), routes[i].pattern);
    }
}

static const json_t *schema(const char *name)
{
    return json_object_get(json_object_get(json_object_get(document, "components"), "schemas"),
                           name);
}

static void schemas_know_every_kind_parameter_and_metric(void **state)
{
    const json_t *params = json_object_get(schema("Params"), "properties");
    const json_t *wanted = json_object_get(schema("JobRequest"), "properties");
    const json_t *run = json_object_get(schema("RunParams"), "properties");
    (void)state;
    assert_int_equal(json_array_size(json_object_get(schema("ModelTypeName"), "enum")),
                     model_kind_count());
    for (int32_t k = 0; k < model_kind_count(); k++)
        for (int32_t i = 0; i < model_kind_at(k)->params.count; i++) {
            assert_non_null(json_object_get(params, model_kind_at(k)->params.params[i].name));
            assert_non_null(json_object_get(wanted, model_kind_at(k)->params.params[i].name));
        }
    for (int32_t i = 0; i < run_param_table.count; i++) {
        assert_non_null(json_object_get(run, run_param_table.params[i].name));
        assert_non_null(json_object_get(wanted, run_param_table.params[i].name));
    }
    for (int32_t i = 0; i < metric_count(); i++)
        assert_non_null(
            json_object_get(json_object_get(schema("Metrics"), "properties"), metric_at(i)->name));
}

static void ranges_and_defaults_are_those_of_the_tables(void **state)
{
    const json_t *factors =
        json_object_get(json_object_get(schema("JobRequest"), "properties"), "factors");
    const json_t *solver =
        json_object_get(json_object_get(schema("JobRequest"), "properties"), "solver");
    const json_t *days =
        json_object_get(json_object_get(schema("JobRequest"), "properties"), "eval_days");
    (void)state;
    assert_int_equal(json_integer_value(json_object_get(factors, "minimum")), 1);
    assert_int_equal(json_integer_value(json_object_get(factors, "maximum")), 512);
    assert_int_equal(json_integer_value(json_object_get(factors, "default")), 60);
    assert_string_equal(json_string_value(json_array_get(json_object_get(solver, "enum"), 0)),
                        "cg");
    assert_non_null(json_object_get(days, "exclusiveMinimum"));
    assert_null(json_object_get(days, "minimum"));
}

/* Every {"$ref": "#/a/b"} names something of the document. */
static void check_references(const json_t *value)
{
    const char *key;
    size_t index;
    json_t *member;
    const char *reference = json_string_value(json_object_get(value, "$ref"));
    if (reference != NULL) {
        const json_t *at = document;
        assert_memory_equal(reference, "#/", 2);
        for (const char *from = reference + 2; at != NULL && *from != '\0';) {
            const size_t len = strcspn(from, "/");
            at = json_object_getn(at, from, len);
            from += len + (from[len] == '/');
        }
        if (at == NULL)
            fail_msg("%s leads nowhere", reference);
    }
    json_object_foreach((json_t *)value, key, member) check_references(member);
    json_array_foreach(value, index, member) check_references(member);
}

static void references_lead_somewhere(void **state)
{
    (void)state;
    check_references(document);
}

static void no_memory_leaves_nothing_behind(void **state)
{
    struct error err;
    const int64_t before = mem_held_bytes();
    (void)state;
    for (int64_t n = 1; n < 4000; n += 97) {
        struct openapi *openapi = NULL;
        mem_fail_after(n);
        const enum err rc = openapi_create(routes, route_count, &openapi, &err);
        mem_fail_after(0);
        assert_true(rc != ERR_OK);
        assert_null(openapi);
        assert_int_equal(mem_held_bytes(), before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_in_the_document),
        cmocka_unit_test(every_operation_of_the_document_is_a_route),
        cmocka_unit_test(every_operation_has_words_and_an_id_of_its_own),
        cmocka_unit_test(parameters_of_the_path_are_described),
        cmocka_unit_test(security_follows_the_flags_of_the_route),
        cmocka_unit_test(what_changes_something_needs_the_scope_write),
        cmocka_unit_test(schemas_know_every_kind_parameter_and_metric),
        cmocka_unit_test(ranges_and_defaults_are_those_of_the_tables),
        cmocka_unit_test(references_lead_somewhere),
        cmocka_unit_test(no_memory_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
