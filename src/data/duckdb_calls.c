#define DUCKDB_CALLS_BARE
#include "data/duckdb_calls.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

struct duckdb_calls duckdb_calls;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *library; /* loaded for good: what its threads run must not go away */

static const struct {
    const char *name;
    size_t offset;
} wanted[] = {
#define X(name) {"duckdb_" #name, offsetof(struct duckdb_calls, name)},
    DUCKDB_CALLS(X)
#undef X
};

static enum err find_all(void *handle, struct error *err)
{
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        void *address = dlsym(handle, wanted[i].name);
        if (address == NULL)
            return FAIL_REASON(err, ERR_INTERNAL, "engine_missing",
                               "the library libduckdb.so has no %s: it is not the one that this "
                               "program was made for. Run script/bootstrap again.",
                               wanted[i].name);
        *(void **)((char *)&duckdb_calls + wanted[i].offset) = address;
    }
    return ERR_OK;
}

enum err duckdb_load(struct error *err)
{
    enum err rc = ERR_OK;
    pthread_mutex_lock(&lock);
    void *handle = library != NULL ? library : dlopen("libduckdb.so", RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        rc = FAIL_REASON(err, ERR_INTERNAL, "engine_missing",
                         "the library that reads tables cannot be loaded: %.400s", dlerror());
    else if (library == NULL)
        rc = find_all(handle, err);
    if (rc == ERR_OK)
        library = handle;
    pthread_mutex_unlock(&lock);
    return rc;
}
