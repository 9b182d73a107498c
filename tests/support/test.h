#ifndef TESTS_SUPPORT_TEST_H
#define TESTS_SUPPORT_TEST_H

/* What every unit test starts with: cmocka and what it wants included before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"

/* The call succeeds; where it does not, its message is shown. Needs a `struct error err`. */
#define assert_ok(call)                                                                            \
    do {                                                                                           \
        if ((call) != ERR_OK)                                                                      \
            fail_msg("%s: %s", error_code_name(err.code), err.message);                            \
    } while (0)

/* The call fails with this code, and says something. */
#define assert_error(call, wanted)                                                                 \
    do {                                                                                           \
        enum err got_ = (call);                                                                    \
        if (got_ != (wanted))                                                                      \
            fail_msg("wanted %s, got %s", error_code_name(wanted), error_code_name(got_));         \
        assert_int_equal(err.code, (wanted));                                                      \
        assert_true(err.message[0] != '\0');                                                       \
    } while (0)

#endif
