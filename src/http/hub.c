#include "http/hub.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/param.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

enum { SLOTS_AT_FIRST = 4 };

/* One event, as it is sent; shared by the ring and all queues that hold it. */
struct event {
    int64_t uses; /* under the hub's lock */
    uint64_t number;
    char topic[HUB_TOPIC_MAX + 1];
    uint64_t topic_hash;
    size_t len;
    char bytes[];
};

struct hub_reader {
    struct hub *hub;
    struct hub_reader *previous, *next;
    uint64_t owner_hash; /* alone; topics are compared by their text too */
    struct hub_waiter waiter;
    bool is_asleep, is_ended, is_cut, wants_ping;
    double last_sent;
    char hello[96]; /* what stands before the first event */
    size_t hello_len, hello_sent;
    struct event **queue; /* a ring that grows up to queue_events, for most streams need little */
    int32_t slots, first, count;
    size_t first_sent; /* bytes of the first event that were read */
    int64_t queued_bytes;
    int32_t topic_count;
    struct topic {
        uint64_t hash;
        char text[HUB_TOPIC_MAX + 1];
    } topics[]; /* [topic_count] */
};

struct hub {
    struct hub_limits limits;
    pthread_mutex_t lock;
    char boot[17]; /* this hub's start, in its ids */
    bool is_closed;
    struct hub_reader *readers;
    struct event **ring; /* [ring_events] */
    int32_t ring_first, ring_count;
    int64_t ring_held;
    uint64_t last_number;
    struct hub_counts counts;
};

void hub_limits_init(struct hub_limits *limits)
{
    *limits = (struct hub_limits){.streams = 2048,
                                  .streams_per_owner = 4,
                                  .ring_events = 4096,
                                  .ring_bytes = 8 << 20,
                                  .queue_events = 512,
                                  .queue_bytes = 512 << 10,
                                  .ping_ms = 15000,
                                  .retry_ms = 2000};
}

enum err hub_create(const struct hub_limits *limits, struct hub **ret_hub, struct error *err)
{
    enum err rc = ERR_OK;
    uint64_t boot = (uint64_t)(clock_seconds() * 1e9);
    struct hub *hub = NULL;
    if (limits->streams < 1 || limits->ring_events < 1 || limits->queue_events < 2 ||
        limits->ring_bytes < 1 || limits->queue_bytes < 1 || limits->ping_ms < 1)
        return FAIL(err, ERR_INVALID, "a limit of the event streams is below 1");
    TRY_PTR(hub = mem_array(1, sizeof(*hub), err));
    hub->limits = *limits;
    pthread_mutex_init(&hub->lock, NULL);
    TRY_PTR(hub->ring = mem_array((size_t)limits->ring_events, sizeof(struct event *), err));
    (void)!getrandom(&boot, sizeof(boot), 0); /* the clock's time does where it gives none */
    snprintf(hub->boot, sizeof(hub->boot), "%016llx", (unsigned long long)boot);
    *ret_hub = hub;
    hub = NULL;
done:
    hub_free(hub);
    return rc;
}

static void release_event(struct event *event)
{
    if (--event->uses == 0)
        mem_free(event);
}

static void drop_oldest(struct hub *hub)
{
    struct event *event = hub->ring[hub->ring_first];
    hub->ring_first = (hub->ring_first + 1) % hub->limits.ring_events;
    hub->ring_count--;
    hub->ring_held -= (int64_t)event->len;
    release_event(event);
}

void hub_free(struct hub *hub)
{
    if (hub == NULL)
        return;
    while (hub->ring_count > 0)
        drop_oldest(hub);
    mem_free(hub->ring);
    pthread_mutex_destroy(&hub->lock);
    mem_free(hub);
}

/* ---- to one stream ---- */

static void wake(struct hub_reader *reader)
{
    if (!reader->is_asleep)
        return;
    reader->is_asleep = false;
    if (reader->waiter.wake != NULL)
        reader->waiter.wake(reader->waiter.context);
}

static void cut(struct hub *hub, struct hub_reader *reader)
{
    if (reader->is_cut)
        return;
    reader->is_cut = true;
    hub->counts.cut++;
    if (reader->waiter.cut != NULL)
        reader->waiter.cut(reader->waiter.context);
    wake(reader);
}

