#include "unit/model/sample.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/random.h"

/* The tests of what a failure does come later; here none is expected. */
static void must(enum err rc, const struct error *err)
{
    if (rc != ERR_OK) {
        fprintf(stderr, "cannot make a sample: %s\n", err->message);
        exit(1);
    }
}

static void *array(size_t count, size_t size)
{
    struct error err;
    void *made = mem_array(count, size, &err);
    must(made != NULL ? ERR_OK : ERR_NOMEM, &err);
    return made;
}

/* Ids with gaps; uint64 ones end at the highest there is; strings sort by their bytes, the first
 * is empty, one is longer than 255 bytes, one is not ASCII and one has a zero byte. */
static void make_ids(struct idmap *ids, enum id_kind kind, int32_t count)
{
    *ids = (struct idmap){.kind = kind, .count = count};
    if (kind == ID_INT64) {
        ids->ints = array((size_t)count, sizeof(*ids->ints));
        for (int32_t i = 0; i < count; i++)
            ids->ints[i] = (int64_t)i * 7 - 3;
        return;
    }
    if (kind == ID_UINT64) {
        ids->uints = array((size_t)count, sizeof(*ids->uints));
        for (int32_t i = 0; i < count; i++)
            ids->uints[i] = UINT64_MAX - (uint64_t)(count - 1 - i) * 3;
        return;
    }
    ids->offsets = array((size_t)count + 1, sizeof(*ids->offsets));
    ids->bytes = array((size_t)count * 16 + 1024, 1);
    for (int32_t i = 0; i < count; i++) {
        char *at = ids->bytes + ids->offsets[i];
        int length = i == 0 ? 0 : snprintf(at, 16, "sku-%09d", i);
        if (i == 1) {
            memset(at + length, '!', 400);
            length += 400;
        }
        if (i == 2)
            at[length++] = '\0';
        if (i == count - 1 && count > 3) /* é sorts after all of ASCII */
            length = snprintf(at, 16, "\xc3\xa9t\xc3\xa9");
        ids->offsets[i + 1] = ids->offsets[i] + length;
    }
}

static void make_matrix(struct csr *matrix, int32_t users, int32_t items)
{
    struct error err;
    const int32_t each = items < 5 ? items : 5;
    must(csr_init(matrix, users, items, (int64_t)users * each, &err), &err);
    int64_t nnz = 0;
    for (int32_t user = 0; user < users; user++) {
        const int32_t step = items / (each + 1) + 1;
        for (int32_t j = 0, item = user % step; j < each && user % 7 != 6; j++, item += step) {
            if (item >= items)
                break;
            matrix->indices[nnz] = item;
            matrix->values[nnz] = (float)(1 + (user + j) % 4);
            nnz++;
        }
        matrix->indptr[user + 1] = nnz;
    }
}

static void fill_factors(void *data, int64_t rows, const struct sample_shape *shape,
                         uint64_t stream)
{
    float *factors = data;
    for (int64_t row = 0; row < rows; row++)
        for (int64_t j = 0; j < shape->stride; j++) /* beyond the factors: must not be written */
            factors[row * shape->stride + j] =
                j >= shape->factors
                    ? 1e30f
                    : random_float(random_bits(7, stream, (uint64_t)(row * shape->factors + j))) -
                          0.5f;
}

static void make_model(struct sample *sample, const struct sample_shape *shape)
{
    struct error err;
    void *users, *items;
    const struct model_kind *kind = model_kind_find(shape->kind);
    if (strcmp(shape->kind, "als") != 0) {
        const struct fit_input input = {
            .train = &sample->matrix, .popularity = sample->popularity, .threads = 1};
        must(kind->fit(&input, &sample->model, &err), &err);
        return;
    }
    must(model_create(kind, shape->users, shape->items, &sample->model, &err), &err);
    must(model_add_array(sample->model, "user_factors", DTYPE_F32, 2, shape->users, shape->factors,
                         shape->stride, &users, &err),
         &err);
    must(model_add_array(sample->model, "item_factors", DTYPE_F32, 2, shape->items, shape->factors,
                         shape->stride, &items, &err),
         &err);
    fill_factors(users, shape->users, shape, 1);
    fill_factors(items, shape->items, shape, 2);
}

