#ifndef API_SERVICE_H
#define API_SERVICE_H

/* The whole server of `rectrain serve`: store, event streams, HTTP, and what runs beside them. */
#include <stdint.h>

#include "config/config.h"

struct service;

/*
 * Open the store (its schema is brought up to date), make the demo account where DEMO_USER says
 * so, and listen. `config` is borrowed until the service is closed. ERR_INVALID: a setting;
 * errors of store_open and http_server_open.
 */
MUST_CHECK enum err service_open(const struct config *config, struct service **ret_service,
                                 struct error *err);

/* "http://127.0.0.1:8080": where it can be reached, by PUBLIC_URL where that is set. */
const char *service_url(const struct service *service);

/* Stop listening, let what runs finish for at most grace_ms, and free it all. NULL is allowed. */
void service_close(struct service *service, int32_t grace_ms);

#endif
