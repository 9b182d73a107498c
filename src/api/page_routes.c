/* The pages themselves. What they show is loaded by their scripts from the API; without scripts
 * the training page, jobs, models and predictions are rendered by the server (api/page_*.c). */
#include "api/page.h"
#include "api/page_training.h"
#include "api/routes.h"

static enum err start_page(void *app, struct request *request, struct response *response,
                           struct error *err)
{
    (void)app;
    (void)request;
    return response_redirect(response, 302, "/training/", err);
}

static enum err asset(void *app, struct request *request, struct response *response,
                      struct error *err)
{
    return page_asset(app, response, request_param(request, "file"), err);
}

static enum err training(void *app, struct request *request, struct response *response,
                         struct error *err)
{
    const struct page_training nothing = {0};
    return page_training(app, request, response, &nothing, err);
}

static enum err compare(void *app, struct request *request, struct response *response,
                        struct error *err)
{
    return page_answer(app, request, response, 200, "compare", "Compare", json_object(), err);
}

static enum err system_page(void *app, struct request *request, struct response *response,
                            struct error *err)
{
    return page_answer(app, request, response, 200, "system", "System", json_object(), err);
}

static enum err account(void *app, struct request *request, struct response *response,
                        struct error *err)
{
    return page_answer(app, request, response, 200, "account", "Account", json_object(), err);
}

static enum err docs(void *app, struct request *request, struct response *response,
                     struct error *err)
{
    return page_answer(app, request, response, 200, "docs", "API", json_object(), err);
}

static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/", .handle = start_page, .flags = ROUTE_PUBLIC | ROUTE_PAGE},
    {.method = HTTP_GET,
     .pattern = "/assets/{file...}",
     .handle = asset,
     .flags = ROUTE_PUBLIC | ROUTE_PAGE},
    {.method = HTTP_GET, .pattern = "/training/", .handle = training, .flags = ROUTE_PAGE},
    {.method = HTTP_GET, .pattern = "/compare/", .handle = compare, .flags = ROUTE_PAGE},
    {.method = HTTP_GET, .pattern = "/system/", .handle = system_page, .flags = ROUTE_PAGE},
    {.method = HTTP_GET, .pattern = "/account/", .handle = account, .flags = ROUTE_PAGE},
    {.method = HTTP_GET, .pattern = "/docs", .handle = docs, .flags = ROUTE_PAGE},
};
const struct route_group page_routes = {routes, sizeof(routes) / sizeof(routes[0])};
