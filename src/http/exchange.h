#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

/*
 * Inside of http/: what a request and a response are made of. Other rooms include request.h and
 * response.h only. An exchange is one request with its answer, from the request line to the last
 * byte sent; it has one thread at a time: the connection's, then a handler's, then the
 * connection's again.
 */
#include <stdatomic.h>

#include "http/accept.h"
#include "http/arena.h"
#include "http/headers.h"
#include "http/hub.h"
#include "http/request.h"
#include "http/response.h"
#include "http/route.h"
#include "http/server.h"
#include "http/target.h"

enum { REQUEST_ID_SIZE = 33, TRACEPARENT_SIZE = 56, PROBLEM_FIELDS_MAX = 64 };

/* What requests and responses need to know of their server. */
struct surroundings {
    bool is_https;             /* as the public sees us */
    const char *public_origin; /* "https://train.example", "" when not known */
    bool trust_forwarded;
    const char *problem_type; /* struct http_config has it */
    atomic_bool is_draining;  /* what runs or waits goes on; new requests are refused */
    atomic_bool is_stopping;  /* what waits is refused too, and what runs should give up */
};

struct request {
    struct arena *arena;
    const struct surroundings *around;
    enum http_method method;
    const char *method_text;
    const char *target_text;
    const char *path_text; /* made when asked for */
    struct target target;
    struct route_match match;
    struct headers headers;
    struct strbuf body;
    int body_fd; /* where it goes instead; -1: nowhere */
    int64_t body_size;
    const char *client;
    char id[REQUEST_ID_SIZE];
    char traceparent[TRACEPARENT_SIZE];
    struct form query, form;
    json_t *json; /* owned */
    bool has_query, has_form;
    void *user;
    void (*release_user)(void *user);
};

enum body_kind { BODY_NONE, BODY_BYTES, BODY_STATIC, BODY_FILE, BODY_STREAM };

struct problem_field {
    const char *field, *message;
};

struct response {
    struct arena *arena;
    const struct surroundings *around;
    const struct request *request;
    int status; /* 0: nothing said yet */
    struct header headers[RESPONSE_HEADERS_MAX];
    int32_t header_count;
    const char *cache_control; /* NULL: no-store */
    const char *etag;          /* with its quotes; NULL: none */
    enum body_kind kind;
    const char *type;
    struct strbuf bytes;      /* BYTES: owned */
    const void *static_bytes; /* STATIC */
    size_t static_size;
    int fd; /* FILE: owned, -1 otherwise */
    int64_t file_offset, file_size;
    struct hub_reader *reader;                 /* STREAM: owned */
    bool must_close;                           /* the connection, after this */
    const char *problem_code, *problem_detail; /* of a problem; NULL: it is none */
    struct problem_field *problem_fields;      /* [PROBLEM_FIELDS_MAX], made when the first comes */
    int32_t problem_field_count;
    const char *problem_name; /* of a value of its own */
    json_t *problem_value;    /* owned; NULL: none */
    const char *log_error;    /* for the log */
};

void request_init(struct request *request, struct arena *arena, const struct surroundings *around);
void request_release(struct request *request);
/* Make id and traceparent, from the header or anew. */
void request_trace(struct request *request);

void response_init(struct response *response, struct arena *arena,
                   const struct surroundings *around, const struct request *request);
void response_release(struct response *response);
/* Drop the body and what belongs to it; status and headers stay. */
void response_drop_body(struct response *response);
/* A problem's body that needs no memory; `status` in digits, as a text. */
#define PROBLEM_WORDS(status, title, code, detail)                                                 \
    "{\"type\":\"about:blank\",\"title\":\"" title "\",\"status\":" status ",\"code\":\"" code     \
    "\",\"detail\":\"" detail "\",\"instance\":\"\"}\n"
#define WITHOUT_MEMORY "the server has no memory for this now; try again later"

/* Write a problem's body from its parts. Without memory it is a 503 of words that need none. */
void response_problem_finish(struct response *response);

/* The standard words of a status: "Not Found". */
const char *http_status_text(int status);

#endif
