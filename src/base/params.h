#ifndef BASE_PARAMS_H
#define BASE_PARAMS_H

/*
 * Parameters described once, in a table: name, type, default, range and help. Options of the
 * command line, fields of the web form, checks of the API and the OpenAPI file all come from it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"

enum { PARAMS_MAX = 24, PARAM_TEXT_MAX = 128 };

enum param_type { PARAM_INT, PARAM_REAL, PARAM_CHOICE, PARAM_TEXT };

struct param_info {
    const char *name; /* lower_case; the command line writes it --lower-case */
    enum param_type type;
    const char *initial; /* the default, as text; NULL: none, param_is_set tells */
    double min, max;     /* of INT and REAL, both allowed unless above_min */
    bool above_min;      /* the value must be greater than min */
    const char *choices; /* of CHOICE: "cg|cholesky" */
    const char *help;    /* one line, no full stop */
};

struct param_table {
    const struct param_info *params;
    int32_t count; /* at most PARAMS_MAX */
};

struct param_value {
    bool is_set;
    int64_t integer; /* INT; CHOICE: index of the choice */
    double real;     /* INT and REAL */
    char text[PARAM_TEXT_MAX];
};

struct param_set {
    const struct param_table *table;
    struct param_value values[PARAMS_MAX];
};

/* All at their defaults. `table` is borrowed and must live as long as the set. */
void params_init(struct param_set *set, const struct param_table *table);

/* NULL when the table has no such name. Takes - for _. */
const struct param_info *params_find(const struct param_table *table, const char *name);

/* Set one from text. ERR_INVALID names the parameter, what was given and what is allowed. */
MUST_CHECK enum err params_set(struct param_set *set, const char *name, const char *text,
                               struct error *err);

/* Values by name; the name must be in the table. */
int64_t param_int(const struct param_set *set, const char *name);
double param_real(const struct param_set *set, const char *name);
const char *param_text(const struct param_set *set, const char *name); /* also of CHOICE */
bool param_is_set(const struct param_set *set, const char *name);      /* has a value */

/* Add every value to a JSON object: numbers as numbers, the rest as strings, unset as null. */
MUST_CHECK enum err params_to_json(const struct param_set *set, json_t *object, struct error *err);

#endif
