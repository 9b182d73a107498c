#include "base/csv_out.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void csv_out_init(struct csv_out *csv, size_t cap_bytes, struct error *err)
{
    *csv = (struct csv_out){.rc = ERR_OK, .err = err};
    strbuf_init(&csv->text, cap_bytes);
}

void csv_out_release(struct csv_out *csv)
{
    strbuf_release(&csv->text);
}

static void add(struct csv_out *csv, const char *bytes, size_t len)
{
    if (csv->rc == ERR_OK)
        csv->rc = strbuf_add(&csv->text, bytes, len, csv->err);
}

static void begin_field(struct csv_out *csv)
{
    if (csv->is_line_begun)
        add(csv, ",", 1);
    csv->is_line_begun = true;
}

static bool is_like_formula(const char *text)
{
    return text[0] != '\0' && (strchr("=+-@", text[0]) != NULL || (unsigned char)text[0] < 0x20);
}

void csv_out_text(struct csv_out *csv, const char *text)
{
    begin_field(csv);
    if (text == NULL || text[0] == '\0')
        return;
    const bool is_formula = is_like_formula(text);
    if (!is_formula && strpbrk(text, ",\"\r\n") == NULL) {
        add(csv, text, strlen(text));
        return;
    }
    add(csv, is_formula ? "\"'" : "\"", is_formula ? 2 : 1);
    while (*text != '\0') {
        const size_t len = strcspn(text, "\"");
        add(csv, text, len);
        text += len;
        if (*text == '"') {
            add(csv, "\"\"", 2);
            text++;
        }
    }
    add(csv, "\"", 1);
}

void csv_out_int(struct csv_out *csv, int64_t value)
{
    char digits[24];
    begin_field(csv);
    add(csv, digits, (size_t)snprintf(digits, sizeof(digits), "%" PRId64, value));
}

void csv_out_real(struct csv_out *csv, double value)
{
    char digits[40] = "";
    begin_field(csv);
    for (int precision = 15; isfinite(value) && precision <= 17; precision++) {
        snprintf(digits, sizeof(digits), "%.*g", precision, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    add(csv, digits, strlen(digits));
}

void csv_out_end_line(struct csv_out *csv)
{
    add(csv, "\r\n", 2);
    csv->is_line_begun = false;
}

enum err csv_out_finish(struct csv_out *csv, struct strbuf *ret_text)
{
    if (csv->rc == ERR_OK) {
        *ret_text = csv->text;
        csv->text = (struct strbuf){.cap = csv->text.cap};
    }
    return csv->rc;
}
