/* Is the server there, and can it do its work? */
#include "api/app.h"
#include "api/routes.h"

/* Depends on nothing: an answer at all is the answer. */
static enum err live(void *app, struct request *request, struct response *response,
                     struct error *err)
{
    static const char body[] = "{\"status\":\"ok\"}\n";
    (void)app;
    (void)request;
    (void)err;
    response_static(response, "application/json", body, sizeof(body) - 1);
    return ERR_OK;
}

static const struct route routes[] = {
    {.method = HTTP_GET,
     .pattern = "/health/live",
     .handle = live,
     .flags = ROUTE_PUBLIC | ROUTE_INLINE},
};
const struct route_group health_routes = {routes, sizeof(routes) / sizeof(routes[0])};
