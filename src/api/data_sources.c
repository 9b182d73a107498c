/* GET /api/v1/data_sources: the data that there is to train on. */
#include "api/identity.h"
#include "api/routes.h"
#include "worker/data_path.h"

static enum err list_sources(void *context, struct request *request, struct response *response,
                             struct error *err)
{
    enum err rc;
    json_t *sources;
    const struct app *app = context;
    (void)request;
    TRY(data_sources_list(app->config, &sources, err));
    rc = response_json(response, 200, sources, err);
done:
    return rc;
}

static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/api/v1/data_sources", .handle = list_sources},
};
const struct route_group data_sources_routes = {routes, sizeof(routes) / sizeof(routes[0])};
