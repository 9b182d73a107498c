#ifndef MODEL_PICKLE_H
#define MODEL_PICKLE_H

/*
 * The few words of Python's pickle protocol 5 that the model file is made of, written and read
 * back in one spelling only. The reader is no unpickler: it has no stack, no memo and calls
 * nothing; at each place it accepts exactly what the writer would have put there, and anything
 * else is ERR_CORRUPT with the byte and what was expected. docs/model-file.md has the grammar.
 *
 *   int     J i32, or LONG1 with the fewest bytes when it does not fit
 *   text    SHORT_BINUNICODE up to 255 bytes of UTF-8, else BINUNICODE
 *   array   GLOBAL numpy.ndarray, ints, TUPLE1 or TUPLE2, text dtype, padding, BYTEARRAY8, TUPLE3,
 *           REDUCE: numpy.ndarray(shape, dtype, bytearray); its bytes start on a 64-byte boundary
 *   json    NONE, NEWTRUE, NEWFALSE, int, BINFLOAT, text, list `]( … e`, dict `}( key value … u`
 */
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "model/output.h"
#include "model/tensor.h"

enum pickle_opcode {
    PICKLE_MARK = '(',
    PICKLE_STOP = '.',
    PICKLE_POP = '0',
    PICKLE_SHORT_BINBYTES = 'C',
    PICKLE_BINFLOAT = 'G',
    PICKLE_BININT = 'J',
    PICKLE_NONE = 'N',
    PICKLE_REDUCE = 'R',
    PICKLE_BINUNICODE = 'X',
    PICKLE_EMPTY_LIST = ']',
    PICKLE_GLOBAL = 'c',
    PICKLE_APPENDS = 'e',
    PICKLE_SETITEMS = 'u',
    PICKLE_EMPTY_DICT = '}',
    PICKLE_PROTO = 0x80,
    PICKLE_TUPLE1 = 0x85,
    PICKLE_TUPLE2 = 0x86,
    PICKLE_TUPLE3 = 0x87,
    PICKLE_NEWTRUE = 0x88,
    PICKLE_NEWFALSE = 0x89,
    PICKLE_LONG1 = 0x8a,
    PICKLE_SHORT_BINUNICODE = 0x8c,
    PICKLE_BYTEARRAY8 = 0x96,
};

enum {
    PICKLE_PROTOCOL = 5,
    PICKLE_ALIGNMENT = 64,
    PICKLE_TEXT_BYTES_MAX = 1 << 20,  /* of one string */
    PICKLE_JSON_BYTES_MAX = 16 << 20, /* of one JSON value, pickled */
    PICKLE_JSON_DEPTH_MAX = 32,       /* of lists and dicts within each other */
};

/* True when `text` is UTF-8 (RFC 3629: no surrogates, nothing overlong). */
bool pickle_is_utf8(struct str text);

/* ---- Writing. Besides the errors of output_write: ERR_DATA for text that is not UTF-8 or above
 * a limit. ---- */
MUST_CHECK enum err pickle_put_opcode(struct output *out, enum pickle_opcode opcode,
                                      struct error *err);
MUST_CHECK enum err pickle_put_int(struct output *out, int64_t value, struct error *err);
MUST_CHECK enum err pickle_put_uint(struct output *out, uint64_t value, struct error *err);
MUST_CHECK enum err pickle_put_text(struct output *out, struct str text, struct error *err);
MUST_CHECK enum err pickle_put_name(struct output *out, const char *text, struct error *err);
MUST_CHECK enum err pickle_put_array(struct output *out, const struct tensor *array,
                                     struct error *err);
MUST_CHECK enum err pickle_put_json(struct output *out, const json_t *value, struct error *err);

/* ---- Reading: a cursor over bytes, which must start on a 64-byte boundary. What is returned
 * points into them. Errors: ERR_CORRUPT, and ERR_NOMEM where JSON is made. ---- */
struct pickle_reader {
    const unsigned char *bytes;
    size_t size, at;
};

/* Fail with "byte <at>: expected <what>". */
MUST_CHECK enum err pickle_expected(const struct pickle_reader *in, size_t at, const char *what,
                                    struct error *err);
/* The opcode at the cursor, which stays; -1 at the end. */
int pickle_peek(const struct pickle_reader *in);

MUST_CHECK enum err pickle_get_opcode(struct pickle_reader *in, enum pickle_opcode opcode,
                                      const char *what, struct error *err);
MUST_CHECK enum err pickle_get_int(struct pickle_reader *in, int64_t *ret_value, struct error *err);
MUST_CHECK enum err pickle_get_uint(struct pickle_reader *in, uint64_t *ret_value,
                                    struct error *err);
MUST_CHECK enum err pickle_get_text(struct pickle_reader *in, struct str *ret_text,
                                    struct error *err);
/* This very text. */
MUST_CHECK enum err pickle_get_name(struct pickle_reader *in, const char *text, struct error *err);
MUST_CHECK enum err pickle_get_array(struct pickle_reader *in, struct tensor *ret_array,
                                     struct error *err);
/* A JSON value, owned by the caller (json_decref). No key of a dict may come twice. */
MUST_CHECK enum err pickle_get_json(struct pickle_reader *in, json_t **ret_value,
                                    struct error *err);

#endif