/* Make room for one more event. False: the queue is as long as it may be, or memory is out. */
static bool reserve_slot(const struct hub *hub, struct hub_reader *reader)
{
    struct error ignored;
    const int32_t most = hub->limits.queue_events;
    int32_t wanted = reader->slots > 0 ? 2 * reader->slots : SLOTS_AT_FIRST;
    if (reader->count < reader->slots)
        return true;
    if (reader->slots >= most)
        return false;
    wanted = wanted < most ? wanted : most;
    struct event **queue = mem_plain((size_t)wanted * sizeof(struct event *), &ignored);
    if (queue == NULL)
        return false;
    for (int32_t i = 0; i < reader->count; i++)
        queue[i] = reader->queue[(reader->first + i) % reader->slots];
    mem_free(reader->queue);
    reader->queue = queue;
    reader->slots = wanted;
    reader->first = 0;
    return true;
}

static void deliver(struct hub *hub, struct hub_reader *reader, struct event *event)
{
    if (reader->is_cut || reader->is_ended)
        return;
    if (reader->queued_bytes + (int64_t)event->len > hub->limits.queue_bytes ||
        !reserve_slot(hub, reader)) {
        cut(hub, reader);
        return;
    }
    reader->queue[(reader->first + reader->count++) % reader->slots] = event;
    reader->queued_bytes += (int64_t)event->len;
    event->uses++;
    hub->counts.delivered++;
    wake(reader);
}

static bool listens(const struct hub_reader *reader, const struct event *event)
{
    for (int32_t i = 0; i < reader->topic_count; i++)
        if (reader->topics[i].hash == event->topic_hash &&
            strcmp(reader->topics[i].text, event->topic) == 0)
            return true;
    return false;
}

/* ---- publishing ---- */

static bool is_word(const char *text, size_t max)
{
    size_t len = 0;
    for (; len <= max && text[len] != '\0'; len++)
        if ((unsigned char)text[len] <= 0x20 || (unsigned char)text[len] >= 0x7F)
            return false;
    return len > 0 && len <= max;
}

/* The bytes of an event but for its id, which is known only under the lock. */
static enum err write_event(const char *event, const char *data, struct strbuf *out,
                            struct error *err)
{
    enum err rc;
    TRY(strbuf_addf(out, err, "event: %s\n", event));
    for (;;) {
        const size_t len = strcspn(data, "\r\n");
        TRY(strbuf_add(out, "data: ", 6, err));
        TRY(strbuf_add(out, data, len, err));
        TRY(strbuf_add(out, "\n", 1, err));
        data += len;
        if (*data == '\0')
            break;
        data += data[0] == '\r' && data[1] == '\n' ? 2 : 1;
    }
    TRY(strbuf_add(out, "\n", 1, err));
done:
    return rc;
}

static void keep_in_ring(struct hub *hub, struct event *event)
{
    while (hub->ring_count > 0 && (hub->ring_count == hub->limits.ring_events ||
                                   hub->ring_held + (int64_t)event->len > hub->limits.ring_bytes))
        drop_oldest(hub);
    hub->ring[(hub->ring_first + hub->ring_count++) % hub->limits.ring_events] = event;
    hub->ring_held += (int64_t)event->len;
    event->uses++;
}

static void send_to_all(struct hub *hub, struct event *event, const struct strbuf *text)
{
    pthread_mutex_lock(&hub->lock);
    event->number = ++hub->last_number;
    const int id =
        snprintf(event->bytes, 48, "id: %s-%llu\n", hub->boot, (unsigned long long)event->number);
    memcpy(event->bytes + id, text->ptr, text->len);
    event->len = (size_t)id + text->len;
    event->uses = 1;
    hub->counts.published++;
    keep_in_ring(hub, event);
    for (struct hub_reader *reader = hub->readers; reader != NULL; reader = reader->next)
        if (listens(reader, event))
            deliver(hub, reader, event);
    release_event(event);
    pthread_mutex_unlock(&hub->lock);
}

enum err hub_publish(struct hub *hub, const char *topic, const char *event, const char *data,
                     struct error *err)
{
    enum err rc;
    struct strbuf text;
    struct event *made;
    strbuf_init(&text, 2 * HUB_EVENT_BYTES_MAX);
    if (!is_word(topic, HUB_TOPIC_MAX) || !is_word(event, HUB_TOPIC_MAX))
        return FAIL(err, ERR_INVALID, "a topic and an event are words of at most %d characters",
                    HUB_TOPIC_MAX);
    TRY(write_event(event, data, &text, err));
    if (text.len > HUB_EVENT_BYTES_MAX) {
        rc = FAIL(err, ERR_INVALID, "an event has at most %d bytes", HUB_EVENT_BYTES_MAX);
        goto done;
    }
    TRY_PTR(made = mem_array(1, sizeof(*made) + text.len + 48, err));
    memcpy(made->topic, topic, strlen(topic) + 1);
    made->topic_hash = text_hash_string(topic);
    send_to_all(hub, made, &text);
done:
    strbuf_release(&text);
    return rc;
}

