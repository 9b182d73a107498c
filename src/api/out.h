#ifndef API_OUT_H
#define API_OUT_H

/* Answers that are written as text (base/json_out.h), with an entity tag of what they say. */
#include "base/json_out.h"
#include "http/response.h"

enum { OUT_FIRST_BYTES = 2048, OUT_MAX_BYTES = 64 << 20 };

/* Begin an answer of about `first_bytes`. It must reach one of the two below. */
void out_begin(struct json_out *out, size_t first_bytes, struct error *err);

/* What was written, with a line's end: the body that the two below would send. */
MUST_CHECK enum err out_finish(struct json_out *out, struct strbuf *ret_text, struct error *err);

/* Answer with a status and what was written. Errors: of json_out_finish. */
MUST_CHECK enum err response_out(struct response *response, int status, struct json_out *out,
                                 struct error *err);

/* The same with 200 and an ETag of the content, or 304 where the client has it. */
MUST_CHECK enum err response_out_tagged(struct response *response, struct json_out *out,
                                        struct error *err);

/* The entity tag of a text, 64 bits in hexadecimal. No secret: whoever makes texts can make two
 * that have the same. */
enum { TEXT_TAG_SIZE = 17 };
const char *text_tag(const char *bytes, size_t len, char out[TEXT_TAG_SIZE]);

#endif
