/* The connection to RabbitMQ: login, channel, queues, requests. What comes in: broker_events.c. */
#include "queue/broker.h"

#include <amqp_tcp_socket.h>

#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"

enum {
    CHANNEL = 1,
    BRISK_TRIES = 60, /* some minutes: a broker that restarts is found again within 4 s */
    CODE_ACCESS_REFUSED = 403,
    CODE_NOT_FOUND = 404,
    CODE_RESOURCE_LOCKED = 405,
    CODE_PRECONDITION = 406
};

static const amqp_bytes_t no_bytes = {0};

static struct timeval time_of(int ms)
{
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
}

static enum err lost(const struct broker *broker, const char *what, int status, struct error *err)
{
    return FAIL_REASON(err, ERR_IO, "broker_lost", "RabbitMQ at %s:%d: %s: %s", broker->spec->host,
                       (int)broker->spec->port, what, amqp_error_string2(status));
}

/* A request that was not done: the broker closes the channel, which is opened anew, or the
 * connection, or it is gone. */
static enum err refused(struct broker *broker, const char *what, amqp_rpc_reply_t reply,
                        struct error *err)
{
    amqp_bytes_t text = no_bytes;
    int code = 0;
    if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION)
        return lost(broker, what, reply.library_error, err);
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
        reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
        const amqp_connection_close_t *close = reply.reply.decoded;
        text = close->reply_text;
        code = close->reply_code;
    } else if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
               reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
        const amqp_channel_close_t *close = reply.reply.decoded;
        amqp_channel_close_ok_t ok = {0};
        text = close->reply_text;
        code = close->reply_code;
        if (amqp_send_method(broker->state, CHANNEL, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok) ==
            AMQP_STATUS_OK)
            broker->refused = code;
    }
    return FAIL_REASON(err, ERR_IO, "broker_refused", "RabbitMQ at %s:%d refuses: %s: %d %.*s",
                       broker->spec->host, (int)broker->spec->port, what, code,
                       (int)(text.len < 300 ? text.len : 300),
                       text.bytes != NULL ? (const char *)text.bytes : "");
}

static enum err answered(struct broker *broker, const char *what, struct error *err)
{
    const amqp_rpc_reply_t reply = amqp_get_rpc_reply(broker->state);
    broker->refused = 0;
    return reply.reply_type == AMQP_RESPONSE_NORMAL ? ERR_OK : refused(broker, what, reply, err);
}

/* ---- open ---- */

static amqp_table_entry_t text_entry(const char *key, const char *value)
{
    amqp_table_entry_t entry = {.key = amqp_cstring_bytes(key)};
    entry.value.kind = AMQP_FIELD_KIND_UTF8;
    entry.value.value.bytes = amqp_cstring_bytes(value);
    return entry;
}

static amqp_table_entry_t flag_entry(const char *key)
{
    amqp_table_entry_t entry = {.key = amqp_cstring_bytes(key)};
    entry.value.kind = AMQP_FIELD_KIND_BOOLEAN;
    entry.value.value.boolean = 1;
    return entry;
}

/* Without these words the broker would neither say that it blocks us nor that our queue is gone. */
static amqp_rpc_reply_t log_in(struct broker *broker, const char *name)
{
    amqp_table_entry_t abilities[] = {
        flag_entry("connection.blocked"),
        flag_entry("consumer_cancel_notify"),
        flag_entry("basic.nack"),
        flag_entry("publisher_confirms"),
        flag_entry("authentication_failure_close"),
    };
    amqp_table_entry_t properties[] = {
        text_entry("connection_name", name),
        text_entry("product", "rectrain"),
        text_entry("version", RECTRAIN_VERSION),
        {.key = amqp_cstring_bytes("capabilities")},
    };
    properties[3].value.kind = AMQP_FIELD_KIND_TABLE;
    properties[3].value.value.table = (amqp_table_t){5, abilities};
    const amqp_table_t table = {4, properties};
    return amqp_login_with_properties(broker->state, broker->spec->vhost, 0, BROKER_FRAME_MAX,
                                      BROKER_HEARTBEAT_SECONDS, &table, AMQP_SASL_METHOD_PLAIN,
                                      broker->spec->user, broker->spec->password);
}

