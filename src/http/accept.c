#include "http/accept.h"

#include <string.h>
#include <strings.h>

static const char *skip_spaces(const char *at)
{
    return at + strspn(at, " \t");
}

/* The weight after "; q=": 0 to 1; what is no weight counts 0, since nobody asked for it. */
static double parse_weight(const char *text, size_t len)
{
    double value = 0, unit = 0.1;
    if (len == 0 || len > 5 || (text[0] != '0' && text[0] != '1') || (len > 1 && text[1] != '.'))
        return 0;
    value = text[0] - '0';
    for (size_t i = 2; i < len; i++, unit /= 10) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        value += unit * (text[i] - '0');
    }
    return value > 1 ? 0 : value;
}

/* The weight among the parameters of one element, [at, end). */
static double weight_of(const char *at, const char *end)
{
    while (at < end) {
        const char *next = memchr(at, ';', (size_t)(end - at));
        const char *stop = next != NULL ? next : end;
        while (at < stop && (*at == ' ' || *at == '\t'))
            at++;
        while (stop > at && (stop[-1] == ' ' || stop[-1] == '\t'))
            stop--;
        if (stop - at >= 2 && (at[0] == 'q' || at[0] == 'Q') && at[1] == '=')
            return parse_weight(at + 2, (size_t)(stop - at) - 2);
        if (next == NULL)
            break;
        at = next + 1;
    }
    return 1;
}

double accept_quality(const char *list, const char *name)
{
    const size_t name_len = strlen(name);
    while (list != NULL && *list != '\0') {
        const char *at = skip_spaces(list);
        const size_t len = strcspn(at, ",");
        const char *end = at + len;
        size_t word = strcspn(at, ",;");
        const char *parameters = at + word;
        while (word > 0 && (at[word - 1] == ' ' || at[word - 1] == '\t'))
            word--;
        if (word == name_len && strncasecmp(at, name, word) == 0)
            return weight_of(*parameters == ';' ? parameters + 1 : end, end);
        list = *end == ',' ? end + 1 : end;
    }
    return -1;
}

bool accept_wants_html(const char *accept)
{
    const double html = accept_quality(accept, "text/html");
    return html > 0 && html >= accept_quality(accept, "application/json");
}

bool accept_allows_coding(const char *accept_encoding, const char *coding)
{
    const double named = accept_quality(accept_encoding, coding);
    return named >= 0 ? named > 0 : accept_quality(accept_encoding, "*") > 0;
}

/* RFC 6265, section 4.1.1, cookie-octet. */
static bool is_cookie_value(const char *value, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)value[i];
        if (c <= 0x20 || c >= 0x7F || strchr("\",;\\", c) != NULL)
            return false;
    }
    return true;
}

bool cookie_find(const char *cookies, const char *name, struct str *ret_value)
{
    const size_t name_len = strlen(name);
    struct str found = {NULL, 0};
    while (cookies != NULL && *cookies != '\0') {
        const char *at = skip_spaces(cookies);
        const size_t len = strcspn(at, ";");
        if (len > name_len && strncmp(at, name, name_len) == 0 && at[name_len] == '=') {
            if (found.ptr != NULL)
                return false;
            found = (struct str){at + name_len + 1, len - name_len - 1};
            while (found.len > 0 && (found.ptr[found.len - 1] == ' '))
                found.len--;
        }
        cookies = at[len] == ';' ? at + len + 1 : at + len;
    }
    if (found.ptr == NULL || !is_cookie_value(found.ptr, found.len))
        return false;
    *ret_value = found;
    return true;
}

bool etag_is_listed(const char *list, const char *etag)
{
    if (strncmp(etag, "W/", 2) == 0)
        etag += 2;
    const size_t etag_len = strlen(etag);
    while (list != NULL && *list != '\0') {
        const char *at = skip_spaces(list);
        if (*at == '*')
            return true;
        if (strncmp(at, "W/", 2) == 0)
            at += 2;
        const char *close = *at == '"' ? strchr(at + 1, '"') : NULL;
        if (close == NULL)
            return false;
        if ((size_t)(close + 1 - at) == etag_len && memcmp(at, etag, etag_len) == 0)
            return true;
        list = skip_spaces(close + 1);
        if (*list != '\0' && *list++ != ',')
            return false;
    }
    return false;
}
