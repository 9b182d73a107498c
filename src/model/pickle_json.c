/* JSON values out of a pickle: dicts, lists, strings, numbers, True, False and None. */
#include <math.h>
#include <string.h>

#include "model/pickle.h"

static enum err get_value(struct pickle_reader *in, int depth, json_t **ret_value,
                          struct error *err);

static enum err no_memory(struct error *err)
{
    return FAIL(err, ERR_NOMEM, "out of memory for the JSON of a model file");
}

static enum err get_real(struct pickle_reader *in, json_t **ret_value, struct error *err)
{
    uint64_t bits;
    double value;
    if (in->size - in->at < 1 + sizeof(bits))
        return pickle_expected(in, in->size, "the eight bytes of a number", err);
    memcpy(&bits, in->bytes + in->at + 1, sizeof(bits));
    bits = __builtin_bswap64(bits);
    memcpy(&value, &bits, sizeof(value));
    if (!isfinite(value))
        return pickle_expected(in, in->at, "a finite number", err);
    in->at += 1 + sizeof(bits);
    *ret_value = json_real(value);
    return *ret_value != NULL ? ERR_OK : no_memory(err);
}

static enum err get_integer(struct pickle_reader *in, json_t **ret_value, struct error *err)
{
    enum err rc;
    int64_t value;
    TRY(pickle_get_int(in, &value, err));
    *ret_value = json_integer(value);
    if (*ret_value == NULL)
        rc = no_memory(err);
done:
    return rc;
}

static enum err get_string(struct pickle_reader *in, json_t **ret_value, struct error *err)
{
    enum err rc;
    struct str text;
    TRY(pickle_get_text(in, &text, err));
    *ret_value = json_stringn_nocheck(text.ptr, text.len); /* it was checked */
    if (*ret_value == NULL)
        rc = no_memory(err);
done:
    return rc;
}

static enum err get_list(struct pickle_reader *in, int depth, json_t **ret_value, struct error *err)
{
    enum err rc;
    json_t *list = NULL, *item = NULL;

    TRY(pickle_get_opcode(in, PICKLE_EMPTY_LIST, "a list", err));
    TRY(pickle_get_opcode(in, PICKLE_MARK, "the items of a list", err));
    list = json_array();
    while (pickle_peek(in) != PICKLE_APPENDS) {
        TRY(get_value(in, depth + 1, &item, err));
        TRY(json_append(list, item, err)); /* also when there is no list */
    }
    in->at++;
    *ret_value = list;
    if (list == NULL)
        rc = no_memory(err);
    list = NULL;
done:
    json_decref(list);
    return rc;
}

/* The text of a key, terminated, for jansson's functions; it has no zero byte inside. */
static enum err get_key(struct pickle_reader *in, const json_t *dict, struct strbuf *key,
                        struct error *err)
{
    enum err rc;
    struct str text;
    const size_t begin = in->at;
    TRY(pickle_get_text(in, &text, err));
    if (text.len > 0 && memchr(text.ptr, '\0', text.len) != NULL)
        return pickle_expected(in, begin, "a key without a zero byte", err);
    key->len = 0;
    TRY(strbuf_add(key, text.ptr, text.len, err));
    if (json_object_get(dict, key->ptr) != NULL)
        rc = pickle_expected(in, begin, "a key that the dict does not have yet", err);
done:
    return rc;
}

static enum err get_dict(struct pickle_reader *in, int depth, json_t **ret_value, struct error *err)
{
    enum err rc;
    json_t *dict = NULL, *item = NULL;
    struct strbuf key;
    strbuf_init(&key, PICKLE_TEXT_BYTES_MAX + 1);

    TRY(pickle_get_opcode(in, PICKLE_EMPTY_DICT, "a dict", err));
    TRY(pickle_get_opcode(in, PICKLE_MARK, "the items of a dict", err));
    dict = json_object();
    while (pickle_peek(in) != PICKLE_SETITEMS) {
        TRY(get_key(in, dict, &key, err));
        TRY(get_value(in, depth + 1, &item, err));
        TRY(json_set(dict, key.ptr, item, err)); /* also when there is no dict */
    }
    in->at++;
    *ret_value = dict;
    if (dict == NULL)
        rc = no_memory(err);
    dict = NULL;
done:
    strbuf_release(&key);
    json_decref(dict);
    return rc;
}

static enum err get_value(struct pickle_reader *in, int depth, json_t **ret_value,
                          struct error *err)
{
    if (depth > PICKLE_JSON_DEPTH_MAX)
        return pickle_expected(in, in->at, "a value nested less deeply", err);
    switch (pickle_peek(in)) {
    case PICKLE_EMPTY_DICT:
        return get_dict(in, depth, ret_value, err);
    case PICKLE_EMPTY_LIST:
        return get_list(in, depth, ret_value, err);
    case PICKLE_SHORT_BINUNICODE:
    case PICKLE_BINUNICODE:
        return get_string(in, ret_value, err);
    case PICKLE_BININT:
    case PICKLE_LONG1:
        return get_integer(in, ret_value, err);
    case PICKLE_BINFLOAT:
        return get_real(in, ret_value, err);
    case PICKLE_NEWTRUE:
        *ret_value = json_true();
        break;
    case PICKLE_NEWFALSE:
        *ret_value = json_false();
        break;
    case PICKLE_NONE:
        *ret_value = json_null();
        break;
    default:
        return pickle_expected(in, in->at, "None, a bool, a number, a string, a list or a dict",
                               err);
    }
    in->at++;
    return ERR_OK;
}

enum err pickle_get_json(struct pickle_reader *in, json_t **ret_value, struct error *err)
{
    enum err rc;
    json_t *value = NULL;
    /* No further than the limit, so that a hostile file cannot ask for more memory than that. */
    struct pickle_reader part = *in;
    if (part.size - part.at > PICKLE_JSON_BYTES_MAX)
        part.size = part.at + PICKLE_JSON_BYTES_MAX;
    TRY(get_value(&part, 0, &value, err));
    in->at = part.at;
    *ret_value = value;
done:
    return rc;
}
