#include "api/access_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/identity.h"
#include "base/log.h"

static bool is_routine(const struct http_access *access)
{
    static const char *const prefixes[] = {"/health/", "/metrics", "/assets/"};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        if (strncmp(access->route, prefixes[i], strlen(prefixes[i])) == 0)
            return access->status < 400;
    return false;
}

void access_log(void *app, const struct http_access *access)
{
    char path[256], error[256], user[32] = "", why[LOG_VALUE_MAX] = "";
    char cut[256];
    const struct identity *identity = access->user;
    (void)app;
    const enum log_level level = access->status >= 500 ? LOG_ERROR
                                 : is_routine(access)  ? LOG_DEBUG
                                                       : LOG_INFO;
    if (!log_is_on(level))
        return;
    snprintf(cut, sizeof(cut), "%.*s", (int)strcspn(access->target, "?"), access->target);
    if (identity != NULL)
        snprintf(user, sizeof(user), " user_id=%" PRId64, identity->user_id);
    if (access->status >= 400 || access->status == 0)
        snprintf(why, sizeof(why), " error=%s", log_value(access->error, error, sizeof(error)));
    log_write(level, "request",
              "method=%s path=%s status=%d ms=%.1f bytes=%" PRId64 " client=%s request_id=%s%s%s",
              access->method, log_value(cut, path, sizeof(path)), access->status,
              access->seconds * 1000, access->body_bytes, access->client, access->request_id, user,
              why);
}

void audit_log(const struct request *request, const char *event, int64_t user_id)
{
    char user[32] = "";
    if (user_id != 0)
        snprintf(user, sizeof(user), " user_id=%" PRId64, user_id);
    log_info(event, "client=%s request_id=%s%s", request_client(request), request_id(request),
             user);
}
