/* Specs and lines: what is written is read again, and all else is refused. */
#include "worker/protocol.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "model/kinds.h"
#include "support/test.h"
#include "train/run.h"

static void make_spec(struct child_spec *spec)
{
    struct error err;
    *spec = (struct child_spec){.task = CHILD_TRAIN,
                                .parent = 123,
                                .job_id = 7,
                                .attempt = 2,
                                .pattern = "part-*.pq",
                                .has_above = true,
                                .output_directory = "models/.attempt_7_2",
                                .memory_bytes = INT64_C(8) << 30,
                                .cpu_seconds = 3600};
    spec->request.kind = &als_kind;
    params_init(&spec->request.params, &als_kind.params);
    params_init(&spec->request.run, &run_param_table);
    assert_ok(params_set(&spec->request.params, "factors", "17", &err));
    assert_ok(params_set(&spec->request.params, "alpha", "0.1", &err));
    assert_ok(params_set(&spec->request.run, "user_column", "näme", &err));
    assert_ok(params_set(&spec->request.run, "seed", "9007199254740991", &err));
    snprintf(spec->request.data_path, sizeof(spec->request.data_path), "/data/a b/part-*.pq");
}

static void a_spec_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct error err;
    struct strbuf text;
    struct child_spec spec, read;
    make_spec(&spec);
    strbuf_init(&text, CHILD_SPEC_MAX);
    assert_ok(child_spec_write(&spec, &text, &err));
    assert_ok(child_spec_parse(text.ptr, text.len, &read, &err));
    assert_int_equal(read.task, CHILD_TRAIN);
    assert_int_equal(read.parent, 123);
    assert_int_equal(read.job_id, 7);
    assert_int_equal(read.attempt, 2);
    assert_string_equal(read.pattern, "part-*.pq");
    assert_true(read.has_above);
    assert_string_equal(read.output_directory, "models/.attempt_7_2");
    assert_int_equal(read.memory_bytes, INT64_C(8) << 30);
    assert_int_equal(read.cpu_seconds, 3600);
    assert_ptr_equal(read.request.kind, &als_kind);
    assert_string_equal(read.request.data_path, "/data/a b/part-*.pq");
    assert_int_equal(param_int(&read.request.params, "factors"), 17);
    assert_true(param_real(&read.request.params, "alpha") == 0.1);
    assert_string_equal(param_text(&read.request.run, "user_column"), "näme");
    assert_int_equal(param_int(&read.request.run, "seed"), 9007199254740991);
    assert_false(param_is_set(&read.request.run, "threads"));
    child_spec_release(&read);
    strbuf_release(&text);
}

static void a_spec_of_a_prediction_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct error err;
    struct strbuf text;
    struct child_spec read;
    const struct child_spec spec = {.task = CHILD_PREDICT,
                                    .parent = 9,
                                    .job_id = 8,
                                    .has_above = true,
                                    .output_directory = "models/.attempt_8_1",
                                    .prediction = {.users = PREDICTION_LIST,
                                                   .k = 12,
                                                   .with_seen = true,
                                                   .is_csv = true,
                                                   .list_name = "u.csv",
                                                   .column = "näme",
                                                   .file_name = "p.csv"}};
    strbuf_init(&text, CHILD_SPEC_MAX);
    assert_ok(child_spec_write(&spec, &text, &err));
    assert_ok(child_spec_parse(text.ptr, text.len, &read, &err));
    assert_int_equal(read.task, CHILD_PREDICT);
    assert_true(read.has_above);
    assert_int_equal(read.prediction.users, PREDICTION_LIST);
    assert_int_equal(read.prediction.k, 12);
    assert_true(read.prediction.with_seen && read.prediction.is_csv);
    assert_string_equal(read.prediction.list_name, "u.csv");
    assert_string_equal(read.prediction.column, "näme");
    assert_string_equal(read.prediction.file_name, "p.csv");
    child_spec_release(&read);
    strbuf_release(&text);
}

static void refuse_spec(const char *text, enum err code)
{
    struct error err;
    struct child_spec spec;
    assert_error(child_spec_parse(text, strlen(text), &spec, &err), code);
}

#define REQUEST "\"request\":{\"model_type\":\"popular\",\"data_path\":\"/data\"}"
#define REST                                                                                       \
    "\"job_id\":1,\"attempt\":1,\"pattern\":null,\"has_above\":false,\"output_directory\":\"x\","  \
    "\"memory_bytes\":0,\"cpu_seconds\":0,"