/* ---- opening and reading: the other end ---- */

/* Give a new reader what it missed. The number in `last`, of this start; 0 when it is not ours. */
static void catch_up(struct hub *hub, struct hub_reader *reader, const char *last)
{
    int64_t number = 0;
    const size_t boot_len = strlen(hub->boot);
    const bool is_ours = strncmp(last, hub->boot, boot_len) == 0 && last[boot_len] == '-' &&
                         text_int(last + boot_len + 1, &number) && number >= 0 &&
                         (uint64_t)number <= hub->last_number;
    const uint64_t oldest = hub->last_number - (uint64_t)hub->ring_count + 1;
    if (!is_ours || (uint64_t)number + 1 < oldest) {
        /* With the newest id, so that the next return starts from here. */
        reader->hello_len += (size_t)snprintf(reader->hello + reader->hello_len,
                                              sizeof(reader->hello) - reader->hello_len,
                                              "id: %s-%llu\nevent: reset\ndata: {}\n\n", hub->boot,
                                              (unsigned long long)hub->last_number);
        return;
    }
    for (int32_t i = 0; i < hub->ring_count; i++) {
        struct event *event = hub->ring[(hub->ring_first + i) % hub->limits.ring_events];
        if (event->number > (uint64_t)number && listens(reader, event))
            deliver(hub, reader, event);
    }
}

/* The owner's streams; first, if asked to, those are cut that nobody reads any more. */
static int32_t count_of_owner(struct hub *hub, uint64_t owner_hash, bool cuts_gone)
{
    int32_t count = 0;
    for (struct hub_reader *other = hub->readers; other != NULL; other = other->next) {
        if (other->owner_hash != owner_hash)
            continue;
        if (cuts_gone && other->waiter.is_gone != NULL &&
            other->waiter.is_gone(other->waiter.context))
            cut(hub, other);
        count += !other->is_cut;
    }
    return count;
}

static enum err admit(struct hub *hub, struct hub_reader *reader, struct error *err)
{
    const int32_t most = hub->limits.streams_per_owner;
    const bool is_full = count_of_owner(hub, reader->owner_hash, false) >= most &&
                         count_of_owner(hub, reader->owner_hash, true) >= most;
    if (hub->is_closed)
        return FAIL_REASON(err, ERR_DENIED, "unavailable", "the server is stopping");
    if (hub->counts.streams >= hub->limits.streams || is_full)
        return FAIL_REASON(err, ERR_DENIED, "too_many_streams", "too many event streams are open");
    reader->next = hub->readers;
    if (reader->next != NULL)
        reader->next->previous = reader;
    hub->readers = reader;
    hub->counts.streams++;
    hub->counts.opened++;
    return ERR_OK;
}

static enum err make_reader(struct hub *hub, const struct hub_stream *stream,
                            struct hub_reader **ret_reader, struct error *err)
{
    size_t count = 0;
    for (; count < HUB_TOPICS_MAX && stream->topics[count] != NULL; count++)
        if (!is_word(stream->topics[count], HUB_TOPIC_MAX))
            return FAIL(err, ERR_INVALID, "a topic is a word of at most %d characters",
                        HUB_TOPIC_MAX);
    struct hub_reader *reader = mem_plain(sizeof(*reader) + count * sizeof(struct topic), err);
    if (reader == NULL)
        return ERR_NOMEM;
    *reader = (struct hub_reader){.hub = hub,
                                  .last_sent = clock_seconds(),
                                  .owner_hash = text_hash_string(stream->owner),
                                  .topic_count = (int32_t)count};
    for (size_t i = 0; i < count; i++) {
        memcpy(reader->topics[i].text, stream->topics[i], strlen(stream->topics[i]) + 1);
        reader->topics[i].hash = text_hash_string(stream->topics[i]);
    }
    reader->hello_len = (size_t)snprintf(reader->hello, sizeof(reader->hello), "retry: %d\n\n",
                                         hub->limits.retry_ms);
    *ret_reader = reader;
    return ERR_OK;
}

