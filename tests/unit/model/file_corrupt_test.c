/*
 * Whatever happens to a model file, the reader says so: more than 100,000 broken variants of small
 * files, each opened with the checksum (which must refuse it) and once more with the checksum set
 * right, as one who forges files would, where it may open but must not read out of bounds.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/random.h"
#include "support/test.h"
#include "unit/model/corrupt.h"
#include "unit/model/sample.h"

enum { EXTRA_BYTES = 64 };

static struct {
    unsigned char *whole;   /* [size] a good file */
    unsigned char *variant; /* [size + EXTRA_BYTES] */
    size_t size;
    int tried, opened; /* opened: with the checksum set right */
} at;
static int all_tried;

enum { SHAPES = 2 };
static const struct sample_shape shapes[SHAPES] = {
    {"als", 5, 4, 2, 2, ID_INT64, ID_STRING},
    {"popular", 4, 3, 1, 1, ID_STRING, ID_UINT64},
};

static void start(const struct sample_shape *shape)
{
    struct error err;
    struct sample sample;
    char *path, sum[HASH_HEX_SIZE];
    sample_init(&sample, shape);
    assert_ok(model_file_write(&sample.record, sample_directory(), 0, "s", NULL, &path, sum, &err));
    sample_release(&sample);
    at.whole = sample_read_file(path, &at.size);
    at.variant = mem_array(at.size + EXTRA_BYTES, 1, &err);
    assert_non_null(at.variant);
    at.tried = at.opened = 0;
    unlink(path);
    mem_free(path);
    assert_ok(corrupt_open(at.whole, at.size, true, &err));
}

static void stop(void)
{
    mem_free(at.whole);
    mem_free(at.variant);
}

static void copy_whole(void)
{
    memcpy(at.variant, at.whole, at.size);
}

/* at.variant, `size` bytes of it, is broken. */
static void assert_refused(size_t size)
{
    struct error err = {.code = ERR_OK};
    if (size == at.size && memcmp(at.variant, at.whole, size) == 0)
        return; /* the change changed nothing */
    at.tried++;
    all_tried++;
    assert_error(corrupt_open(at.variant, size, true, &err), ERR_CORRUPT);
    assert_int_equal(strncmp(err.message, "byte ", 5), 0);
    const char *reason = strstr(err.message, ": ");
    assert_true(reason != NULL && strlen(reason) > 10);
    corrupt_reseal(at.variant, size);
    const enum err code = corrupt_open(at.variant, size, true, &err);
    assert_true(code == ERR_OK || code == ERR_CORRUPT);
    at.opened += code == ERR_OK;
}

static void every_flipped_bit_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        start(&shapes[i]);
        for (size_t bit = 0; bit < 8 * at.size; bit++) {
            copy_whole();
            at.variant[bit / 8] ^= (unsigned char)(1u << bit % 8);
            assert_refused(at.size);
        }
        assert_int_equal(at.tried, 8 * at.size);
        assert_true(at.opened > 0); /* another factor, another metric: but for the checksum, good */
        stop();
    }
}

static void every_truncation_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        start(&shapes[i]);
        for (size_t size = 0; size < at.size; size++) {
            copy_whole();
            assert_refused(size);
        }
        assert_int_equal(at.opened, 0);
        stop();
    }
}

static void every_added_or_missing_byte_is_found(void **state)
{
    static const unsigned char added[] = {0, 0xff, '(', '.', 'u'};
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        start(&shapes[i]);
        for (size_t place = 0; place <= at.size; place++) {
            for (size_t j = 0; j < sizeof(added); j++) {
                memcpy(at.variant, at.whole, place);
                at.variant[place] = added[j];
                memcpy(at.variant + place + 1, at.whole + place, at.size - place);
                assert_refused(at.size + 1);
            }
            if (place == at.size)
                break;
            memcpy(at.variant, at.whole, place);
            memcpy(at.variant + place, at.whole + place + 1, at.size - place - 1);
            assert_refused(at.size - 1);
        }
        for (size_t more = 1; more <= EXTRA_BYTES; more++) {
            copy_whole();
            memset(at.variant + at.size, (int)more, more);
            assert_refused(at.size + more);
        }
        stop();
    }
}