static void a_spec_that_is_none_is_refused(void **state)
{
    (void)state;
    struct error err;
    struct child_spec spec;
    const char *good = "{\"task\":\"train\",\"parent\":1," REST REQUEST "}";
    assert_ok(child_spec_parse(good, strlen(good), &spec, &err));
    child_spec_release(&spec);
    refuse_spec("", ERR_CORRUPT);
    refuse_spec("[]", ERR_CORRUPT);
    refuse_spec("{}", ERR_CORRUPT);
    refuse_spec("{\"task\":\"predict\",\"parent\":1," REST REQUEST "}", ERR_CORRUPT);
    refuse_spec("{\"task\":\"dance\",\"parent\":1," REST REQUEST "}", ERR_CORRUPT);
    refuse_spec("{\"task\":\"train\",\"parent\":-1," REST REQUEST "}", ERR_CORRUPT);
    refuse_spec("{\"task\":\"train\",\"parent\":1," REST "\"x\":1}", ERR_INVALID);
    refuse_spec("{\"task\":\"train\",\"parent\":1,\"parent\":2," REST REQUEST "}", ERR_CORRUPT);
    refuse_spec("{\"task\":\"train\",\"parent\":1,\"job_id\":\"1\"," REQUEST "}", ERR_CORRUPT);
    assert_error(child_spec_parse(good, CHILD_SPEC_MAX + 1, &spec, &err), ERR_CORRUPT);
}

/* Put with one of the writers, and read back. The caller releases the line. */
static struct child_line read_back(struct strbuf *text)
{
    struct error err;
    struct child_line line;
    assert_int_equal(text->ptr[text->len - 1], '\n');
    assert_ptr_equal(memchr(text->ptr, '\n', text->len), text->ptr + text->len - 1);
    assert_ok(child_line_parse(text->ptr, text->len - 1, &line, &err));
    strbuf_release(text);
    return line;
}

static void every_line_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct error err, failure;
    struct strbuf text;
    strbuf_init(&text, CHILD_LINE_MAX);

    assert_ok(child_put_note(&text, LOG_WARNING, "no\nLandlock", &err));
    struct child_line line = read_back(&text);
    assert_int_equal(line.event, CHILD_NOTE);
    assert_int_equal(line.level, LOG_WARNING);
    assert_string_equal(line.message, "no\nLandlock");
    child_line_release(&line);

    assert_ok(child_put_phase(&text, PHASE_EVALUATE, &err));
    line = read_back(&text);
    assert_int_equal(line.event, CHILD_PHASE);
    assert_int_equal(line.phase, PHASE_EVALUATE);
    child_line_release(&line);

    const struct progress_update rows = {.phase = PHASE_LOAD, .done = 3, .total = 9};
    assert_ok(child_put_update(&text, &rows, &err));
    line = read_back(&text);
    assert_int_equal(line.event, CHILD_PROGRESS);
    assert_true(line.done == 3 && line.total == 9 && line.phase == PHASE_LOAD);
    child_line_release(&line);

    const struct progress_update iteration = {.phase = PHASE_TRAIN,
                                              .iteration = 4,
                                              .total = 10,
                                              .loss = 0.25,
                                              .seconds = NAN,
                                              .recall = 1};
    assert_ok(child_put_update(&text, &iteration, &err));
    line = read_back(&text);
    assert_int_equal(line.event, CHILD_ITERATION);
    assert_int_equal(line.iteration, 4);
    assert_true(line.loss == 0.25 && isnan(line.seconds) && line.recall == 1 && line.total == 10);
    child_line_release(&line);

    const struct progress_update warning = {.message = "k is large"};
    assert_ok(child_put_update(&text, &warning, &err));
    line = read_back(&text);
    assert_int_equal(line.event, CHILD_WARNING);
    assert_string_equal(line.message, "k is large");
    child_line_release(&line);

    json_t *result = json_pack("{s:i}", "k", 40);
    assert_ok(child_put_result(&text, result, &err));
    json_decref(result);
    line = read_back(&text);
    assert_int_equal(line.event, CHILD_RESULT);
    assert_int_equal(json_integer_value(json_object_get(line.result, "k")), 40);
    child_line_release(&line);

    (void)FAIL_REASON(&failure, ERR_DATA, "column_missing", "there is no column \xFF");
    assert_ok(child_put_error(&text, &failure, &err));
    line = read_back(&text);
    assert_int_equal(line.event, CHILD_ERROR);
    assert_int_equal(line.error, ERR_DATA);
    assert_string_equal(line.code, "column_missing");
    assert_string_equal(line.reason, "column_missing");
    assert_string_equal(line.message, "there is no column \xEF\xBF\xBD");
    child_line_release(&line);
}

static void a_long_message_is_cut_between_characters(void **state)
{
    (void)state;
    struct error err;
    struct strbuf text;
    char message[3001] = "";
    for (int i = 0; i < 1500; i++)
        memcpy(message + 2 * i, "ä", 3);
    strbuf_init(&text, CHILD_LINE_MAX);
    assert_ok(child_put_note(&text, LOG_INFO, message, &err));
    struct child_line line = read_back(&text);
    assert_true(strlen(line.message) <= CHILD_TEXT_MAX && strlen(line.message) > 900);
    assert_int_equal(strncmp(line.message, message, strlen(line.message)), 0);
    child_line_release(&line);
}

