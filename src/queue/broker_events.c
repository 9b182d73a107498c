/* What comes in by a connection to RabbitMQ: methods, and the messages that follow some of them. */
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include "queue/broker.h"

static enum err gone(const struct broker *broker, int code, amqp_bytes_t text, struct error *err)
{
    return FAIL_REASON(
        err, ERR_IO, "broker_lost", "RabbitMQ at %s:%d ended the %s: %d %.*s", broker->spec->host,
        (int)broker->spec->port, code == 0 ? "connection" : "channel", code,
        (int)(text.len < 300 ? text.len : 300), text.bytes != NULL ? (const char *)text.bytes : "");
}

/* The next frame; *ret_got false: none in time. */
static enum err next_frame(struct broker *broker, int timeout_ms, amqp_frame_t *frame,
                           bool *ret_got, struct error *err)
{
    const struct timeval time = {.tv_sec = timeout_ms / 1000,
                                 .tv_usec = (timeout_ms % 1000) * 1000};
    const int status = amqp_simple_wait_frame_noblock(broker->state, frame, &time);
    *ret_got = status == AMQP_STATUS_OK;
    if (status == AMQP_STATUS_OK || status == AMQP_STATUS_TIMEOUT)
        return ERR_OK;
    return FAIL_REASON(err, ERR_IO, "broker_lost", "RabbitMQ at %s:%d: %s", broker->spec->host,
                       (int)broker->spec->port, amqp_error_string2(status));
}

/* A frame that must come now, since the one before it announced it. */
static enum err due_frame(struct broker *broker, int type, amqp_frame_t *frame, struct error *err)
{
    bool got = false;
    const enum err rc = next_frame(broker, BROKER_ANSWER_MS, frame, &got, err);
    if (rc == ERR_OK && (!got || frame->frame_type != type))
        return FAIL_REASON(err, ERR_IO, "broker_lost", "RabbitMQ at %s:%d broke off in a message",
                           broker->spec->host, (int)broker->spec->port);
    return rc;
}

static void copy_text(amqp_bytes_t bytes, char *out, size_t out_size)
{
    snprintf(out, out_size, "%.*s", (int)(bytes.len < out_size ? bytes.len : out_size),
             bytes.bytes != NULL ? (const char *)bytes.bytes : "");
}

/* It goes on into logs and requests: nothing but what the standard lets it hold. */
static void copy_traceparent(amqp_bytes_t bytes, struct broker_event *event)
{
    const char *text = bytes.bytes;
    if (bytes.len >= sizeof(event->traceparent))
        return;
    for (size_t i = 0; i < bytes.len; i++)
        if (strchr("0123456789abcdef-", text[i]) == NULL || text[i] == '\0')
            return;
    copy_text(bytes, event->traceparent, sizeof(event->traceparent));
}

static void read_properties(const amqp_basic_properties_t *properties, struct broker_event *event)
{
    if (properties->_flags & AMQP_BASIC_MESSAGE_ID_FLAG)
        copy_text(properties->message_id, event->message_id, sizeof(event->message_id));
    if (!(properties->_flags & AMQP_BASIC_HEADERS_FLAG))
        return;
    for (int i = 0; i < properties->headers.num_entries; i++) {
        const amqp_table_entry_t *entry = &properties->headers.entries[i];
        const bool is_text =
            entry->value.kind == AMQP_FIELD_KIND_UTF8 || entry->value.kind == AMQP_FIELD_KIND_BYTES;
        if (is_text && entry->key.len == 11 && memcmp(entry->key.bytes, "traceparent", 11) == 0)
            copy_traceparent(entry->value.value.bytes, event);
    }
}

/* The header and the body that follow a delivery or a return. What is beyond MESSAGE_MAX is read
 * and dropped. */
static enum err read_message(struct broker *broker, struct broker_event *event, struct error *err)
{
    enum err rc;
    amqp_frame_t frame;
    uint64_t got = 0;
    TRY(due_frame(broker, AMQP_FRAME_HEADER, &frame, err));
    const uint64_t size = frame.payload.properties.body_size;
    read_properties(frame.payload.properties.decoded, event);
    while (got < size) {
        TRY(due_frame(broker, AMQP_FRAME_BODY, &frame, err));
        const amqp_bytes_t piece = frame.payload.body_fragment;
        if (got < MESSAGE_MAX) {
            const size_t room = MESSAGE_MAX - (size_t)got;
            memcpy(broker->body + got, piece.bytes, piece.len < room ? piece.len : room);
        }
        got += piece.len;
        if (got < size)
            amqp_maybe_release_buffers_on_channel(broker->state, frame.channel);
    }
    event->body = broker->body;
    event->body_size = (size_t)size;
done:
    return rc;
}

static enum err read_method(struct broker *broker, const amqp_method_t *method,
                            struct broker_event *event, struct error *err)
{
    switch (method->id) {
    case AMQP_BASIC_DELIVER_METHOD: {
        const amqp_basic_deliver_t *deliver = method->decoded;
        event->kind = EVENT_DELIVERY;
        event->tag = deliver->delivery_tag;
        event->redelivered = deliver->redelivered != 0;
        return read_message(broker, event, err);
    }
    case AMQP_BASIC_RETURN_METHOD: {
        const amqp_basic_return_t *returned = method->decoded;
        event->kind = EVENT_RETURNED;
        copy_text(returned->reply_text, event->text, sizeof(event->text));
        return read_message(broker, event, err);
    }
    case AMQP_BASIC_ACK_METHOD: {
        const amqp_basic_ack_t *ack = method->decoded;
        event->kind = EVENT_CONFIRMED;
        event->tag = ack->delivery_tag;
        event->is_multiple = ack->multiple != 0;
        return ERR_OK;
    }
    case AMQP_BASIC_NACK_METHOD: {
        const amqp_basic_nack_t *nack = method->decoded;
        event->kind = EVENT_REFUSED;
        event->tag = nack->delivery_tag;
        event->is_multiple = nack->multiple != 0;
        return ERR_OK;
    }
    case AMQP_CONNECTION_BLOCKED_METHOD:
        event->kind = EVENT_BLOCKED;
        copy_text(((const amqp_connection_blocked_t *)method->decoded)->reason, event->text,
                  sizeof(event->text));
        return ERR_OK;
    case AMQP_CONNECTION_UNBLOCKED_METHOD:
        event->kind = EVENT_UNBLOCKED;
        return ERR_OK;
    case AMQP_BASIC_CANCEL_METHOD:
        event->kind = EVENT_CANCELLED;
        return ERR_OK;
    case AMQP_CHANNEL_CLOSE_METHOD: {
        const amqp_channel_close_t *close = method->decoded;
        return gone(broker, close->reply_code, close->reply_text, err);
    }
    case AMQP_CONNECTION_CLOSE_METHOD:
        return gone(broker, 0, ((const amqp_connection_close_t *)method->decoded)->reply_text, err);
    default:
        return ERR_OK; /* nothing that concerns us */
    }
}

enum err broker_next(struct broker *broker, int timeout_ms, struct broker_event *ret_event,
                     struct error *err)
{
    enum err rc;
    amqp_frame_t frame;
    bool got = false;
    *ret_event = (struct broker_event){.kind = EVENT_NONE};
    amqp_maybe_release_buffers(broker->state);
    do {
        TRY(next_frame(broker, timeout_ms, &frame, &got, err));
        if (got && frame.frame_type == AMQP_FRAME_METHOD)
            TRY(read_method(broker, &frame.payload.method, ret_event, err));
    } while (got && ret_event->kind == EVENT_NONE);
done:
    return rc;
}
