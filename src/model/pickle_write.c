#include <inttypes.h>
#include <string.h>

#include "model/pickle.h"

enum err pickle_put_opcode(struct output *out, enum pickle_opcode opcode, struct error *err)
{
    const unsigned char byte = (unsigned char)opcode;
    return output_write(out, &byte, 1, err);
}

/* An opcode and the little-endian bytes that belong to it. */
static enum err put(struct output *out, enum pickle_opcode opcode, const void *bytes, size_t size,
                    struct error *err)
{
    enum err rc;
    TRY(pickle_put_opcode(out, opcode, err));
    TRY(output_write(out, bytes, size, err));
done:
    return rc;
}

enum err pickle_put_int(struct output *out, int64_t value, struct error *err)
{
    if (value >= INT32_MIN && value <= INT32_MAX) {
        const int32_t small = (int32_t)value;
        return put(out, PICKLE_BININT, &small, sizeof(small), err);
    }
    /* Two's complement, without the bytes that only repeat the sign. */
    unsigned char bytes[9] = {8};
    memcpy(bytes + 1, &value, sizeof(value));
    while (bytes[0] > 1 && bytes[bytes[0]] == (value < 0 ? 0xff : 0) &&
           (bytes[bytes[0] - 1] >= 0x80) == (value < 0))
        bytes[0]--;
    return put(out, PICKLE_LONG1, bytes, (size_t)bytes[0] + 1, err);
}

enum err pickle_put_uint(struct output *out, uint64_t value, struct error *err)
{
    if (value <= INT64_MAX)
        return pickle_put_int(out, (int64_t)value, err);
    unsigned char bytes[10] = {9}; /* the last byte, 0, says that it is not negative */
    memcpy(bytes + 1, &value, sizeof(value));
    return put(out, PICKLE_LONG1, bytes, sizeof(bytes), err);
}

/* The length of the UTF-8 sequence that starts with `c`, and the range of its second byte, by
 * table 3-7 of the Unicode standard; 0 when none starts so. */
static size_t sequence(unsigned char c, unsigned char *low, unsigned char *high)
{
    *low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    *high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    return c < 0x80                ? 1
           : c >= 0xc2 && c < 0xe0 ? 2
           : c >= 0xe0 && c < 0xf0 ? 3
           : c >= 0xf0 && c < 0xf5 ? 4
                                   : 0;
}

bool pickle_is_utf8(struct str text)
{
    const unsigned char *at = (const unsigned char *)text.ptr;
    for (size_t i = 0; i < text.len;) {
        unsigned char low, high;
        const size_t n = sequence(at[i], &low, &high);
        if (n == 0 || n > text.len - i || (n > 1 && (at[i + 1] < low || at[i + 1] > high)))
            return false;
        for (size_t j = 2; j < n; j++)
            if ((at[i + j] & 0xc0) != 0x80)
                return false;
        i += n;
    }
    return true;
}

enum err pickle_put_text(struct output *out, struct str text, struct error *err)
{
    enum err rc;
    if (text.len > PICKLE_TEXT_BYTES_MAX)
        return FAIL(err, ERR_DATA, "a text of %zu bytes is over the model file's limit of %d",
                    text.len, PICKLE_TEXT_BYTES_MAX);
    if (!pickle_is_utf8(text))
        return FAIL(err, ERR_DATA, "a text of %zu bytes is not UTF-8", text.len);
    if (text.len < 256) {
        const unsigned char size = (unsigned char)text.len;
        TRY(put(out, PICKLE_SHORT_BINUNICODE, &size, 1, err));
    } else {
        const uint32_t size = (uint32_t)text.len;
        TRY(put(out, PICKLE_BINUNICODE, &size, sizeof(size), err));
    }
    TRY(output_write(out, text.ptr, text.len, err));
done:
    return rc;
}

enum err pickle_put_name(struct output *out, const char *text, struct error *err)
{
    return pickle_put_text(out, (struct str){text, strlen(text)}, err);
}

/* A bytes object that is dropped at once, so long that the bytes of the array that follows start
 * on a boundary. */
static enum err put_padding(struct output *out, struct error *err)
{
    enum err rc;
    static const unsigned char zeros[PICKLE_ALIGNMENT];
    const uint64_t fixed = 3 + 9; /* of the padding itself, of BYTEARRAY8 and its length */
    const unsigned char size =
        (unsigned char)(-(out->written + fixed) & (uint64_t)(PICKLE_ALIGNMENT - 1));

