/* GET /api/v1/events: what happens to the user's jobs, as it happens. One stream serves a whole
 * tab; live.h says what comes. Last-Event-ID goes on where a stream was cut, also as the query's
 * last_event_id, for those who open a new one. */
#include <inttypes.h>
#include <stdio.h>

#include "api/answer.h"
#include "api/identity.h"
#include "api/live.h"
#include "api/routes.h"

static enum err open_stream(void *context, struct request *request, struct response *response,
                            struct error *err)
{
    static const char *const known[] = {"last_event_id", NULL};
    enum err rc;
    struct app *app = context;
    const char *last;
    char topic[HUB_TOPIC_MAX + 1];
    const struct identity *identity = request_identity(request);
    const char *header = request_header(request, "Last-Event-ID");
    TRY(query_check(request, known, err));
    TRY(query_text(request, "last_event_id", &last, err));
    live_topic(identity->user_id, topic);
    const struct hub_stream stream = {.topics = {topic},
                                      .owner = identity->owner,
                                      .last_event_id = header != NULL ? header : last};
    TRY(response_stream(response, app->hub, &stream, err));
    live_wake(app->live);
done:
    return rc;
}

static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/api/v1/events", .handle = open_stream},
};
const struct route_group events_routes = {routes, sizeof(routes) / sizeof(routes[0])};
