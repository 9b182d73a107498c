#include "cli/command.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/memory.h"
#include "base/text.h"
#include "eval/metrics.h"

enum { OUTPUT_BYTES_MAX = 1 << 28 };

enum err print_json(const json_t *value, struct error *err)
{
    struct strbuf text;
    strbuf_init(&text, OUTPUT_BYTES_MAX);
    enum err rc = json_write(value, 2, &text, err);
    if (rc == ERR_OK && (puts(text.ptr) < 0 || fflush(stdout) != 0))
        rc = FAIL(err, ERR_IO, "cannot write to stdout");
    strbuf_release(&text);
    return rc;
}

void print_json_error(const struct error *failure)
{
    struct error ignored;
    char code[32];
    const char *name = error_code_name(failure->code);
    size_t i = 0;
    for (; name[i] != '\0' && i + 1 < sizeof(code); i++)
        code[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
    code[i] = '\0';
    json_t *root = json_pack("{s:s, s:{s:s, s:s, s:o}}", "status", "failed", "error", "code", code,
                             "reason", failure->reason[0] != '\0' ? failure->reason : code,
                             "message", json_text(failure->message));
    if (root != NULL)
        (void)!print_json(root, &ignored);
    json_decref(root);
}

void print_metrics(const json_t *metrics, const json_t *floor, const char *title)
{
    printf("%-18s %12s%s\n", "", title, floor != NULL ? "      popular" : "");
    for (int32_t i = 0; i < metric_count(); i++) {
        const struct metric *metric = metric_at(i);
        const json_t *value = json_object_get(metrics, metric->name);
        if (value == NULL)
            continue;
        printf("%-18s %12.6f", metric->name, json_number_value(value));
        if (floor != NULL)
            printf(" %12.6f", json_number_value(json_object_get(floor, metric->name)));
        putchar('\n');
    }
}

enum err parse_whole(const char *name, const char *text, int64_t min, int64_t max,
                     int64_t *ret_value, struct error *err)
{
    if (text_int(text, ret_value) && *ret_value >= min && *ret_value <= max)
        return ERR_OK;
    return FAIL_REASON(err, ERR_INVALID, "parameter_range",
                       "%s is %s, but it must be a whole number from %" PRId64 " to %" PRId64, name,
                       text, min, max);
}
