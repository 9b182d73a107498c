#include "api/routes.h"

#include <string.h>

#include "base/memory.h"

#define X(name) &(name),
static const struct route_group *const groups[] = {ROUTE_GROUPS(X)};
#undef X
enum { GROUPS = sizeof(groups) / sizeof(groups[0]) };

enum err api_routes(struct route **ret_routes, int32_t *ret_count, struct error *err)
{
    int32_t count = 0, at = 0;
    for (int32_t i = 0; i < GROUPS; i++)
        count += groups[i]->count;
    struct route *routes = mem_array((size_t)count, sizeof(*routes), err);
    if (routes == NULL)
        return ERR_NOMEM;
    for (int32_t i = 0; i < GROUPS; at += groups[i]->count, i++)
        memcpy(routes + at, groups[i]->routes, (size_t)groups[i]->count * sizeof(*routes));
    *ret_routes = routes;
    *ret_count = count;
    return ERR_OK;
}