enum err hub_open(struct hub *hub, const struct hub_stream *stream, struct hub_reader **ret_reader,
                  struct error *err)
{
    struct hub_reader *reader;
    enum err rc = make_reader(hub, stream, &reader, err);
    if (rc != ERR_OK)
        return rc;
    pthread_mutex_lock(&hub->lock);
    rc = admit(hub, reader, err);
    if (rc == ERR_OK && stream->last_event_id != NULL)
        catch_up(hub, reader, stream->last_event_id);
    pthread_mutex_unlock(&hub->lock);
    if (rc != ERR_OK)
        mem_free(reader);
    else
        *ret_reader = reader;
    return rc;
}

void hub_reader_set_waiter(struct hub_reader *reader, const struct hub_waiter *waiter)
{
    pthread_mutex_lock(&reader->hub->lock);
    reader->waiter = *waiter;
    pthread_mutex_unlock(&reader->hub->lock);
}

/* Move as much of the queue as fits. */
static size_t read_queue(struct hub_reader *reader, char *bytes, size_t size)
{
    size_t used = 0;
    while (reader->count > 0 && used < size) {
        struct event *event = reader->queue[reader->first];
        const size_t part = MIN(event->len - reader->first_sent, size - used);
        memcpy(bytes + used, event->bytes + reader->first_sent, part);
        used += part;
        if ((reader->first_sent += part) < event->len)
            break;
        reader->first = (reader->first + 1) % reader->slots;
        reader->count--;
        reader->first_sent = 0;
        reader->queued_bytes -= (int64_t)event->len;
        release_event(event);
    }
    return used;
}

static ssize_t read_locked(struct hub_reader *reader, char *bytes, size_t size)
{
    size_t used = MIN(reader->hello_len - reader->hello_sent, size);
    memcpy(bytes, reader->hello + reader->hello_sent, used);
    reader->hello_sent += used;
    if (reader->is_cut)
        return HUB_CUT;
    used += read_queue(reader, bytes + used, size - used);
    if (used == 0 && reader->wants_ping && size >= 2)
        memcpy(bytes, ":\n", used = 2);
    if (used > 0) {
        reader->wants_ping = false;
        reader->last_sent = clock_seconds();
        return (ssize_t)used;
    }
    if (reader->is_ended || reader->hub->is_closed)
        return HUB_END;
    reader->is_asleep = true;
    if (reader->waiter.sleep != NULL)
        reader->waiter.sleep(reader->waiter.context);
    return HUB_WAIT;
}

ssize_t hub_read(struct hub_reader *reader, char *bytes, size_t size)
{
    pthread_mutex_lock(&reader->hub->lock);
    const ssize_t got = read_locked(reader, bytes, size);
    pthread_mutex_unlock(&reader->hub->lock);
    return got;
}

void hub_reader_free(struct hub_reader *reader)
{
    if (reader == NULL)
        return;
    struct hub *hub = reader->hub;
    pthread_mutex_lock(&hub->lock);
    if (reader->previous != NULL)
        reader->previous->next = reader->next;
    else
        hub->readers = reader->next;
    if (reader->next != NULL)
        reader->next->previous = reader->previous;
    hub->counts.streams--;
    for (; reader->count > 0; reader->count--) {
        release_event(reader->queue[reader->first]);
        reader->first = (reader->first + 1) % reader->slots;
    }
    pthread_mutex_unlock(&hub->lock);
    mem_free(reader->queue);
    mem_free(reader);
}

/* ---- all streams ---- */

void hub_tick(struct hub *hub)
{
    const double due = clock_seconds() - 1e-3 * hub->limits.ping_ms;
    pthread_mutex_lock(&hub->lock);
    for (struct hub_reader *reader = hub->readers; reader != NULL; reader = reader->next) {
        if (reader->is_asleep && reader->last_sent <= due) {
            reader->wants_ping = true;
            wake(reader);
        }
    }
    pthread_mutex_unlock(&hub->lock);
}

void hub_close(struct hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    hub->is_closed = true;
    for (struct hub_reader *reader = hub->readers; reader != NULL; reader = reader->next)
        wake(reader);
    pthread_mutex_unlock(&hub->lock);
}

int32_t hub_close_owner(struct hub *hub, const char *owner)
{
    int32_t closed = 0;
    const uint64_t hash = text_hash_string(owner);
    pthread_mutex_lock(&hub->lock);
    for (struct hub_reader *reader = hub->readers; reader != NULL; reader = reader->next) {
        if (reader->owner_hash != hash || reader->is_ended)
            continue;
        reader->is_ended = true;
        wake(reader);
        closed++;
    }
    pthread_mutex_unlock(&hub->lock);
    return closed;
}

struct hub_counts hub_counts(struct hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    const struct hub_counts counts = hub->counts;
    pthread_mutex_unlock(&hub->lock);
    return counts;
}
