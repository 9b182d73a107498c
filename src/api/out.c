#include "api/out.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void out_begin(struct json_out *out, size_t first_bytes, struct error *err)
{
    json_out_init(out, first_bytes, OUT_MAX_BYTES, err);
}

enum err out_finish(struct json_out *out, struct strbuf *ret_text, struct error *err)
{
    enum err rc;
    TRY(json_out_finish(out, ret_text));
    rc = strbuf_add(ret_text, "\n", 1, err);
    if (rc != ERR_OK)
        strbuf_release(ret_text);
done:
    return rc;
}

enum err response_out(struct response *response, int status, struct json_out *out,
                      struct error *err)
{
    enum err rc;
    struct strbuf text;
    TRY(out_finish(out, &text, err));
    response_take(response, "application/json", &text);
    response_status(response, status);
done:
    return rc;
}

enum err response_out_tagged(struct response *response, struct json_out *out, struct error *err)
{
    enum err rc;
    bool is_fresh;
    struct strbuf text;
    char tag[TEXT_TAG_SIZE];
    if ((rc = out_finish(out, &text, err)) != ERR_OK)
        return rc;
    TRY(response_etag(response, text_tag(text.ptr, text.len, tag), &is_fresh, err));
    response_cache(response, "private, no-cache"); /* kept, but asked for each time */
    if (!is_fresh)
        response_take(response, "application/json", &text);
done:
    strbuf_release(&text);
    return rc;
}

/* Multiply, and fold the upper half of the product into the lower one. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    const __uint128_t product = (__uint128_t)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_of(const char *bytes, size_t len)
{
    /* Odd constants with as many ones as zeros, as in Wang Yi's wyhash. */
    const uint64_t first = 0xa0761d6478bd642fu, second = 0xe7037ed1a0b428dbu;
    uint64_t hash = first ^ len;
    for (; len >= 8; bytes += 8, len -= 8) {
        uint64_t word;
        memcpy(&word, bytes, sizeof(word));
        hash = mix(hash ^ word, second) + first;
    }
    uint64_t rest = 0;
    memcpy(&rest, bytes, len);
    return mix(mix(hash ^ rest, second) ^ first, second);
}

const char *text_tag(const char *bytes, size_t len, char out[TEXT_TAG_SIZE])
{
    snprintf(out, TEXT_TAG_SIZE, "%016" PRIx64, hash_of(bytes, len));
    return out;
}
