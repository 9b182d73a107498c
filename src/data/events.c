#include "data/events.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/source.h"

enum { EVENTS_MAX = 1 << 16, EVENT_TEXT_BYTES_MAX = 1 << 24 };

struct entry {
    int64_t key;
    struct str name;
    uint8_t class;
};

static int compare_texts(struct str a, struct str b)
{
    const size_t common = a.len < b.len ? a.len : b.len;
    const int order = common > 0 ? memcmp(a.ptr, b.ptr, common) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->name.ptr != NULL)
        return compare_texts(x->name, y->name);
    return (x->key > y->key) - (x->key < y->key);
}

void event_table_release(struct event_table *table)
{
    mem_free(table->keys);
    mem_free(table->names);
    mem_free(table->bytes);
    mem_free(table->classes);
    *table = (struct event_table){0};
}

static bool is_valid(duckdb_vector vector, idx_t row)
{
    uint64_t *mask = duckdb_vector_get_validity(vector);
    return mask == NULL || duckdb_validity_row_is_valid(mask, row);
}

/* All rows of the file, in its order. */
struct entries {
    struct entry *items; /* [EVENTS_MAX] */
    int64_t count, null_contacts;
    struct strbuf bytes; /* of all names, one after another: a name's key is where it begins */
    int64_t *scratch;    /* [one vector] */
    const int64_t *keys; /* of the chunk at hand */
};

/* A key of the events file as the clickstream's column writes it. False: it cannot occur there. */
static bool translate_key(const struct column *from, const struct column *to, int64_t *key)
{
    const uint64_t top = UINT64_C(1) << 63;
    const uint64_t value = (uint64_t)*key ^ (column_is_flipped(from) ? top : 0);
    *key = (int64_t)(value ^ (column_is_flipped(to) ? top : 0));
    return column_is_flipped(from) == column_is_flipped(to) || (value & top) == 0;
}

static enum err add_row(struct entries *entries, const struct column *event, const void *data,
                        idx_t row, bool is_contact, struct error *err)
{
    enum err rc = ERR_OK;
    struct entry *entry = &entries->items[entries->count];
    entry->class = is_contact ? EVENT_CONTACT : EVENT_OTHER;
    if (!column_is_text(event)) {
        entry->key = entries->keys[row];
    } else {
        entry->name = column_text(data, (int64_t)row);
        entry->key = (int64_t)entries->bytes.len;
        TRY(strbuf_add(&entries->bytes, entry->name.ptr, entry->name.len, err));
    }
    entries->count++;
done:
    return rc;
}

static enum err add_chunk(struct entries *entries, const struct file_set *set,
                          const struct column *event, duckdb_data_chunk chunk, struct error *err)
{
    enum err rc = ERR_OK;
    const idx_t rows = duckdb_data_chunk_get_size(chunk);
    duckdb_vector ids = duckdb_data_chunk_get_vector(chunk, 0);
    duckdb_vector flags = duckdb_data_chunk_get_vector(chunk, 1);
    const void *data = duckdb_vector_get_data(ids);
    const bool *contact = duckdb_vector_get_data(flags);

    if (!column_is_text(event))
        entries->keys = column_keys(event, data, (int64_t)rows, entries->scratch);
    for (idx_t row = 0; row < rows; row++) {
        if (entries->count == EVENTS_MAX)
            return FAIL_REASON(err, ERR_DATA, "too_many_events",
                               "%s lists more than %d events. It should have one row for each "
                               "kind of event.",
                               set->files[0].name, EVENTS_MAX);
        if (!is_valid(ids, row))
            return FAIL_REASON(err, ERR_DATA, "null_values",
                               "%s has a null in column `%s`, in row %" PRId64 ". Remove the row.",
                               set->files[0].name, event->name, entries->count + 1);
        const bool known = is_valid(flags, row);
        entries->null_contacts += !known;
        TRY(add_row(entries, event, data, row, known && contact[row], err));
    }
done:
    return rc;
}

static enum err read_rows(struct engine *engine, const struct file_set *set,
                          const struct column columns[2], struct entries *entries,
                          struct error *err)
{
    enum err rc;
    struct strbuf sql;
    duckdb_result result;
    bool have_result = false;

    strbuf_init(&sql, RELATION_BYTES_MAX);
    TRY(strbuf_addf(&sql, err, "SELECT "));
    TRY(column_add_expression(&columns[0], &sql, err));
    TRY(strbuf_addf(&sql, err, ", CAST("));
    TRY(column_add_expression(&columns[1], &sql, err));
    TRY(strbuf_addf(&sql, err, " AS DOUBLE) = 1 FROM "));
    TRY(set->source->relation(set, 0, set->count, NULL, &sql, err));
    TRY(engine_query(engine, set, sql.ptr, &result, err));
    have_result = true;
    for (duckdb_data_chunk chunk; (chunk = duckdb_fetch_chunk(result)) != NULL;) {
        rc = add_chunk(entries, set, &columns[0], chunk, err);
        duckdb_destroy_data_chunk(&chunk);
        TRY(rc);
    }
done:
    if (have_result)
        duckdb_destroy_result(&result);
    strbuf_release(&sql);
    return rc;
}

