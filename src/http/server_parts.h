#ifndef HTTP_SERVER_PARTS_H
#define HTTP_SERVER_PARTS_H

/* Inside of http/: what server.c, conversation.c and send.c share. Only these know libmicrohttpd.
 */
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "http/exchange.h"
#include "http/link.h"
#include "http/listen.h"
#include "http/server.h"
#include "http/workers.h"

struct http_server {
    struct http_config config; /* with what was left to us filled in */
    struct surroundings around;
    char public_origin[256];
    struct MHD_Daemon *daemon;
    int listen_fd; /* ours only until the daemon has it */
    int port;
    char address[LISTEN_ADDRESS_SIZE];
    struct links links;
    struct workers *workers;
    struct http_metrics *metrics;
    atomic_int active; /* exchanges that are not finished */
    pthread_t reaper;
    bool has_reaper;
    pthread_mutex_t reaper_lock;
    pthread_cond_t reaper_stop;
    bool is_stopping; /* under reaper_lock */
};

enum stage {
    STAGE_LINE,      /* the request line was read */
    STAGE_ADMITTING, /* suspended, while a worker asks where the body shall go */
    STAGE_ADMITTED,  /* it is known, or the response says why not */
    STAGE_BODY,      /* the headers too, and they are well */
    STAGE_HANDLING,  /* suspended, while a worker runs the handler */
    STAGE_ANSWERED,  /* the response is to be sent */
    STAGE_SENDING,
};

struct exchange {
    struct http_server *server;
    struct MHD_Connection *connection;
    struct link *link;
    enum stage stage;
    struct arena arena;
    size_t target_len;
    int refused;      /* the status that refuses it, found before the headers were read */
    double began;     /* when the headers were read */
    int64_t began_ms; /* the same, for the body's deadline */
    int64_t body_max;
    bool is_running;  /* counted as such */
    bool is_admitted; /* the body has a file, so that `before` was asked */
    int body_errno;   /* why the file could not take it; 0: it could */
    struct request request;
    struct response response;
};

/* The callbacks for MHD_start_daemon; `cls` is the server. */
void *conversation_begin(void *cls, const char *target, struct MHD_Connection *connection);
enum MHD_Result conversation_go_on(void *cls, struct MHD_Connection *connection, const char *url,
                                   const char *method, const char *version, const char *upload,
                                   size_t *upload_size, void **context);
void conversation_end(void *cls, struct MHD_Connection *connection, void **context,
                      enum MHD_RequestTerminationCode why);
void conversation_link(void *cls, struct MHD_Connection *connection, void **socket_context,
                       enum MHD_ConnectionNotificationCode what);
/* Upload.c: ask, on a worker's thread, whether and where the body may come in; and take a piece of
 * it, false where that is more than may come. */
void upload_admit(struct exchange *exchange);
bool upload_keep(struct exchange *exchange, const char *bytes, size_t size);
/* Hand what came of it to the log. */
void exchange_tell(const struct exchange *exchange, double seconds);
/* What a worker does with an exchange. */
void conversation_handle(void *exchange);

/* Hand the response to libmicrohttpd. MHD_NO: the connection is closed. */
enum MHD_Result exchange_send(struct exchange *exchange);

#endif
