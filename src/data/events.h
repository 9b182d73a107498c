#ifndef DATA_EVENTS_H
#define DATA_EVENTS_H

/* The events table: which kinds of event are contacts. */
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "data/engine.h"
#include "data/schema.h"

enum event_class { EVENT_OTHER, EVENT_CONTACT, EVENT_UNLISTED };

enum { EVENT_DIRECT_MAX = 1024 };

struct event_table {
    int64_t count;         /* listed events */
    int64_t contacts;      /* of them */
    int64_t null_contacts; /* is_contact is null: not contacts */
    bool text;
    int64_t *keys;     /* [count] ascending; integers */
    struct str *names; /* [count] ascending; text: views of `bytes` */
    char *bytes;
    uint8_t *classes; /* [count] */
    bool has_direct;  /* all keys lie within EVENT_DIRECT_MAX of the first */
    int64_t direct_base;
    uint8_t direct[EVENT_DIRECT_MAX];
};

/*
 * Read it. `event` is the column of the clickstream, with its type: the events file must have one
 * of the same name and kind, and one named is_contact. ERR_DATA: event_type, event_null,
 * event_duplicate, events_no_contact, too_many_events, and schema_read's.
 */
MUST_CHECK enum err event_table_read(struct engine *engine, struct file_set *set,
                                     const struct column *event, struct event_table *ret_table,
                                     struct error *err);
void event_table_release(struct event_table *table);

enum event_class event_class_of_key(const struct event_table *table, int64_t key);
enum event_class event_class_of_text(const struct event_table *table, struct str name);

#endif
