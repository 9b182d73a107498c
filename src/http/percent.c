#include "http/percent.h"

static size_t utf8_length(const unsigned char *at, size_t left)
{
    if (at[0] < 0x80)
        return at[0] == 0 ? 0 : 1;
    const size_t length = at[0] < 0xC2 ? 0 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    if (length == 0 || at[0] > 0xF4 || length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    const bool overlong = (at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xF0 && at[1] < 0x90);
    const bool surrogate = at[0] == 0xED && at[1] > 0x9F;
    const bool too_large = at[0] == 0xF4 && at[1] > 0x8F;
    return overlong || surrogate || too_large ? 0 : length;
}

bool utf8_is_valid(const char *bytes, size_t len)
{
    size_t at = 0;
    while (at < len) {
        const size_t length = utf8_length((const unsigned char *)bytes + at, len - at);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

bool percent_decode(const char *bytes, size_t len, bool plus_is_space, char *out, size_t *ret_len)
{
    size_t used = 0;
    for (size_t i = 0; i < len; i++) {
        char byte = bytes[i];
        if (byte == '%') {
            const int high = i + 2 < len ? hex_value(bytes[i + 1]) : -1;
            const int low = high >= 0 ? hex_value(bytes[i + 2]) : -1;
            if (low < 0)
                return false;
            byte = (char)(high * 16 + low);
            i += 2;
        } else if (byte == '+' && plus_is_space) {
            byte = ' ';
        }
        out[used++] = byte;
    }
    out[used] = '\0';
    if (!utf8_is_valid(out, used))
        return false;
    *ret_len = used;
    return true;
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void percent_encode(const char *bytes, size_t len, char *out)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < len; i++) {
        if (is_unreserved(bytes[i])) {
            *out++ = bytes[i];
            continue;
        }
        *out++ = '%';
        *out++ = digits[(unsigned char)bytes[i] >> 4];
        *out++ = digits[(unsigned char)bytes[i] & 15];
    }
    *out = '\0';
}
