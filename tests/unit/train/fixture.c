#include "unit/train/fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/file.h"
#include "support/test.h"
#include "support/tree.h"

const struct clicks usual_clicks = {.users = 40, .items = 23, .stride = 1};

enum { TRAIN_DAYS = 6, ROWS_A_USER = TRAIN_DAYS + 1 };

void fixture_create(struct fixture *fixture)
{
    snprintf(fixture->root, sizeof(fixture->root), "/tmp/rectrain_run_XXXXXX");
    assert_non_null(mkdtemp(fixture->root));
    snprintf(fixture->data, sizeof(fixture->data), "%s/data", fixture->root);
    snprintf(fixture->output, sizeof(fixture->output), "%s/output", fixture->root);
    assert_int_equal(mkdir(fixture->data, 0777), 0);
}

void fixture_remove(struct fixture *fixture)
{
    assert_int_equal(tree_remove(fixture->root), 0);
}

int fixture_set_up(void **state)
{
    static struct fixture fixture;
    fixture_create(&fixture);
    *state = &fixture;
    return 0;
}

int fixture_set_up_clicks(void **state)
{
    fixture_set_up(state);
    fixture_write_clicks(*state, &usual_clicks);
    return 0;
}

int fixture_tear_down(void **state)
{
    fixture_remove(*state);
    return 0;
}

static FILE *open_data(const struct fixture *fixture, const char *name)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", fixture->data, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    return file;
}

void fixture_write(const struct fixture *fixture, const char *name, const char *text)
{
    FILE *file = open_data(fixture, name);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

void fixture_write_clicks(const struct fixture *fixture, const struct clicks *clicks)
{
    FILE *file = open_data(fixture, "clickstream.csv");
    const int32_t rows = clicks->users * ROWS_A_USER;
    fputs("cookie,node,event,event_date\n", file);
    for (int64_t place = 0; place < rows; place++) {
        const int32_t row = (int32_t)(place * clicks->stride % rows);
        const int32_t user = row / ROWS_A_USER, day = row % ROWS_A_USER + 1;
        const bool is_last = day == ROWS_A_USER;
        /* 7 u + 3 j + 1 is among the first six only where 3 (j - j') = 1 mod items. */
        const int32_t item = (7 * user + (is_last ? 1 : 3 * day)) % clicks->items;
        if (clicks->text_ids)
            fprintf(file, "u%03d,i%03d", user + clicks->first_user, item + clicks->first_item);
        else
            fprintf(file, "%d,%d", user + clicks->first_user, item + clicks->first_item);
        fprintf(file, ",%d,2025-01-%02d 12:%02d:00\n", is_last ? 10 : 11, is_last ? 25 : day,
                user % 60);
    }
    assert_int_equal(fclose(file), 0);
    fixture_write(fixture, "events.csv", "event,is_contact\n10,1\n11,0\n");
}

int fixture_entries(const char *directory)
{
    int count = 0;
    DIR *stream = opendir(directory);
    if (stream == NULL)
        return 0;
    for (const struct dirent *entry; (entry = readdir(stream)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            count++;
    closedir(stream);
    return count;
}

struct run_spec fixture_spec(const struct fixture *fixture, const char *kind)
{
    struct run_spec spec;
    run_spec_init(&spec, model_kind_find(kind));
    spec.data_path = fixture->data;
    spec.output_directory = fixture->output;
    fixture_set(&spec, "k", "5");
    fixture_set(&spec, "threads", "2");
    if (strcmp(kind, "als") == 0) {
        fixture_set(&spec, "factors", "8");
        fixture_set(&spec, "iterations", "4");
    }
    return spec;
}

void fixture_set(struct run_spec *spec, const char *name, const char *text)
{
    struct error err;
    assert_ok(run_spec_set(spec, name, text, &err));
}

json_t *fixture_run(const struct run_spec *spec)
{
    struct error err;
    json_t *result = NULL;
    assert_ok(run_train(spec, NULL, &result, &err));
    assert_non_null(result);
    return result;
}

const json_t *result_at(const json_t *result, const char *path)
{
    char name[64];
    const json_t *at = result;
    for (const char *rest = path; *rest != '\0';) {
        const size_t length = strcspn(rest, ".");
        snprintf(name, sizeof(name), "%.*s", (int)length, rest);
        at = json_object_get(at, name);
        rest += length + (rest[length] == '.');
    }
    if (at == NULL)
        fail_msg("the result has no %s", path);
    return at;
}

double result_number(const json_t *result, const char *path)
{
    const json_t *value = result_at(result, path);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

const char *result_text(const json_t *result, const char *path)
{
    const json_t *value = result_at(result, path);
    assert_true(json_is_string(value));
    return json_string_value(value);
}

static bool same_array(const struct model_array *left, const struct model_array *right)
{
    const size_t size = dtype_size(left->dtype);
    if (left->dtype != right->dtype || left->ndim != right->ndim ||
        left->shape[0] != right->shape[0] || (left->ndim == 2 && left->shape[1] != right->shape[1]))
        return false;
    const int64_t columns = left->ndim == 2 ? left->shape[1] : 1;
    for (int64_t row = 0; row < left->shape[0]; row++) {
        const char *a = (const char *)left->data + (size_t)(row * left->stride) * size;
        const char *b = (const char *)right->data + (size_t)(row * right->stride) * size;
        if (memcmp(a, b, (size_t)columns * size) != 0)
            return false;
    }
    return true;
}

bool same_model(const char *left_path, const char *right_path)
{
    struct error err;
    struct model_file *left = NULL, *right = NULL;
    assert_ok(model_file_open(left_path, true, &left, &err));
    assert_ok(model_file_open(right_path, true, &right, &err));
    const struct model *a = model_file_record(left)->model, *b = model_file_record(right)->model;
    assert_true(a->array_count > 0);
    bool same = a->kind == b->kind && a->array_count == b->array_count;
    for (int32_t i = 0; same && i < a->array_count; i++) {
        const struct model_array *other = model_find_array(b, a->arrays[i].name);
        same = other != NULL && same_array(&a->arrays[i], other);
    }
    model_file_close(left);
    model_file_close(right);
    return same;
}

void fixture_check_threads(struct run_spec *spec)
{
    static const char *const threads[] = {"1", "2", "7"};
    json_t *results[3];
    for (int i = 0; i < 3; i++) {
        fixture_set(spec, "threads", threads[i]);
        results[i] = fixture_run(spec);
        assert_true(same_model(result_text(results[0], "model_path"),
                               result_text(results[i], "model_path")));
        assert_true(json_equal(result_at(results[0], "metrics"), result_at(results[i], "metrics")));
    }
    for (int i = 0; i < 3; i++)
        json_decref(results[i]);
}

void fixture_sum(const char *path, char out[HASH_HEX_SIZE])
{
    struct error err;
    struct hash *hash;
    unsigned char bytes[4096], sum[HASH_BYTES];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_ok(hash_create(&hash, &err));
    for (size_t got; (got = fread(bytes, 1, sizeof(bytes), file)) > 0;)
        hash_add(hash, bytes, got);
    fclose(file);
    hash_finish(hash, sum);
    hash_hex(sum, out);
    hash_free(hash);
}