/* Every opcode at every byte, the dangerous ones too. */
static void every_exchanged_opcode_is_found(void **state)
{
    static const unsigned char opcodes[] = {'(',  '.',  '0',  'B',  'C',  'G',  'J',  'K',  'N',
                                            'R',  'X',  ']',  'b',  'c',  'e',  'h',  'i',  'q',
                                            'u',  ')',  '}',  0x80, 0x81, 0x85, 0x86, 0x87, 0x88,
                                            0x8a, 0x8c, 0x8e, 0x93, 0x94, 0x95, 0x96, 0x97};
    (void)state;
    start(&shapes[0]);
    for (size_t place = 0; place < at.size; place++)
        for (size_t j = 0; j < sizeof(opcodes); j++) {
            copy_whole();
            at.variant[place] = opcodes[j];
            assert_refused(at.size);
        }
    stop();
}

/* Lengths, shapes and offsets set to what overflows, at every byte and of every width. */
static void every_changed_length_is_found(void **state)
{
    static const uint64_t values[] = {0,         1,          INT32_MAX,          UINT32_MAX,
                                      INT64_MAX, 1ull << 63, UINT64_MAX / 4 + 1, UINT64_MAX};
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        start(&shapes[i]);
        for (size_t place = 0; place < at.size; place++)
            for (size_t j = 0; j < sizeof(values) / sizeof(values[0]); j++)
                for (size_t width = 4; width <= 8 && place + width <= at.size; width += 4) {
                    copy_whole();
                    memcpy(at.variant + place, &values[j], width);
                    assert_refused(at.size);
                }
        stop();
    }
}

static void parts_that_were_moved_about_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        start(&shapes[i]);
        for (uint64_t n = 0; n < 6000; n++) {
            const uint64_t bits = random_bits(11, i, n);
            const size_t size = 1 + bits % 40;
            const size_t from = (size_t)(bits >> 8) % (at.size - size);
            const size_t to = (size_t)(bits >> 32) % (at.size - size);
            copy_whole();
            memcpy(at.variant + to, at.whole + from, size);
            if (bits >> 63)
                memcpy(at.variant + from, at.whole + to, size);
            assert_refused(at.size);
        }
        assert_true(at.tried > 5000);
        stop();
    }
}

/* Without `verify` a change of a factor goes unseen, but nothing is read out of bounds. */
static void without_the_checksum_only_content_can_differ(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        int opened = 0, refused = 0;
        start(&shapes[i]);
        for (size_t bit = 0; bit < 8 * at.size; bit++) {
            struct error err;
            copy_whole();
            at.variant[bit / 8] ^= (unsigned char)(1u << bit % 8);
            const enum err code = corrupt_open(at.variant, at.size, false, &err);
            assert_true(code == ERR_OK || code == ERR_CORRUPT);
            *(code == ERR_OK ? &opened : &refused) += 1;
        }
        assert_true(opened > 0 && refused > 0);
        stop();
    }
}

static void there_were_enough_variants(void **state)
{
    (void)state;
    assert_true(all_tried > 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_flipped_bit_is_found),
        cmocka_unit_test(every_truncation_is_found),
        cmocka_unit_test(every_added_or_missing_byte_is_found),
        cmocka_unit_test(every_exchanged_opcode_is_found),
        cmocka_unit_test(every_changed_length_is_found),
        cmocka_unit_test(parts_that_were_moved_about_are_found),
        cmocka_unit_test(there_were_enough_variants),
        cmocka_unit_test(without_the_checksum_only_content_can_differ),
    };
    json_init();
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sample_directory_remove();
    return failed;
}
