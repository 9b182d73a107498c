#include "http/percent.h"

#include "base/text.h"

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
    if (!text_is_utf8(out, used))
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
