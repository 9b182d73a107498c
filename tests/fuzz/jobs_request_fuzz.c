/* Any bytes as what somebody asks for when a job is started, as JSON and as a form: refused with
 * the fields that are wrong, or a request that the record of its job gives again. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/memory.h"
#include "http/form.h"
#include "jobs/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(enum err rc, const struct job_request *request,
                  const struct job_field_errors *errors, const struct error *err)
{
    static struct job_request again;
    struct job_field_errors more;
    struct error ignored;
    char *params = NULL, *run = NULL;
    if (rc == ERR_INVALID &&
        (errors->count < 1 || errors->count > JOB_FIELDS_MAX || strcmp(err->reason, "fields") != 0))
        __builtin_trap();
    if (rc != ERR_OK) {
        if (rc != ERR_INVALID && rc != ERR_NOMEM)
            __builtin_trap();
        return;
    }
    if (request->kind == NULL || request->data_path[0] == '\0' ||
        (request->model_name[0] != '\0' && !model_name_is_valid(request->model_name)) ||
        job_request_params_json(request, &params, &run, &ignored) != ERR_OK)
        __builtin_trap();
    const struct job job = {.model_type = request->kind->name,
                            .data_path = request->data_path,
                            .params_json = params,
                            .run_json = run};
    if (job_request_of_job(&job, NULL, &again, &more, &ignored) != ERR_OK ||
        again.kind != request->kind || strcmp(again.data_path, request->data_path) != 0)
        __builtin_trap();
    mem_free(params);
    mem_free(run);
}

static void as_form(const char *bytes, size_t size)
{
    static struct job_request request;
    static struct job_field fields[FORM_FIELDS_MAX];
    struct job_field_errors errors;
    struct error err = {.message = ""};
    struct arena arena;
    struct form form;
    arena_init(&arena, 1 << 22);
    if (form_parse(&arena, bytes, size, &form, &err) == ERR_OK) {
        for (int32_t i = 0; i < form.count; i++)
            fields[i] = (struct job_field){form.fields[i].name, form.fields[i].value};
        check(job_request_check(fields, form.count, &request, &errors, &err), &request, &errors,
              &err);
    }
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static bool started;
    static struct job_request request;
    struct job_field_errors errors;
    struct error err = {.message = ""};
    json_t *object;
    if (!started)
        json_init();
    started = true;
    as_form((const char *)bytes, size);
    object = json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(object))
        check(job_request_check_json(object, &request, &errors, &err), &request, &errors, &err);
    json_decref(object);
    return 0;
}
