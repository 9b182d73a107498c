/* Any text as a name of a model, of an alias, and as a reference: what is taken is what was meant,
 * and written again it is read as the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "jobs/model_ref.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_again(const struct model_ref *ref)
{
    char text[MODEL_REF_SIZE];
    struct error err;
    struct model_ref again;
    if (ref->form == MODEL_REF_ID)
        snprintf(text, sizeof(text), "%lld", (long long)ref->number);
    else if (ref->form == MODEL_REF_ALIAS)
        snprintf(text, sizeof(text), "%s@%s", ref->name, ref->alias);
    else if (ref->form == MODEL_REF_VERSION)
        model_ref_of(ref->name, ref->number, text);
    else
        snprintf(text, sizeof(text), "%s", ref->name);
    if (model_ref_parse(text, &again, &err) != ERR_OK || again.form != ref->form)
        __builtin_trap();
    if (ref->form != MODEL_REF_ID && strcmp(again.name, ref->name) != 0)
        __builtin_trap();
    if (ref->form == MODEL_REF_ALIAS && strcmp(again.alias, ref->alias) != 0)
        __builtin_trap();
    if ((ref->form == MODEL_REF_ID || ref->form == MODEL_REF_VERSION) &&
        (ref->number < 1 || again.number != ref->number))
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char text[512];
    struct error err = {.message = ""};
    struct model_ref ref;
    const size_t len = size < sizeof(text) - 1 ? size : sizeof(text) - 1;
    memcpy(text, bytes, len);
    text[len] = '\0';
    if (model_name_is_valid(text) &&
        (strlen(text) > MODEL_NAME_MAX || strpbrk(text, "@:/\\ <>\"'&") != NULL))
        __builtin_trap();
    const enum err rc = model_ref_parse(text, &ref, &err);
    if (rc == ERR_OK)
        check_again(&ref);
    else if (rc != ERR_NOT_FOUND || err.message[0] == '\0')
        __builtin_trap();
    return 0;
}
