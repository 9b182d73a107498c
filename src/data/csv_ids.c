#include "data/csv_ids.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char BYTE_ORDER_MARK[] = "\xEF\xBB\xBF";

void csv_ids_init(struct csv_ids *csv, const char *name, const char *column, id_taker *take,
                  void *context)
{
    *csv = (struct csv_ids){.name = name,
                            .column = column,
                            .take = take,
                            .context = context,
                            .ids_field = -1,
                            .line = 1};
}

static enum err bad_row(const struct csv_ids *csv, const char *what, struct error *err)
{
    return FAIL_REASON(err, ERR_DATA, "csv_row", "%.200s, line %" PRId64 ": %s", csv->name,
                       csv->line, what);
}

static struct str trimmed(const char *text, size_t length)
{
    while (length > 0 && (*text == ' ' || *text == '\t')) {
        text++;
        length--;
    }
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    return (struct str){text, length};
}

/* ---- fields and lines ---- */

static void note_name(struct csv_ids *csv)
{
    const size_t used = strlen(csv->found);
    if (used + csv->length + 4 < sizeof(csv->found))
        snprintf(csv->found + used, sizeof(csv->found) - used, "%s%s", used > 0 ? ", " : "",
                 csv->text);
    if (csv->ids_field < 0 && strcmp(csv->text, csv->column) == 0)
        csv->ids_field = csv->field;
}

static enum err end_field(struct csv_ids *csv, struct error *err)
{
    csv->text[csv->length] = '\0';
    if (csv->line == 1)
        note_name(csv);
    if (csv->field == (csv->line == 1 ? 0 : csv->ids_field)) {
        memcpy(csv->id, csv->text, csv->length + 1);
        csv->has_id = true;
    }
    csv->length = 0;
    csv->is_quoted = csv->was_quoted = csv->quote_closed = false;
    if (++csv->field > CSV_COLUMNS_MAX)
        return bad_row(csv, "there are more columns than a table has", err);
    return ERR_OK;
}

static enum err take_id(struct csv_ids *csv, struct error *err)
{
    const struct str id = trimmed(csv->id, strlen(csv->id));
    if (id.len == 0)
        return FAIL_REASON(err, ERR_DATA, "null_values",
                           "%.200s, line %" PRId64 ": there is no id in column `%s`. Leave the row "
                           "out.",
                           csv->name, csv->line, csv->column);
    return csv->take(csv->context, id, err);
}

/* The first line names the columns, or is the first id of a file that has one column. */
static enum err end_names(struct csv_ids *csv, bool *ret_is_id, struct error *err)
{
    *ret_is_id = false;
    if (csv->divider == '\0')
        csv->divider = ',';
    if (csv->ids_field >= 0)
        return ERR_OK;
    if (csv->field > 1)
        return FAIL_REASON(err, ERR_DATA, "column_missing",
                           "%.200s has no column `%s`. Found: %s. Name the column that holds the "
                           "users.",
                           csv->name, csv->column, csv->found);
    csv->ids_field = 0;
    *ret_is_id = true;
    return ERR_OK;
}

static enum err end_line(struct csv_ids *csv, struct error *err)
{
    enum err rc = ERR_OK;
    bool is_id = true;
    if (csv->has_text) {
        TRY(end_field(csv, err));
        if (csv->line == 1)
            TRY(end_names(csv, &is_id, err));
        if (is_id && !csv->has_id) {
            rc = bad_row(csv, "it has fewer columns than the first line", err);
            goto done;
        }
        if (is_id)
            TRY(take_id(csv, err));
    } else if (csv->line == 1) {
        return bad_row(csv, "it is empty, but must name the columns", err);
    }
    csv->line++;
    csv->field = 0;
    csv->has_text = csv->has_id = false;
done:
    return rc;
}

/* ---- bytes ---- */

static enum err add_byte(struct csv_ids *csv, char byte, struct error *err)
{
    if (csv->length == CSV_ID_MAX)
        return bad_row(csv, "a field is longer than an id can be", err);
    csv->text[csv->length++] = byte;
    csv->has_text = true;
    return ERR_OK;
}

static bool divides(struct csv_ids *csv, char byte)
{
    if (csv->divider == '\0' && (byte == ',' || byte == ';' || byte == '\t'))
        csv->divider = byte;
    return byte == csv->divider;
}

static enum err take_byte(struct csv_ids *csv, char byte, struct error *err)
{
    if (byte == '\0')
        return FAIL_REASON(err, ERR_DATA, "not_csv",
                           "%.200s is no CSV file: there is a zero byte in line %" PRId64 ". Name "
                           "it .parquet if it is Parquet.",
                           csv->name, csv->line);
    if (csv->is_quoted && !csv->quote_closed) {
        csv->quote_closed = byte == '"';
        return byte == '"' ? ERR_OK : add_byte(csv, byte, err);
    }
    if (csv->quote_closed && byte == '"') { /* two of them are one */
        csv->quote_closed = false;
        return add_byte(csv, byte, err);
    }
    if (byte == '"' && csv->length == 0 && !csv->was_quoted) {
        csv->is_quoted = csv->was_quoted = csv->has_text = true;
        return ERR_OK;
    }
    if (byte == '\r')
        return ERR_OK;
    if (byte == '\n')
        return end_line(csv, err);
    if (csv->was_quoted && byte != ' ' && byte != ',' && byte != ';' && byte != '\t')
        return bad_row(csv, "something follows a closing quote", err);
    if (divides(csv, byte)) {
        csv->has_text = true;
        return end_field(csv, err);
    }
    return csv->was_quoted ? ERR_OK : add_byte(csv, byte, err);
}

enum err csv_ids_add(struct csv_ids *csv, const char *bytes, size_t size, struct error *err)
{
    enum err rc = ERR_OK;
    for (size_t i = 0; i < size && rc == ERR_OK; i++) {
        if (csv->line == 1 && !csv->has_text && csv->bom < 3 &&
            bytes[i] == BYTE_ORDER_MARK[csv->bom]) {
            csv->bom++;
            continue;
        }
        rc = take_byte(csv, bytes[i], err);
    }
    return rc;
}

enum err csv_ids_end(struct csv_ids *csv, struct error *err)
{
    if (csv->is_quoted && !csv->quote_closed)
        return bad_row(csv, "a quote is never closed", err);
    return csv->has_text || csv->line == 1 ? end_line(csv, err) : ERR_OK;
}

/* ---- a text that was pasted ---- */

enum err pasted_ids(const char *text, const char *column, id_taker *take, void *context,
                    struct error *err)
{
    enum err rc = ERR_OK;
    bool is_first = true;
    while (*text != '\0' && rc == ERR_OK) {
        const size_t length = strcspn(text, "\r\n,;\t");
        struct str id = trimmed(text, length);
        if (id.len >= 2 && id.ptr[0] == '"' && id.ptr[id.len - 1] == '"')
            id = (struct str){id.ptr + 1, id.len - 2};
        const bool is_name =
            is_first && id.len == strlen(column) && memcmp(id.ptr, column, id.len) == 0;
        if (id.len > CSV_ID_MAX)
            return FAIL_REASON(err, ERR_DATA, "csv_row",
                               "an id of the list is longer than an id can be: %.40s…", id.ptr);
        if (id.len > 0 && !is_name)
            rc = take(context, id, err);
        is_first = is_first && id.len == 0;
        text += length + (text[length] != '\0');
    }
    return rc;
}
