#ifndef API_ACCESS_LOG_H
#define API_ACCESS_LOG_H

/* What is told of requests (base/log.h): each finished one, and what concerns the security of
 * accounts. Neither queries nor bodies are logged, since they may hold secrets. */
#include "http/request.h"
#include "http/server.h"

/* The hook of struct http_config. A request that went well to /health/, /metrics or /assets/ is
 * told at the level debug, all others at info, failures of ours at error. */
void access_log(void *app, const struct http_access *access);

/* Something to remember of an account: "login", "login_failed", "token_made" … user_id 0: unknown.
 */
void audit_log(const struct request *request, const char *event, int64_t user_id);

#endif
