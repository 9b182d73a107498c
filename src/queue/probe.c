/* Is the broker there, and does it let us in? */
#include "queue/broker.h"
#include "queue/queue.h"

enum err queue_probe(const struct queue_spec *spec, int64_t *ret_messages, int64_t *ret_consumers,
                     struct error *err)
{
    enum err rc;
    struct broker broker = {0};
    int64_t messages, consumers;
    TRY(broker_open(&broker, spec, "doctor", err));
    TRY(broker_count(&broker, spec->name, &messages, &consumers, err));
    *ret_messages = messages;
    *ret_consumers = consumers;
done:
    broker_close(&broker);
    return rc;
}
