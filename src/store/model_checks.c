#include "store/model_checks.h"

#include <string.h>

#include "store/db.h"
#include "store/record.h"

enum err model_check_find(struct store *store, int64_t model_id, const char *stamp, bool *ret_found,
                          struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    TRY(STORE_RUN(store, TX_READ, model_check_read, &rows, arg_int(model_id)));
    *ret_found = rows.count > 0 && strcmp(rows_text(&rows, 0, 0), stamp) == 0;
done:
    rows_release(&rows);
    return rc;
}

enum err model_check_keep(struct store *store, int64_t model_id, const char *stamp,
                          struct error *err)
{
    struct rows rows = {0};
    /* Lost with the machine's power, it is only verified once more. */
    const enum err rc =
        STORE_RUN(store, TX_LAX, model_check_write, &rows, arg_int(model_id), arg_text(stamp));
    rows_release(&rows);
    return rc;
}
