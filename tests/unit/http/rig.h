#ifndef TESTS_UNIT_HTTP_RIG_H
#define TESTS_UNIT_HTTP_RIG_H

/* A server on a free port of loopback with a few routes, and a client that writes raw bytes. */
#include <stdatomic.h>
#include <stdbool.h>

#include "http/server.h"

struct rig {
    struct http_config config; /* change it before rig_start */
    struct route_table *table;
    struct hub_limits hub_limits;
    struct hub *hub;
    struct http_server *server;
    atomic_int logged, released; /* calls of the hooks */
    atomic_bool hold;            /* while set, GET /held waits */
};

/* The defaults, made short where time matters. */
void rig_init(struct rig *rig);
void rig_start(struct rig *rig);
void rig_stop(struct rig *rig, int grace_ms);

/* One rig with the defaults for all tests of a program, as cmocka's state. */
int rig_group_start(void **state);
int rig_group_stop(void **state);

/* What ends a request's first line, with the field that none may lack. */
#define H " HTTP/1.1\r\nHost: h\r\n"

struct reply {
    int status;     /* 0: no answer */
    bool is_closed; /* the server closed the connection within the time */
    size_t len;
    char *head, *body; /* terminated, inside of bytes */
    char bytes[128 * 1024];
};

int client_open(const struct rig *rig);
int client_connect(int port); /* of loopback: any server */
void client_send(int fd, const void *bytes, size_t len);
void client_send_text(int fd, const char *text);
/* Read one response (by its Content-Length, or chunks) or until the time is over. */
void client_read(int fd, struct reply *reply, int timeout_ms);
/* The same, and then wait for the connection to be closed. */
void client_read_to_end(int fd, struct reply *reply, int timeout_ms);
/* All of it: a connection, the text, one response, closed. */
void client_ask(const struct rig *rig, const char *text, struct reply *reply);
/* The value of a field of the response's head, "" when it has none. The text is good until the next
 * call. */
const char *reply_field(const struct reply *reply, const char *name);

#endif