static void a_line_that_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "",
        "hello",
        "[]",
        "{}",
        "{\"event\":1}",
        "{\"event\":\"dance\"}",
        "{\"event\":\"phase\"}",
        "{\"event\":\"phase\",\"phase\":\"dance\"}",
        "{\"event\":\"phase\",\"phase\":\"load\",\"more\":1}",
        "{\"event\":\"phase\",\"phase\":\"load\",\"phase\":\"load\"}",
        "{\"event\":\"phase\",\"phase\":\"load\"} {}",
        "{\"event\":\"progress\",\"phase\":\"load\",\"done\":-1,\"total\":1}",
        "{\"event\":\"progress\",\"phase\":\"load\",\"done\":\"1\",\"total\":1}",
        "{\"event\":\"progress\",\"phase\":\"load\",\"done\":1,\"total\":null}",
        "{\"event\":\"iteration\",\"iteration\":0,\"total\":1,\"loss\":1,\"seconds\":1,\"recall\":"
        "1}",
        "{\"event\":\"iteration\",\"iteration\":1.5,\"total\":1,\"loss\":1,\"seconds\":1,"
        "\"recall\":1}",
        "{\"event\":\"iteration\",\"iteration\":1,\"total\":1,\"loss\":\"1\",\"seconds\":1,"
        "\"recall\":1}",
        "{\"event\":\"iteration\",\"iteration\":9999999999,\"total\":1,\"loss\":1,\"seconds\":1,"
        "\"recall\":1}",
        "{\"event\":\"note\",\"level\":\"loud\",\"message\":\"x\"}",
        "{\"event\":\"note\",\"level\":\"info\",\"message\":1}",
        "{\"event\":\"warning\",\"message\":\"a\\u0000b\"}",
        "{\"event\":\"result\",\"result\":[]}",
        "{\"event\":\"error\",\"error\":\"OK\",\"code\":\"x\",\"reason\":\"\",\"message\":\"\"}",
        "{\"event\":\"error\",\"error\":\"ODD\",\"code\":\"x\",\"reason\":\"\",\"message\":\"\"}",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct error err;
        struct child_line line;
        if (child_line_parse(lines[i], strlen(lines[i]), &line, &err) != ERR_CORRUPT)
            fail_msg("it was taken: %s", lines[i]);
    }
}

static void an_unknown_code_of_an_error_is_internal(void **state)
{
    (void)state;
    struct error err;
    struct child_line line;
    const char *text =
        "{\"event\":\"error\",\"error\":\"IO\",\"code\":\"<script>\",\"reason\":\"\","
        "\"message\":\"m\"}";
    assert_ok(child_line_parse(text, strlen(text), &line, &err));
    assert_string_equal(line.code, "internal");
    child_line_release(&line);
}

static void lines_come_out_of_any_pieces(void **state)
{
    (void)state;
    static const char text[] = "first\n\nthird line\nrest";
    for (size_t piece = 1; piece < sizeof(text); piece++) {
        struct error err;
        struct line_reader reader;
        struct str line;
        char got[64] = "";
        line_reader_init(&reader, 64);
        for (size_t at = 0; at < strlen(text); at += piece) {
            const size_t left = strlen(text) - at;
            assert_ok(line_reader_add(&reader, text + at, left < piece ? left : piece, &err));
            while (line_reader_next(&reader, &line)) {
                const size_t used = strlen(got);
                snprintf(got + used, sizeof(got) - used, "%.*s|", (int)line.len, line.ptr);
            }
        }
        assert_string_equal(got, "first||third line|");
        line_reader_release(&reader);
    }
}

static void a_line_without_end_is_refused(void **state)
{
    (void)state;
    struct error err;
    struct line_reader reader;
    enum err rc = ERR_OK;
    line_reader_init(&reader, 100);
    for (int i = 0; i < 20 && rc == ERR_OK; i++)
        rc = line_reader_add(&reader, "0123456789", 10, &err);
    assert_int_equal(rc, ERR_CORRUPT);
    line_reader_release(&reader);
}

static void without_memory_nothing_is_half_done(void **state)
{
    (void)state;
    struct error err;
    struct strbuf text;
    struct child_spec spec, read;
    make_spec(&spec);
    const int64_t before = mem_held_bytes();
    for (int64_t n = 1;; n++) {
        strbuf_init(&text, CHILD_SPEC_MAX);
        mem_fail_after(n);
        enum err rc = child_spec_write(&spec, &text, &err);
        if (rc == ERR_OK)
            rc = child_spec_parse(text.ptr, text.len, &read, &err);
        mem_fail_after(0);
        if (rc == ERR_OK)
            child_spec_release(&read);
        strbuf_release(&text);
        assert_int_equal(mem_held_bytes(), before);
        if (rc == ERR_OK)
            break;
        assert_true(n < 10000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_spec_is_read_as_it_was_written),
        cmocka_unit_test(a_spec_of_a_prediction_is_read_as_it_was_written),
        cmocka_unit_test(a_spec_that_is_none_is_refused),
        cmocka_unit_test(every_line_is_read_as_it_was_written),
        cmocka_unit_test(a_long_message_is_cut_between_characters),
        cmocka_unit_test(a_line_that_is_none_is_refused),
        cmocka_unit_test(an_unknown_code_of_an_error_is_internal),
        cmocka_unit_test(lines_come_out_of_any_pieces),
        cmocka_unit_test(a_line_without_end_is_refused),
        cmocka_unit_test(without_memory_nothing_is_half_done),
    };
    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
