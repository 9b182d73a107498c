#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/pickle.h"

enum err pickle_expected(const struct pickle_reader *in, size_t at, const char *what,
                         struct error *err)
{
    return FAIL(err, ERR_CORRUPT, "byte %zu%s: expected %s", at, at >= in->size ? " (the end)" : "",
                what);
}

int pickle_peek(const struct pickle_reader *in)
{
    return in->at < in->size ? in->bytes[in->at] : -1;
}

/* The next `size` bytes, or NULL when the file ends before. */
static const unsigned char *take(struct pickle_reader *in, uint64_t size)
{
    if (size > in->size - in->at)
        return NULL;
    const unsigned char *bytes = in->bytes + in->at;
    in->at += (size_t)size;
    return bytes;
}

enum err pickle_get_opcode(struct pickle_reader *in, enum pickle_opcode opcode, const char *what,
                           struct error *err)
{
    if (pickle_peek(in) != (int)opcode)
        return pickle_expected(in, in->at, what, err);
    in->at++;
    return ERR_OK;
}

/* An integer of up to 64 bits and its sign. */
struct integer {
    bool negative;
    uint64_t bits; /* two's complement */
};

/* Neither shorter in BININT nor with fewer bytes. */
static bool long_is_shortest(const unsigned char *bytes, size_t n, struct integer value)
{
    const int64_t number = (int64_t)value.bits;
    if (n == 9)
        return bytes[8] == 0 && bytes[7] >= 0x80;
    if (number >= INT32_MIN && number <= INT32_MAX)
        return false;
    const bool repeats_sign =
        bytes[n - 1] == (value.negative ? 0xff : 0) && (bytes[n - 2] >= 0x80) == value.negative;
    return !repeats_sign;
}

static enum err get_integer(struct pickle_reader *in, struct integer *ret_value, struct error *err)
{
    static const char what[] = "an integer";
    const size_t begin = in->at;
    const int opcode = pickle_peek(in);
    const unsigned char *bytes;

    if (opcode >= 0)
        in->at++;
    if (opcode == PICKLE_BININT) {
        int32_t small;
        if ((bytes = take(in, sizeof(small))) == NULL)
            return pickle_expected(in, begin, what, err);
        memcpy(&small, bytes, sizeof(small));
        *ret_value = (struct integer){small < 0, (uint64_t)(int64_t)small};
        return ERR_OK;
    }
    if (opcode != PICKLE_LONG1 || (bytes = take(in, 1)) == NULL)
        return pickle_expected(in, begin, what, err);
    const size_t n = bytes[0];
    if (n < 5 || n > 9 || (bytes = take(in, n)) == NULL)
        return pickle_expected(in, begin, "an integer of at most 64 bits", err);
    struct integer value = {bytes[n - 1] >= 0x80, bytes[n - 1] >= 0x80 ? UINT64_MAX : 0};
    memcpy(&value.bits, bytes, n < 8 ? n : 8);
    if (!long_is_shortest(bytes, n, value))
        return pickle_expected(in, begin, "an integer in its shortest form", err);
    *ret_value = value;
    return ERR_OK;
}

enum err pickle_get_int(struct pickle_reader *in, int64_t *ret_value, struct error *err)
{
    const size_t begin = in->at;
    struct integer value;
    enum err rc;
    TRY(get_integer(in, &value, err));
    if (!value.negative && value.bits > INT64_MAX)
        return pickle_expected(in, begin, "an integer below 2^63", err);
    *ret_value = (int64_t)value.bits;
done:
    return rc;
}

enum err pickle_get_uint(struct pickle_reader *in, uint64_t *ret_value, struct error *err)
{
    const size_t begin = in->at;
    struct integer value;
    enum err rc;
    TRY(get_integer(in, &value, err));
    if (value.negative)
        return pickle_expected(in, begin, "an integer from 0", err);
    *ret_value = value.bits;
done:
    return rc;
}

enum err pickle_get_text(struct pickle_reader *in, struct str *ret_text, struct error *err)
{
    const size_t begin = in->at;
    const int opcode = pickle_peek(in);
    const size_t width = opcode == PICKLE_SHORT_BINUNICODE ? 1 : 4;
    if (opcode != PICKLE_SHORT_BINUNICODE && opcode != PICKLE_BINUNICODE)
        return pickle_expected(in, begin, "a string", err);
    in->at++;

    const unsigned char *bytes = take(in, width);
    uint32_t size = 0;
    if (bytes != NULL)
        memcpy(&size, bytes, width);
    if (bytes == NULL || size > PICKLE_TEXT_BYTES_MAX || (width == 4 && size < 256) ||
        (bytes = take(in, size)) == NULL)
        return pickle_expected(in, begin, "a string whose length fits", err);
    const struct str text = {(const char *)bytes, size};
    if (!pickle_is_utf8(text))
        return pickle_expected(in, begin, "a string in UTF-8", err);
    *ret_text = text;
    return ERR_OK;
}