static enum err connect_to(struct broker *broker, const char *role, struct error *err)
{
    char name[128], host[64] = "";
    const struct timeval connect_time = time_of(BROKER_CONNECT_MS);
    const struct timeval answer_time = time_of(BROKER_ANSWER_MS);
    broker->state = amqp_new_connection();
    amqp_socket_t *socket = broker->state != NULL ? amqp_tcp_socket_new(broker->state) : NULL;
    if (socket == NULL)
        return FAIL(err, ERR_NOMEM, "out of memory for a connection to RabbitMQ");
    const int status =
        amqp_socket_open_noblock(socket, broker->spec->host, broker->spec->port, &connect_time);
    if (status != AMQP_STATUS_OK)
        return lost(broker, "connect", status, err);
    amqp_set_handshake_timeout(broker->state, &answer_time);
    amqp_set_rpc_timeout(broker->state, &answer_time);
    if (gethostname(host, sizeof(host) - 1) != 0)
        host[0] = '\0';
    snprintf(name, sizeof(name), "rectrain %s %s:%d", role, host, (int)getpid());
    const amqp_rpc_reply_t reply = log_in(broker, name);
    if (reply.reply_type != AMQP_RESPONSE_NORMAL)
        return refused(broker, "login", reply, err);
    amqp_channel_open(broker->state, CHANNEL);
    return answered(broker, "open a channel", err);
}

/* Declare one queue. One that is there with other arguments, or that we may not declare, is used as
 * it is. */
static enum err declare(struct broker *broker, const char *name, amqp_table_t arguments,
                        bool *ret_foreign, struct error *err)
{
    enum err rc;
    amqp_queue_declare(broker->state, CHANNEL, amqp_cstring_bytes(name), 0, 1, 0, 0, arguments);
    rc = answered(broker, "declare the queue", err);
    if (rc == ERR_OK ||
        (broker->refused != CODE_PRECONDITION && broker->refused != CODE_ACCESS_REFUSED &&
         broker->refused != CODE_RESOURCE_LOCKED))
        return rc;
    *ret_foreign = true;
    amqp_channel_open(broker->state, CHANNEL);
    TRY(answered(broker, "open a channel", err));
    amqp_queue_declare(broker->state, CHANNEL, amqp_cstring_bytes(name), 1, 0, 0, 0,
                       amqp_empty_table);
    TRY(answered(broker, "use the queue as it is", err));
done:
    return rc;
}

enum err broker_declare(struct broker *broker, struct error *err)
{
    enum err rc;
    bool dead_foreign = false;
    broker->is_foreign = false;
    amqp_table_entry_t entries[] = {
        text_entry("x-queue-type", "quorum"),
        text_entry("x-dead-letter-exchange", ""),
        text_entry("x-dead-letter-routing-key", broker->dead_name),
    };
    /* A classic queue is declared without its type, which older brokers did not know. */
    const int kind = broker->spec->quorum ? 1 : 0;
    TRY(declare(broker, broker->dead_name, (amqp_table_t){kind, entries}, &dead_foreign, err));
    TRY(declare(broker, broker->spec->name, (amqp_table_t){2 + kind, entries + 1 - kind},
                &broker->is_foreign, err));
done:
    return rc;
}

enum err broker_open(struct broker *broker, const struct queue_spec *spec, const char *role,
                     struct error *err)
{
    enum err rc;
    *broker = (struct broker){.spec = spec};
    snprintf(broker->dead_name, sizeof(broker->dead_name), "%s.dead", spec->name);
    TRY_PTR(broker->body = mem_array(MESSAGE_MAX, 1, err));
    TRY(connect_to(broker, role, err));
    TRY(broker_declare(broker, err));
done:
    if (rc != ERR_OK)
        broker_close(broker);
    return rc;
}