/* One value of each kind, at the edges of the encodings. */
static json_t *make_data(void)
{
    char long_text[301];
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    return json_pack("{s:[I,I,I,I,I,I], s:[f,f], s:{s:[], s:{}}, s:b, s:b, s:n, s:s, s:s}", "edges",
                     (json_int_t)INT32_MAX, (json_int_t)INT32_MIN, (json_int_t)INT32_MAX + 1,
                     (json_int_t)INT32_MIN - 1, (json_int_t)INT64_MAX, (json_int_t)INT64_MIN,
                     "reals", 0.15165, -1e-300, "nested", "list", "dict", "yes", 1, "no", 0,
                     "nothing", "long", long_text, "accents", "\xc3\xa9t\xc3\xa9");
}

void sample_init(struct sample *sample, const struct sample_shape *shape)
{
    *sample = (struct sample){0};
    make_ids(&sample->users, shape->user_ids, shape->users);
    make_ids(&sample->items, shape->item_ids, shape->items);
    make_matrix(&sample->matrix, shape->users, shape->items);
    sample->popularity = array((size_t)shape->items, sizeof(*sample->popularity));
    for (int64_t at = 0; at < csr_nnz(&sample->matrix); at++)
        sample->popularity[sample->matrix.indices[at]] += (int64_t)sample->matrix.values[at];
    make_model(sample, shape);
    sample->params = json_pack("{s:i, s:i, s:f, s:f, s:s, s:i, s:i, s:n}", "iterations", 10,
                               "factors", shape->factors, "regularization", 0.01, "alpha", 1.0,
                               "solver", "cg", "cg_steps", 3, "k", 40, "users_max");
    sample->metrics = json_pack("{s:f, s:f}", "recall_at_k", 0.15165, "precision_at_k", 0.009271);
    sample->data = make_data();
    sample->record = (struct model_record){.model = sample->model,
                                           .users = &sample->users,
                                           .items = &sample->items,
                                           .matrix = &sample->matrix,
                                           .popularity = sample->popularity,
                                           .params = sample->params,
                                           .metrics = sample->metrics,
                                           .data = sample->data,
                                           .seed = UINT64_MAX,
                                           .version = "0.1.0"};
}

void sample_release(struct sample *sample)
{
    model_free(sample->model);
    idmap_release(&sample->users);
    idmap_release(&sample->items);
    csr_release(&sample->matrix);
    mem_free(sample->popularity);
    json_decref(sample->params);
    json_decref(sample->metrics);
    json_decref(sample->data);
    *sample = (struct sample){0};
}

static char directory[64];

const char *sample_directory(void)
{
    if (directory[0] == '\0') {
        memcpy(directory, "/tmp/rectrain-test-XXXXXX", sizeof("/tmp/rectrain-test-XXXXXX"));
        if (mkdtemp(directory) == NULL) {
            perror("cannot make a directory for tests");
            exit(1);
        }
    }
    return directory;
}

/* Visit all names but . and ..; returns how many. */
static int each_file(bool remove_them)
{
    DIR *dir = opendir(sample_directory());
    int count = 0;
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        count++;
        if (remove_them)
            unlinkat(dirfd(dir), entry->d_name, 0);
    }
    if (dir != NULL)
        closedir(dir);
    return count;
}

void sample_directory_remove(void)
{
    each_file(true);
    rmdir(sample_directory());
    directory[0] = '\0';
}

int sample_directory_count(void)
{
    return each_file(false);
}

unsigned char *sample_read_file(const char *path, size_t *ret_size)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        perror(path);
        exit(1);
    }
    unsigned char *bytes = array((size_t)status.st_size, 1);
    for (size_t at = 0; at < (size_t)status.st_size;) {
        const ssize_t n = read(fd, bytes + at, (size_t)status.st_size - at);
        if (n <= 0)
            exit(1);
        at += (size_t)n;
    }
    close(fd);
    *ret_size = (size_t)status.st_size;
    return bytes;
}
