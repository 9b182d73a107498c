#ifndef BASE_ERROR_H
#define BASE_ERROR_H

/*
 * How a function says that it failed. It returns an `enum err`, and fills the caller's
 * `struct error` with a message for a person and, where programs need more than the kind, a
 * `reason` that never changes ("column_missing"). A struct error lives on the caller's stack and
 * is filled without allocating, so it works when memory is out.
 *
 * The message is written once, where the fault is found (FAIL); callers only pass it on (TRY), or
 * put a prefix before it at a room's boundary (error_prefix). Outputs are untouched on failure.
 */
#include <stdarg.h>

/* name, exit status of the command line, text */
#define ERROR_CODES(X)                                                                             \
    X(OK, 0, "ok")                                                                                 \
    X(INVALID, 2, "invalid argument")                                                              \
    X(NOT_FOUND, 3, "not found")                                                                   \
    X(DENIED, 3, "permission denied")                                                              \
    X(DATA, 3, "bad data")                                                                         \
    X(CORRUPT, 3, "corrupt or foreign file")                                                       \
    X(CANCELLED, 4, "cancelled")                                                                   \
    X(CONFLICT, 1, "conflict")                                                                     \
    X(NOMEM, 1, "out of memory")                                                                   \
    X(IO, 1, "input or output failed")                                                             \
    X(NUMERIC, 1, "no finite solution")                                                            \
    X(INTERNAL, 1, "internal error")

enum err {
#define X(name, status, text) ERR_##name,
    ERROR_CODES(X)
#undef X
};

struct error {
    enum err code;
    const char *reason; /* static string, lower_case_words; "" where the code says it all */
    const char *file;   /* where in the source it was found */
    int line;
    char message[512];
};

#define MUST_CHECK __attribute__((warn_unused_result))

/* Fill *err and return `code`, which must not be ERR_OK. */
enum err error_set(struct error *err, enum err code, const char *reason, const char *file, int line,
                   const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Put a prefix before the message, at a room's boundary: error_prefix(err, "job %d: ", id). */
void error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

const char *error_code_name(enum err code); /* "NOT_FOUND" */
const char *error_code_text(enum err code); /* "not found" */
int error_exit_status(enum err code);       /* of the command line: 0 to 4 */

/* `code` is named again as the value, so that whoever reads the code, a static analyzer among them,
 * sees that a failure never returns ERR_OK. */
#define FAIL_REASON(to, code, reason, ...)                                                         \
    ((void)error_set((to), (code), (reason), __FILE__, __LINE__, __VA_ARGS__), (enum err)(code))
#define FAIL(to, code, ...) FAIL_REASON(to, code, "", __VA_ARGS__)

/* The only macros with control flow: they need `enum err rc` and a label `done` in the function. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        rc = (call);                                                                               \
        if (rc != ERR_OK)                                                                          \
            goto done;                                                                             \
    } while (0)
/* For an allocation `p = mem_…(…, err)`: NULL means that *err is set. */
#define TRY_PTR(assignment)                                                                        \
    do {                                                                                           \
        if ((assignment) == NULL) {                                                                \
            rc = ERR_NOMEM;                                                                        \
            goto done;                                                                             \
        }                                                                                          \
    } while (0)

#endif
