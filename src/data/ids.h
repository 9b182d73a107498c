#ifndef DATA_IDS_H
#define DATA_IDS_H

/*
 * From ids as the files hold them to small codes while rows stream by, and from codes to dense
 * ascending indices once all are known. There is one `struct ids` for users and one for items;
 * each lane (one thread's share of the rows) has an own `struct id_lane`, so no lock is needed.
 *
 *   direct  integers in a small known range: the code is id - base, shared by all lanes
 *   hashed  other integers: codes in the order in which the lane met them
 *   text    strings, likewise; each distinct one is kept once a lane
 *
 * An integer id is handled as a signed key that sorts as the id does: the value itself, or for an
 * unsigned 64-bit column the value with its top bit flipped (`flipped`).
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "data/idmap.h"

enum ids_mode { IDS_DIRECT, IDS_HASHED, IDS_TEXT };

struct ids {
    enum ids_mode mode;
    bool flipped;              /* keys of an unsigned 64-bit column */
    int64_t base, range;       /* IDS_DIRECT: keys base to base + range - 1 */
    _Atomic uint8_t *in_train; /* [range] IDS_DIRECT: met in a train row */
    int32_t *dense;            /* [range] IDS_DIRECT, once finished */
};

struct id_lane {
    struct ids *ids; /* borrowed */
    uint32_t *slots; /* [capacity] code + 1 or 0; a power of two */
    int64_t capacity, count;
    int64_t *keys;  /* [room] key by code; IDS_TEXT: the hash of the text */
    uint8_t *train; /* [room] met in a train row */
    int64_t room;
    char *bytes;      /* IDS_TEXT: all texts, one after another */
    int64_t *offsets; /* [room + 1] */
    int64_t bytes_room;
    int32_t *dense; /* [count], once finished */
};

/* Whether a range of keys is small enough to be a table, for about `rows` rows. */
bool ids_range_is_small(int64_t min, int64_t max, int64_t rows);

/* ids_init: `min` and `max` matter to IDS_DIRECT only. */
MUST_CHECK enum err ids_init(struct ids *ids, enum ids_mode mode, bool flipped, int64_t min,
                             int64_t max, struct error *err);
void ids_release(struct ids *ids);
void id_lane_init(struct id_lane *lane, struct ids *ids);
void id_lane_release(struct id_lane *lane);

/* Codes of keys[0..count). IDS_DIRECT: *ret_inside is false when a key was outside the range; its
 * code is then meaningless. ERR_NOMEM, ERR_DATA (more than 2^31 - 1 ids: `what` names them). */
MUST_CHECK enum err id_lane_keys(struct id_lane *lane, const int64_t *keys, int64_t count,
                                 const char *what, uint32_t *ret_codes, bool *ret_inside,
                                 struct error *err);
MUST_CHECK enum err id_lane_text(struct id_lane *lane, struct str text, const char *what,
                                 uint32_t *ret_code, struct error *err);

/* Remember that the code was met in a train row. */
static inline void id_lane_mark(struct id_lane *lane, uint32_t code)
{
    if (lane->ids->mode != IDS_DIRECT)
        lane->train[code] = 1;
    else if (atomic_load_explicit(&lane->ids->in_train[code], memory_order_relaxed) == 0)
        atomic_store_explicit(&lane->ids->in_train[code], 1, memory_order_relaxed);
}

/* Number the marked ids of all lanes in ascending order: *ret_map, and the tables that
 * id_lane_dense reads. ERR_NOMEM, ERR_DATA (too_many_ids). O(n log n) in the distinct ids. */
MUST_CHECK enum err ids_finish(struct ids *ids, struct id_lane *const *lanes, int32_t lane_count,
                               const char *what, struct idmap *ret_map, struct error *err);

/* Dense index by code, -1 where the id is in no train row. */
static inline const int32_t *id_lane_dense(const struct id_lane *lane)
{
    return lane->ids->mode == IDS_DIRECT ? lane->ids->dense : lane->dense;
}

/* ERR_DATA, too_many_ids, when there are more than 2^31 - 1. */
MUST_CHECK enum err ids_check_count(int64_t count, const char *what, struct error *err);

#endif