    TRY(put(out, PICKLE_SHORT_BINBYTES, &size, 1, err));
    TRY(output_write(out, zeros, size, err));
    TRY(pickle_put_opcode(out, PICKLE_POP, err));
done:
    return rc;
}

enum err pickle_put_array(struct output *out, const struct tensor *array, struct error *err)
{
    enum err rc;
    static const char global[] = "numpy\nndarray\n";
    const uint64_t size = tensor_bytes(array);

    TRY(put(out, PICKLE_GLOBAL, global, sizeof(global) - 1, err));
    for (int32_t i = 0; i < array->ndim; i++)
        TRY(pickle_put_int(out, array->shape[i], err));
    TRY(pickle_put_opcode(out, array->ndim == 1 ? PICKLE_TUPLE1 : PICKLE_TUPLE2, err));
    TRY(pickle_put_name(out, element_numpy(array->element), err));
    TRY(put_padding(out, err));
    TRY(put(out, PICKLE_BYTEARRAY8, &size, sizeof(size), err));
    TRY(tensor_write(array, out, err));
    TRY(pickle_put_opcode(out, PICKLE_TUPLE3, err));
    TRY(pickle_put_opcode(out, PICKLE_REDUCE, err));
done:
    return rc;
}

static enum err put_real(struct output *out, double value, struct error *err)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    bits = __builtin_bswap64(bits); /* the one field of a pickle that is big-endian */
    return put(out, PICKLE_BINFLOAT, &bits, sizeof(bits), err);
}

static enum err put_value(struct output *out, const json_t *value, int depth, struct error *err);

static enum err put_list(struct output *out, const json_t *list, int depth, struct error *err)
{
    enum err rc;
    TRY(pickle_put_opcode(out, PICKLE_EMPTY_LIST, err));
    TRY(pickle_put_opcode(out, PICKLE_MARK, err));
    for (size_t i = 0; i < json_array_size(list); i++)
        TRY(put_value(out, json_array_get(list, i), depth + 1, err));
    TRY(pickle_put_opcode(out, PICKLE_APPENDS, err));
done:
    return rc;
}

static enum err put_dict(struct output *out, const json_t *dict, int depth, struct error *err)
{
    enum err rc;
    json_t *object = (json_t *)dict; /* jansson's iterators take no const, and change nothing */
    const char *key;
    json_t *value;

    TRY(pickle_put_opcode(out, PICKLE_EMPTY_DICT, err));
    TRY(pickle_put_opcode(out, PICKLE_MARK, err));
    json_object_foreach(object, key, value)
    {
        TRY(pickle_put_name(out, key, err));
        TRY(put_value(out, value, depth + 1, err));
    }
    TRY(pickle_put_opcode(out, PICKLE_SETITEMS, err));
done:
    return rc;
}

static enum err put_value(struct output *out, const json_t *value, int depth, struct error *err)
{
    if (depth > PICKLE_JSON_DEPTH_MAX)
        return FAIL(err, ERR_DATA, "a JSON value is nested deeper than %d", PICKLE_JSON_DEPTH_MAX);
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return put_dict(out, value, depth, err);
    case JSON_ARRAY:
        return put_list(out, value, depth, err);
    case JSON_STRING:
        return pickle_put_text(
            out, (struct str){json_string_value(value), json_string_length(value)}, err);
    case JSON_INTEGER:
        return pickle_put_int(out, json_integer_value(value), err);
    case JSON_REAL:
        return put_real(out, json_real_value(value), err);
    case JSON_TRUE:
        return pickle_put_opcode(out, PICKLE_NEWTRUE, err);
    case JSON_FALSE:
        return pickle_put_opcode(out, PICKLE_NEWFALSE, err);
    case JSON_NULL:
        break;
    }
    return pickle_put_opcode(out, PICKLE_NONE, err);
}

enum err pickle_put_json(struct output *out, const json_t *value, struct error *err)
{
    enum err rc;
    const uint64_t begin = out->written;
    TRY(put_value(out, value, 0, err));
    if (out->written - begin > PICKLE_JSON_BYTES_MAX)
        rc = FAIL(err, ERR_DATA, "a JSON value of %" PRIu64 " bytes is over the limit of %d",
                  out->written - begin, PICKLE_JSON_BYTES_MAX);
done:
    return rc;
}
