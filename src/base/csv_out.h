#ifndef BASE_CSV_OUT_H
#define BASE_CSV_OUT_H

/*
 * CSV as spreadsheets read it (RFC 4180): commas, quotes where they are needed, lines that end in
 * CRLF. A text that a spreadsheet would take for a formula (it begins with = + - @ or a control
 * character) gets an apostrophe before it, so that nobody's file can run anything. The first
 * failure is kept, and csv_out_finish tells it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

struct csv_out {
    struct strbuf text;
    enum err rc;
    struct error *err; /* the caller's */
    bool is_line_begun;
};

void csv_out_init(struct csv_out *csv, size_t cap_bytes, struct error *err);
void csv_out_release(struct csv_out *csv);

/* The next field of the line. NULL is an empty one. A number that is not finite is empty. */
void csv_out_text(struct csv_out *csv, const char *text);
void csv_out_int(struct csv_out *csv, int64_t value);
void csv_out_real(struct csv_out *csv, double value); /* digits that read back as the same number */
void csv_out_end_line(struct csv_out *csv);

/* The text, moved to *ret_text; or the failure. */
MUST_CHECK enum err csv_out_finish(struct csv_out *csv, struct strbuf *ret_text);

#endif
