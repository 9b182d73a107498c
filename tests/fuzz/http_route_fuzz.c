/* Any text as a request's target: no handler sees a value with a slash, "..", or a control. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "http/percent.h"
#include "http/route.h"
#include "http/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static enum err nothing(void *app, struct request *request, struct response *response,
                        struct error *err)
{
    (void)app;
    (void)request;
    (void)response;
    (void)err;
    return ERR_OK;
}

static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/a/{x}", .handle = nothing},
    {.method = HTTP_POST, .pattern = "/a/{x}/{y}", .handle = nothing},
    {.method = HTTP_GET, .pattern = "/a/b/", .handle = nothing},
    {.method = HTTP_GET, .pattern = "/f/{rest...}", .handle = nothing},
    {.method = HTTP_GET, .pattern = "/", .handle = nothing},
};

static void check_segment(const char *value, size_t len)
{
    if ((len == 1 && value[0] == '.') || (len == 2 && memcmp(value, "..", 2) == 0))
        __builtin_trap();
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)value[i] < 0x20 || value[i] == 0x7F || value[i] == '\\')
            __builtin_trap();
}

static void check_match(const struct route_match *match)
{
    static const char *const names[] = {"x", "y", "rest"};
    for (size_t i = 0; i < 3; i++) {
        const char *value = route_value(match, names[i]);
        if (i < 2 && strchr(value, '/') != NULL)
            __builtin_trap();
        if (!text_is_utf8(value, strlen(value)))
            __builtin_trap();
        while (*value != '\0') {
            const size_t len = strcspn(value, "/");
            check_segment(value, len);
            value += len + (value[len] == '/');
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct route_table *table;
    static char text[16 * 1024];
    struct error err;
    struct arena arena;
    struct target target;
    struct route_match match;
    if (table == NULL && route_table_create(routes, 5, &table, &err) != ERR_OK)
        __builtin_trap();
    const size_t len = size < sizeof(text) - 1 ? size : sizeof(text) - 1;
    memcpy(text, bytes, len);
    text[len] = '\0';
    if (!target_parse(text, &target))
        return 0;
    for (enum http_method method = HTTP_GET; method <= HTTP_METHOD_COUNT; method++) {
        arena_init(&arena, 1 << 20);
        const int status =
            route_find(table, &arena, method, target.path.ptr, target.path.len, &match);
        if (status == 0)
            check_match(&match);
        else if (match.route != NULL || (status == 308) != (match.redirect != NULL))
            __builtin_trap();
        arena_release(&arena);
    }
    return 0;
}
