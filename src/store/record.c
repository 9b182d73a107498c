#include "store/record.h"

#include <string.h>

#include "base/memory.h"
#include "jobs/status.h"

static size_t texts_size(const struct rows *rows, int32_t row, const struct record_type *type)
{
    size_t size = 0;
    for (int32_t i = 0; i < type->count; i++) {
        const char *text = type->fields[i].type == FIELD_TEXT ? rows_text(rows, row, i) : NULL;
        size += text != NULL ? strlen(text) + 1 : 0;
    }
    return size;
}

static enum err set_status(const char *text, void *at, struct error *err)
{
    enum job_status status;
    if (text == NULL || !job_status_find(text, &status))
        return FAIL(err, ERR_CORRUPT, "the store has a status %s", text != NULL ? text : "null");
    memcpy(at, &status, sizeof(status));
    return ERR_OK;
}

static enum err set_task(const char *text, void *at, struct error *err)
{
    enum job_task task;
    if (text == NULL || !job_task_find(text, &task))
        return FAIL(err, ERR_CORRUPT, "the store has a task %s", text != NULL ? text : "null");
    memcpy(at, &task, sizeof(task));
    return ERR_OK;
}

enum err record_of(const struct rows *rows, int32_t row, const struct record_type *type,
                   void **ret_record, struct error *err)
{
    enum err rc = ERR_OK;
    char *record;
    TRY_PTR(record = mem_plain(type->size + texts_size(rows, row, type), err));
    memset(record, 0, type->size);
    char *texts = record + type->size;
    for (int32_t i = 0; i < type->count; i++) {
        void *at = record + type->fields[i].offset;
        const int64_t integer = rows_int(rows, row, i);
        const double real = rows_real(rows, row, i);
        const char *text = rows_text(rows, row, i);
        const bool flag = integer != 0;
        switch (type->fields[i].type) {
        case FIELD_INT:
            memcpy(at, &integer, sizeof(integer));
            break;
        case FIELD_BOOL:
            memcpy(at, &flag, sizeof(flag));
            break;
        case FIELD_REAL:
            memcpy(at, &real, sizeof(real));
            break;
        case FIELD_STATUS:
            rc = set_status(text, at, err);
            break;
        case FIELD_TASK:
            rc = set_task(text, at, err);
            break;
        case FIELD_TEXT:
            if (text == NULL)
                break;
            memcpy(at, &texts, sizeof(texts));
            memcpy(texts, text, strlen(text) + 1);
            texts += strlen(text) + 1;
            break;
        }
    }
    if (rc == ERR_OK)
        *ret_record = record;
    else
        mem_free(record);
done:
    return rc;
}

enum err record_list(const struct rows *rows, int32_t limit, const struct record_type *type,
                     void ***ret_list, int32_t *ret_count, struct error *err)
{
    enum err rc = ERR_OK;
    void **list;
    int32_t count = 0;
    const int32_t wanted = rows->count < limit ? rows->count : limit;
    TRY_PTR(list = mem_array((size_t)wanted, sizeof(*list), err));
    for (; count < wanted && rc == ERR_OK; count++)
        rc = record_of(rows, count, type, &list[count], err);
    if (rc == ERR_OK) {
        *ret_list = list;
        *ret_count = count;
    } else {
        record_list_free(list, count);
    }
done:
    return rc;
}

void record_list_free(void **list, int32_t count)
{
    for (int32_t i = 0; list != NULL && i < count; i++)
        mem_free(list[i]);
    mem_free(list);
}

int32_t list_limit(int32_t limit)
{
    return limit < 1 ? 1 : limit > STORE_LIST_MAX ? STORE_LIST_MAX : limit;
}

enum err check_text(const char *what, const char *text, size_t least, size_t max, struct error *err)
{
    const size_t len = text != NULL ? strlen(text) : 0;
    if (len < least)
        return FAIL(err, ERR_INVALID, "%s is empty", what);
    if (len > max)
        return FAIL(err, ERR_INVALID, "%s is %zu bytes long, but at most %zu are allowed", what,
                    len, max);
    return ERR_OK;
}