void broker_close(struct broker *broker)
{
    const struct timeval soon = time_of(1000);
    if (broker->state != NULL) {
        /* Both close the socket in the end, whatever the broker says. */
        amqp_set_rpc_timeout(broker->state, &soon);
        amqp_connection_close(broker->state, AMQP_REPLY_SUCCESS);
        amqp_destroy_connection(broker->state);
    }
    mem_free(broker->body);
    broker->state = NULL;
    broker->body = NULL;
}

int broker_fd(const struct broker *broker)
{
    return amqp_get_sockfd(broker->state);
}

/* ---- requests ---- */

enum err broker_confirm_select(struct broker *broker, struct error *err)
{
    amqp_confirm_select(broker->state, CHANNEL);
    return answered(broker, "confirm what is published", err);
}

enum err broker_consume(struct broker *broker, struct error *err)
{
    enum err rc;
    amqp_basic_qos(broker->state, CHANNEL, 0, 1, 0);
    TRY(answered(broker, "one message at a time", err));
    amqp_basic_consume(broker->state, CHANNEL, amqp_cstring_bytes(broker->spec->name),
                       amqp_cstring_bytes("rectrain"), 0, 0, 0, amqp_empty_table);
    TRY(answered(broker, "consume", err));
done:
    return rc;
}

enum err broker_cancel(struct broker *broker, struct error *err)
{
    amqp_basic_cancel(broker->state, CHANNEL, amqp_cstring_bytes("rectrain"));
    return answered(broker, "cancel the consumer", err);
}

enum err broker_count(struct broker *broker, const char *name, int64_t *ret_messages,
                      int64_t *ret_consumers, struct error *err)
{
    enum err rc;
    const amqp_queue_declare_ok_t *queue = amqp_queue_declare(
        broker->state, CHANNEL, amqp_cstring_bytes(name), 1, 0, 0, 0, amqp_empty_table);
    rc = answered(broker, "count the queue", err);
    *ret_messages = rc == ERR_OK && queue != NULL ? queue->message_count : 0;
    *ret_consumers = rc == ERR_OK && queue != NULL ? queue->consumer_count : 0;
    return rc;
}

static enum err sent(const struct broker *broker, const char *what, int status, struct error *err)
{
    return status == AMQP_STATUS_OK ? ERR_OK : lost(broker, what, status, err);
}

enum err broker_ack(struct broker *broker, uint64_t tag, struct error *err)
{
    return sent(broker, "acknowledge", amqp_basic_ack(broker->state, CHANNEL, tag, 0), err);
}

enum err broker_requeue(struct broker *broker, uint64_t tag, struct error *err)
{
    return sent(broker, "give back", amqp_basic_nack(broker->state, CHANNEL, tag, 0, 1), err);
}

enum err broker_publish(struct broker *broker, const struct broker_message *message,
                        struct error *err)
{
    amqp_table_entry_t headers[2];
    int count = 0;
    if (message->traceparent != NULL && message->traceparent[0] != '\0')
        headers[count++] = text_entry("traceparent", message->traceparent);
    if (message->reason != NULL && message->reason[0] != '\0')
        headers[count++] = text_entry("x-rectrain-reason", message->reason);
    amqp_basic_properties_t properties = {
        ._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG |
                  AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_HEADERS_FLAG,
        .content_type = amqp_cstring_bytes("application/json"),
        .delivery_mode = AMQP_DELIVERY_PERSISTENT,
        .message_id = amqp_cstring_bytes(message->message_id),
        .headers = {count, headers},
    };
    const amqp_bytes_t body = {message->size, (void *)message->body};
    return sent(broker, "publish",
                amqp_basic_publish(broker->state, CHANNEL, no_bytes,
                                   amqp_cstring_bytes(message->key), 1, 0, &properties, body),
                err);
}

double broker_pause_seconds(int tries)
{
    const double longest = tries <= BRISK_TRIES ? 4 : 15;
    double pause = 0.5;
    for (int i = 1; i < tries && pause < longest; i++)
        pause *= 2;
    const uint64_t chance = (uint64_t)(clock_seconds() * 1e9);
    pause *= 0.5 + random_double(random_bits(chance, (uint64_t)getpid(), (uint64_t)tries));
    return pause < 0.5 ? 0.5 : pause > longest ? longest : pause;
}
