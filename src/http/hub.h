#ifndef HTTP_HUB_H
#define HTTP_HUB_H

/*
 * Server-sent events: the application publishes an event on a topic, and every stream that is open
 * on the topic gets it. Streams wait without a thread of their own: thousands cost some 10 KB each.
 *
 * Each event has an id "<start of this hub>-<number>"; the last ones are kept, so that a client
 * that lost its connection and sends Last-Event-ID gets what it missed. Where that is no longer to
 * be had (too long ago, or the server was restarted), it gets the event `reset` first, and is to
 * load its state anew.
 *
 * A stream that is behind by more than its share is cut: its client comes back and says where it
 * was. Idle streams get a comment each ping_ms, which keeps proxies awake and finds dead clients.
 *
 * Any thread may call any function.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct response; /* http/response.h */

enum { HUB_TOPIC_MAX = 64, HUB_TOPICS_MAX = 4, HUB_EVENT_BYTES_MAX = 256 * 1024 };

struct hub_limits {
    int32_t streams;           /* at once, 2,048 */
    int32_t streams_per_owner; /* 4 */
    int32_t ring_events;       /* kept for Last-Event-ID, 4,096 */
    int64_t ring_bytes;        /* of all of these, 8 MiB */
    int32_t queue_events;      /* that a stream may be behind, 512 */
    int64_t queue_bytes;       /* 512 KiB */
    int32_t ping_ms;           /* 15 s */
    int32_t retry_ms;          /* told to clients: when to come back, 2 s */
};

struct hub;

void hub_limits_init(struct hub_limits *limits);
MUST_CHECK enum err hub_create(const struct hub_limits *limits, struct hub **ret_hub,
                               struct error *err);
/* All streams must be gone: close the server first. NULL is allowed. */
void hub_free(struct hub *hub);

/* Send an event to all streams of `topic`: `event` is a word, `data` text without NUL (its lines
 * become data: lines). Cost: the streams open, some 0.1 us each, 1 us where it is delivered.
 * ERR_INVALID: topic or event are no such thing or it is too large; ERR_NOMEM. */
MUST_CHECK enum err hub_publish(struct hub *hub, const char *topic, const char *event,
                                const char *data, struct error *err);

/* Who listens to what. */
struct hub_stream {
    const char *topics[HUB_TOPICS_MAX]; /* the first NULL ends them */
    const char *owner;         /* whose it is (a session); counts for the limit per owner */
    const char *last_event_id; /* of the header or the query; NULL: only what comes now */
};

/* Make the response a stream of events: status 200, text/event-stream. Call it in a handler whose
 * server was given the hub. ERR_DENIED (reason "too_many_streams", 429), ERR_NOMEM. */
MUST_CHECK enum err response_stream(struct response *response, struct hub *hub,
                                    const struct hub_stream *stream, struct error *err);

/* End the streams of an owner, at a logout. How many. */
int32_t hub_close_owner(struct hub *hub, const char *owner);

struct hub_counts {
    int64_t streams;           /* open now */
    int64_t opened, published; /* since the start */
    int64_t delivered, cut;    /* events put into a stream; streams that were too slow */
};
struct hub_counts hub_counts(struct hub *hub);

/* ---- for http/ and its tests ---- */

struct hub_reader; /* one stream's end */

enum { HUB_WAIT = 0, HUB_END = -1, HUB_CUT = -2 };

/* How a reader's connection sleeps and wakes; called with the hub locked, from any thread. `sleep`
 * is called by hub_read, before it returns HUB_WAIT; then `wake` once, when there is more. */
struct hub_waiter {
    void (*sleep)(void *context);
    void (*wake)(void *context);
    void (*cut)(void *context); /* the stream is too slow: close its connection */
    /* The client has closed its end, which a sleeping connection does not notice by itself. Asked
     * before a new stream of the same owner is refused, so that whoever loads a page again and
     * again is not kept out by the streams of the pages before. NULL: not known. */
    bool (*is_gone)(void *context);
    void *context;
};

MUST_CHECK enum err hub_open(struct hub *hub, const struct hub_stream *stream,
                             struct hub_reader **ret_reader, struct error *err);
void hub_reader_set_waiter(struct hub_reader *reader, const struct hub_waiter *waiter);
/* Up to `size` bytes of what is to be sent; HUB_WAIT, HUB_END or HUB_CUT when there are none. */
ssize_t hub_read(struct hub_reader *reader, char *bytes, size_t size);
void hub_reader_free(struct hub_reader *reader); /* NULL is allowed */

/* Ping what has been idle; call it a few times per ping_ms. */
void hub_tick(struct hub *hub);
/* End all streams, and refuse new ones from now on. */
void hub_close(struct hub *hub);

#endif
