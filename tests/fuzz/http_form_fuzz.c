/* Any bytes as a form: what is taken has proper names, each once, is UTF-8, and holds no NUL. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "http/form.h"
#include "http/percent.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(const struct form *form)
{
    if (form->count > FORM_FIELDS_MAX)
        __builtin_trap();
    for (int32_t i = 0; i < form->count; i++) {
        const struct form_field *field = &form->fields[i];
        if (field->name[0] == '\0' || form_get(form, field->name) != field->value ||
            !text_is_utf8(field->name, strlen(field->name)) ||
            !text_is_utf8(field->value, strlen(field->value)))
            __builtin_trap();
    }
}

/* What was read, written again, is read as the same. */
static void check_round_trip(const struct form *form, struct arena *arena)
{
    struct error err;
    for (int32_t i = 0; i < form->count; i++) {
        struct form again;
        const char *value = form->fields[i].value;
        char *text = arena_alloc(arena, 3 * strlen(value) + 3, &err);
        if (text == NULL)
            return;
        memcpy(text, "a=", 2);
        percent_encode(value, strlen(value), text + 2);
        if (form_parse(arena, text, strlen(text), &again, &err) != ERR_OK)
            return;
        if (strcmp(form_get(&again, "a"), value) != 0)
            __builtin_trap();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct error err;
    struct arena arena;
    struct form form;
    arena_init(&arena, 1 << 22);
    const enum err code = form_parse(&arena, (const char *)bytes, size, &form, &err);
    if (code == ERR_OK) {
        check(&form);
        check_round_trip(&form, &arena);
    } else if (code != ERR_INVALID && code != ERR_NOMEM) {
        __builtin_trap();
    }
    arena_release(&arena);
    return 0;
}