static enum err check_entries(const struct entries *entries, const struct file_set *set,
                              const struct column *event, struct error *err)
{
    int64_t contacts = 0;
    for (int64_t i = 0; i < entries->count; i++) {
        const struct entry *entry = &entries->items[i];
        contacts += entry->class == EVENT_CONTACT;
        if (i == 0 || compare_entries(entry - 1, entry) != 0)
            continue;
        char name[64];
        if (column_is_text(event))
            snprintf(name, sizeof(name), "%.*s", (int)entry->name.len, entry->name.ptr);
        else
            snprintf(name, sizeof(name), "%" PRId64,
                     column_is_flipped(event) ? entry->key ^ INT64_MIN : entry->key);
        return FAIL_REASON(err, ERR_DATA, "event_duplicate",
                           "%s lists event %s more than once. Keep one row for each event.",
                           set->files[0].name, name);
    }
    if (contacts == 0)
        return FAIL_REASON(err, ERR_DATA, "events_no_contact",
                           "%s lists no event with is_contact = 1, so there is nothing to predict "
                           "(%" PRId64 " events, %" PRId64 " of them with a null). Set is_contact "
                           "to 1 for the events that count as contacts.",
                           set->files[0].name, entries->count, entries->null_contacts);
    return ERR_OK;
}

/* Where the ids lie close together, which they nearly always do, a class is one look-up. */
static void fill_direct(struct event_table *table)
{
    const int64_t last = table->count - 1;
    if (table->text || table->count == 0 ||
        (uint64_t)table->keys[last] - (uint64_t)table->keys[0] >= EVENT_DIRECT_MAX)
        return;
    table->has_direct = true;
    table->direct_base = table->keys[0];
    memset(table->direct, EVENT_UNLISTED, sizeof(table->direct));
    for (int64_t i = 0; i <= last; i++)
        table->direct[table->keys[i] - table->keys[0]] = table->classes[i];
}

/* Ascending entries become the table, in the clickstream's keys. */
static enum err fill_table(struct entries *entries, const struct column *from,
                           const struct column *to, struct event_table *table, struct error *err)
{
    enum err rc = ERR_OK;
    const size_t room = (size_t)entries->count;
    TRY_PTR(table->keys = mem_array(room, sizeof(*table->keys), err));
    TRY_PTR(table->names = mem_array(room, sizeof(*table->names), err));
    TRY_PTR(table->classes = mem_array(room, sizeof(*table->classes), err));
    table->text = column_is_text(from);
    table->null_contacts = entries->null_contacts;
    for (int64_t i = 0; i < entries->count; i++) {
        struct entry *entry = &entries->items[i];
        if (!table->text && !translate_key(from, to, &entry->key))
            continue;
        table->keys[table->count] = entry->key;
        table->names[table->count] = entry->name;
        table->contacts += entry->class == EVENT_CONTACT;
        table->classes[table->count++] = entry->class;
    }
    fill_direct(table);
    table->bytes = entries->bytes.ptr;
    entries->bytes.ptr = NULL;
done:
    return rc;
}

enum err event_table_read(struct engine *engine, struct file_set *set, const struct column *event,
                          struct event_table *ret_table, struct error *err)
{
    enum err rc;
    struct entries entries = {0};
    struct event_table table = {0};
    struct column columns[] = {
        {.name = event->name, .option = event->option, .role = ROLE_ID},
        {.name = "is_contact", .role = ROLE_FLAG},
    };

    strbuf_init(&entries.bytes, EVENT_TEXT_BYTES_MAX);
    TRY_PTR(entries.items = mem_array(EVENTS_MAX, sizeof(*entries.items), err));
    TRY_PTR(entries.scratch = mem_array((size_t)duckdb_vector_size(), sizeof(int64_t), err));
    TRY(schema_read(engine, set, columns, 2, err));
    if (column_is_text(&columns[0]) != column_is_text(event)) {
        rc = FAIL_REASON(err, ERR_DATA, "event_type",
                         "column `%s` is %s in the clickstream and %s in %s. Write both as "
                         "integers, or both as text.",
                         event->name, event->type_name, columns[0].type_name, set->files[0].name);
        goto done;
    }
    TRY(read_rows(engine, set, columns, &entries, err));
    set->files[0].rows = set->count == 1 ? entries.count : -1;
    for (int64_t i = 0; column_is_text(event) && i < entries.count; i++)
        entries.items[i].name.ptr =
            entries.bytes.ptr == NULL ? "" : entries.bytes.ptr + entries.items[i].key;
    qsort(entries.items, (size_t)entries.count, sizeof(*entries.items), compare_entries);
    TRY(check_entries(&entries, set, &columns[0], err));
    TRY(fill_table(&entries, &columns[0], event, &table, err));
    *ret_table = table;
    table = (struct event_table){0};
done:
    mem_free(entries.items);
    mem_free(entries.scratch);
    strbuf_release(&entries.bytes);
    event_table_release(&table);
    return rc;
}

enum event_class event_class_of_key(const struct event_table *table, int64_t key)
{
    const uint64_t place = (uint64_t)key - (uint64_t)table->direct_base;
    if (table->has_direct)
        return place < EVENT_DIRECT_MAX ? table->direct[place] : EVENT_UNLISTED;
    int64_t low = 0, high = table->count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (table->keys[middle] < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low < table->count && table->keys[low] == key ? table->classes[low] : EVENT_UNLISTED;
}

enum event_class event_class_of_text(const struct event_table *table, struct str name)
{
    int64_t low = 0, high = table->count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (compare_texts(table->names[middle], name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < table->count && compare_texts(table->names[low], name) == 0 ? table->classes[low]
                                                                             : EVENT_UNLISTED;
}