enum err pickle_get_name(struct pickle_reader *in, const char *text, struct error *err)
{
    const size_t begin = in->at;
    struct str have;
    struct error ignored; /* what is said is that the name is not there */
    if (pickle_get_text(in, &have, &ignored) != ERR_OK || have.len != strlen(text) ||
        memcmp(have.ptr, text, have.len) != 0)
        return FAIL(err, ERR_CORRUPT, "byte %zu: expected the string '%s'", begin, text);
    return ERR_OK;
}

static enum err get_shape(struct pickle_reader *in, struct tensor *array, struct error *err)
{
    enum err rc;
    array->shape[1] = 1;
    for (array->ndim = 0; array->ndim < 2 && pickle_peek(in) != PICKLE_TUPLE1; array->ndim++) {
        const size_t begin = in->at;
        TRY(pickle_get_int(in, &array->shape[array->ndim], err));
        if (array->shape[array->ndim] < 0)
            return pickle_expected(in, begin, "a length from 0", err);
    }
    if (array->ndim == 0)
        return pickle_expected(in, in->at, "the shape of an array", err);
    TRY(pickle_get_opcode(in, array->ndim == 1 ? PICKLE_TUPLE1 : PICKLE_TUPLE2,
                          "the end of a shape of one or two lengths", err));
    array->stride = array->shape[1];
done:
    return rc;
}

static enum err get_element(struct pickle_reader *in, enum element *ret_element, struct error *err)
{
    const size_t begin = in->at;
    struct str text;
    enum err rc;
    TRY(pickle_get_text(in, &text, err));
    for (enum element e = 0; e < ELEMENTS; e++)
        if (text.len == strlen(element_numpy(e)) &&
            memcmp(text.ptr, element_numpy(e), text.len) == 0) {
            *ret_element = e;
            return ERR_OK;
        }
    rc = pickle_expected(in, begin, "the name of an element type: <f4, <i4, <i8 or <u8", err);
done:
    return rc;
}

/* Zeros, exactly as many as bring the bytes after BYTEARRAY8 and its length to a boundary. */
static enum err get_padding(struct pickle_reader *in, struct error *err)
{
    enum err rc;
    const size_t begin = in->at;
    const size_t want = -(begin + 3 + 9) & (size_t)(PICKLE_ALIGNMENT - 1);

    TRY(pickle_get_opcode(in, PICKLE_SHORT_BINBYTES, "padding before the bytes of an array", err));
    const unsigned char *size = take(in, 1);
    const unsigned char *zeros = size != NULL && *size == want ? take(in, want) : NULL;
    if (zeros == NULL)
        return pickle_expected(in, begin, "padding to a boundary of 64 bytes", err);
    for (size_t i = 0; i < want; i++)
        if (zeros[i] != 0)
            return pickle_expected(in, begin + 2 + i, "a zero of the padding", err);
    TRY(pickle_get_opcode(in, PICKLE_POP, "the end of the padding", err));
done:
    return rc;
}

static enum err get_payload(struct pickle_reader *in, struct tensor *array, struct error *err)
{
    enum err rc;
    uint64_t want, size;
    const size_t begin = in->at;

    TRY(pickle_get_opcode(in, PICKLE_BYTEARRAY8, "the bytes of an array", err));
    const unsigned char *bytes = take(in, sizeof(size));
    if (bytes == NULL)
        return pickle_expected(in, begin, "the length of an array", err);
    memcpy(&size, bytes, sizeof(size));
    if (__builtin_mul_overflow((uint64_t)array->shape[0], (uint64_t)array->shape[1], &want) ||
        __builtin_mul_overflow(want, element_size(array->element), &want) || size != want)
        return pickle_expected(in, begin, "an array as long as its shape says", err);
    array->data = take(in, size);
    if (array->data == NULL)
        return pickle_expected(in, begin, "an array that ends before the file does", err);
done:
    return rc;
}

enum err pickle_get_array(struct pickle_reader *in, struct tensor *ret_array, struct error *err)
{
    enum err rc;
    struct tensor array = {0};
    static const char global[] = "cnumpy\nndarray\n";
    const size_t begin = in->at;

    const unsigned char *name = take(in, sizeof(global) - 1);
    if (name == NULL || memcmp(name, global, sizeof(global) - 1) != 0)
        return pickle_expected(in, begin, "an array: the name numpy.ndarray", err);
    TRY(get_shape(in, &array, err));
    TRY(get_element(in, &array.element, err));
    TRY(get_padding(in, err));
    TRY(get_payload(in, &array, err));
    TRY(pickle_get_opcode(in, PICKLE_TUPLE3, "the three arguments of an array", err));
    TRY(pickle_get_opcode(in, PICKLE_REDUCE, "the end of an array", err));
    *ret_array = array;
done:
    return rc;
}
