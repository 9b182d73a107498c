#include "http/target.h"

#include <string.h>
#include <strings.h>

bool target_parse(const char *target, struct target *ret_target)
{
    for (const char *c = target; *c != '\0'; c++)
        if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7F || strchr("#<>\"\\^`{}", *c))
            return false;
    if (strncasecmp(target, "http://", 7) == 0 || strncasecmp(target, "https://", 8) == 0) {
        target = strchr(target, ':') + 3;
        if (*target == '/' || *target == '?' || *target == '\0')
            return false;
        target += strcspn(target, "/?");
    }
    const size_t path_len = strcspn(target, "?");
    const char *question = target + path_len;
    if (path_len == 0 || (*target != '/' && strcmp(target, "*") != 0))
        return false;
    ret_target->path = (struct str){target, path_len};
    ret_target->query = (struct str){question, 0};
    if (*question == '?')
        ret_target->query = (struct str){question + 1, strlen(question + 1)};
    return true;
}
