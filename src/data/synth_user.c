#include "data/synth_user.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { USER_GROUPS_MAX = 24, SESSION_ROWS = 8, FORCE_NONE = -1 };

/* A user at work: random numbers, the user's part of the columns, tastes. */
struct shopper {
    const struct synth_plan *plan;
    int32_t user, rows, train;
    uint64_t key, drawn;
    struct synth_columns at;
    int32_t groups;
    int32_t group[USER_GROUPS_MAX];
    double weight[USER_GROUPS_MAX];
    double peak[USER_GROUPS_MAX]; /* where among the rows, 0 to 1, each is wanted most */
};

static uint64_t next_bits(struct shopper *s)
{
    return random_mix(s->key + 0x9E3779B97F4A7C15u * ++s->drawn);
}

static double next_double(struct shopper *s)
{
    return random_double(next_bits(s));
}

static int32_t next_below(struct shopper *s, int32_t count)
{
    return (int32_t)(next_double(s) * count);
}

static int32_t draw_place(struct shopper *s, int32_t begin, int32_t end)
{
    const double low = s->plan->shelf_sum[begin], high = s->plan->shelf_sum[end];
    return synth_shelf_find(s->plan, begin, end, low + next_double(s) * (high - low));
}

/* Groups are met as items are: in proportion to their share, so that the items keep theirs. */
static void draw_tastes(struct shopper *s)
{
    const struct synth_tastes *tastes = &s->plan->shape->tastes;
    const double mean = tastes->groups_mean + tastes->groups_growth * log2((double)s->rows);
    const double more = -mean * log1p(-next_double(s));
    s->groups = 1 + (int32_t)fmin(USER_GROUPS_MAX - 1, more);
    for (int32_t g = 0; g < s->groups; g++) {
        const int32_t place = draw_place(s, 0, s->plan->items);
        s->group[g] = s->plan->cluster_group[s->plan->shelf_cluster[place]];
        s->weight[g] = -log1p(-next_double(s)) / (1 + 0.5 * g);
        s->peak[g] = next_double(s);
    }
}

/* Interests flare up for a while: a group far from its peak counts little. */
static int32_t choose_from_tastes(struct shopper *s, int32_t row)
{
    const struct synth_tastes *tastes = &s->plan->shape->tastes;
    const double now = (double)row / s->rows;
    const int32_t groups = s->groups;
    double end[USER_GROUPS_MAX] = {0}, sum = 0;
    for (int32_t g = 0; g < groups; g++) {
        const bool wanted = fabs(now - s->peak[g]) < tastes->flare_span;
        end[g] = sum += s->weight[g] * (wanted ? 1 : tastes->flare_rest);
    }
    const double at = next_double(s) * sum;
    int32_t g = 0;
    while (g < groups - 1 && at >= end[g])
        g++;
    const int32_t group = s->group[g];
    return draw_place(s, s->plan->group_begin[group], s->plan->group_begin[group + 1]);
}

static int32_t choose_near(struct shopper *s, int32_t row)
{
    const int32_t cluster = s->plan->shelf_cluster[s->at.place[next_below(s, row)]];
    return draw_place(s, s->plan->cluster_begin[cluster], s->plan->cluster_begin[cluster + 1]);
}

static int64_t draw_product(struct shopper *s, int32_t place)
{
    const int64_t begin = s->plan->product_begin[place], end = s->plan->product_begin[place + 1];
    const int64_t number = begin + (int64_t)(next_double(s) * (double)(end - begin));
    const int64_t products = s->plan->product_begin[s->plan->items];
    return (int64_t)((unsigned __int128)number * (uint64_t)s->plan->product_step %
                     (uint64_t)products);
}

static void choose(struct shopper *s, int32_t row, int32_t forced)
{
    const struct synth_tastes *tastes = &s->plan->shape->tastes;
    const double how = next_double(s);
    uint8_t trait = row >= s->train ? SYNTH_TRAIT_FRESH : 0;
    int32_t place;
    if (forced != FORCE_NONE) {
        place = forced;
        trait |= SYNTH_TRAIT_EXPLORED;
    } else if (how < tastes->explore) {
        place = draw_place(s, 0, s->plan->items);
        trait |= SYNTH_TRAIT_EXPLORED;
    } else if (how < tastes->explore + tastes->near && row > 0) {
        place = choose_near(s, row);
    } else {
        place = choose_from_tastes(s, row);
    }
    s->at.place[row] = place;
    s->at.trait[row] = trait;
    s->at.product[row] = draw_product(s, place);
}

static void repeat(struct shopper *s, int32_t row)
{
    const struct synth_tastes *tastes = &s->plan->shape->tastes;
    int32_t from;
    if (next_double(s) < tastes->recent) {
        const int32_t reach = row < tastes->recent_rows ? row : tastes->recent_rows;
        from = row - 1 - next_below(s, reach);
    } else {
        from = next_below(s, row);
    }
    s->at.place[row] = s->at.place[from];
    s->at.trait[row] = s->at.trait[from];
    s->at.product[row] = next_double(s) < tastes->same_product ? s->at.product[from]
                                                               : draw_product(s, s->at.place[row]);
}

/* The first rows are all new; what comes later repeats more and more. */
static double choose_share(const struct synth_tastes *tastes, int32_t row)
{
    return row == 0 ? 1
                    : tastes->choose + (1 - tastes->choose) * tastes->choose_early /
                                           (tastes->choose_early + row);
}

/*
 * The items of all rows. So that every item of the catalogue occurs, each user is dealt a few, in
 * proportion to the user's rows, and must choose them at rows spread evenly.
 */
static void fill_items(struct shopper *s)
{
    const struct synth_plan *plan = s->plan;
    const uint64_t key = random_bits(plan->seed, SYNTH_STREAM_FORCED, 0);
    /* Each row brings items / rows of an item; one is dealt when a whole one has come together. */
    const int64_t first = plan->user_start[s->user] * plan->items;
    int64_t dealt = first / plan->rows, gathered = first % plan->rows;
    for (int32_t row = 0; row < s->rows; row++) {
        gathered += plan->items;
        if (gathered >= plan->rows) {
            gathered -= plan->rows;
            choose(s, row, (int32_t)synth_permute(key, plan->items, dealt++));
        } else if (next_double(s) < choose_share(&plan->shape->tastes, row)) {
            choose(s, row, FORCE_NONE);
        } else {
            repeat(s, row);
        }
    }
}

/* Hours of the day by how much happens in them: at[h] of it is done when hour h begins. */
static const double day_done[25] = {0,     0.029, 0.045, 0.054, 0.060, 0.065, 0.072, 0.083, 0.102,
                                    0.132, 0.172, 0.220, 0.271, 0.323, 0.375, 0.427, 0.479, 0.532,
                                    0.587, 0.645, 0.707, 0.773, 0.842, 0.910, 1.0};

/* Moves a moment within its day so that days are busy when people are awake; keeps order. */
static int64_t bend_day(double time)
{
    const double day = floor(time / 86400) * 86400, part = (time - day) / 86400;
    int hour = 0;
    while (hour < 23 && part >= day_done[hour + 1])
        hour++;
    const double within = (part - day_done[hour]) / (day_done[hour + 1] - day_done[hour]);
    return (int64_t)(day + (hour + within) * 3600);
}

/* Ascending times of `count` rows in [begin, end]: sessions spread evenly, rows within one close
 * together. */
static void fill_times(struct shopper *s, int64_t *times, int32_t count, double begin, double end)
{
    const int64_t first = (int64_t)ceil(begin), last = (int64_t)end;
    int32_t sessions = 1 + (count - 1) / SESSION_ROWS;
    double spread = 0; /* the least of n evenly spread numbers, then the least of the rest ... */
    int64_t time = first;
    for (int32_t row = 0; row < count; row++) {
        if (row % SESSION_ROWS == 0) {
            spread += (1 - spread) * (1 - pow(next_double(s), 1.0 / sessions--));
            const int64_t start = bend_day(begin + spread * (end - begin));
            time = start > time ? start : time;
        } else {
            time += (int64_t)(-40 * log1p(-next_double(s)));
        }
        time = time < first ? first : time > last ? last : time;
        times[row] = time;
    }
}

static void fill_all_times(struct shopper *s)
{
    const struct synth_shape *shape = s->plan->shape;
    const double threshold = (double)shape->threshold;
    double begin, end;
    synth_user_window(s->plan, s->user, &begin, &end);
    /* Where rounding gave rows to a side that the window misses, they take all of that side. */
    const double early = begin < threshold - 60 ? begin : (double)shape->begin;
    const double late =
        end > threshold + 60 ? fmin(end, (double)shape->end - 1) : (double)shape->end - 1;
    fill_times(s, s->at.time, s->train, early, fmin(fmax(end, early), threshold));
    fill_times(s, s->at.time + s->train, s->rows - s->train, fmax(fmin(begin, late), threshold + 1),
               late);
    if (s->user == s->plan->first_user)
        s->at.time[0] = shape->begin;
    if (s->user == s->plan->last_user)
        s->at.time[s->rows - 1] = shape->end;
}

/* The user's events, dealt from all rows' events so that each occurs exactly as often as planned.
 */
static void deal_events(struct shopper *s)
{
    const struct synth_plan *plan = s->plan;
    const uint64_t key = random_bits(plan->seed, SYNTH_STREAM_EVENTS, 0);
    for (int32_t row = 0; row < s->rows; row++) {
        const int64_t card = synth_permute(key, plan->rows, plan->user_start[s->user] + row);
        uint8_t e = 0;
        while (card >= plan->event_end[e])
            e++;
        s->at.deck[row] = e;
    }
}

/* How likely a row is a contact, beside a row of an item that is known and liked. */
static double contact_weight(const struct synth_tastes *tastes, uint8_t trait)
{
    return ((trait & SYNTH_TRAIT_FRESH) ? tastes->contact_fresh : 1) *
           ((trait & SYNTH_TRAIT_EXPLORED) ? tastes->contact_explore : 1);
}

/* Contacts go where they are likely, the other events to the rows that are left. */
static void fill_events(struct shopper *s)
{
    enum { UNSET = 255, TRIES = 40 };
    const struct synth_shape *shape = s->plan->shape;
    memset(s->at.event, UNSET, (size_t)s->rows);
    for (int32_t card = 0; card < s->rows; card++) {
        if (!shape->events[s->at.deck[card]].contact)
            continue;
        int32_t row = next_below(s, s->rows);
        for (int32_t i = 0; i < TRIES; i++) {
            if (s->at.event[row] == UNSET &&
                next_double(s) < contact_weight(&shape->tastes, s->at.trait[row]))
                break;
            row = next_below(s, s->rows);
        }
        while (s->at.event[row] != UNSET)
            row = (row + 1) % s->rows;
        s->at.event[row] = s->at.deck[card];
    }
    int32_t row = 0;
    for (int32_t card = 0; card < s->rows; card++) {
        if (shape->events[s->at.deck[card]].contact)
            continue;
        while (s->at.event[row] != UNSET)
            row++;
        s->at.event[row] = s->at.deck[card];
    }
}

static uint8_t draw_code(struct shopper *s, const double *shares, int32_t count)
{
    double at = next_double(s);
    int32_t code = 0;
    while (code < count - 1 && (at -= shares[code]) >= 0)
        code++;
    return (uint8_t)code;
}

/* A user keeps to one platform, mostly; the surface changes every few rows. */
static void fill_codes(struct shopper *s)
{
    const struct synth_shape *shape = s->plan->shape;
    const uint8_t home = draw_code(s, shape->platforms, shape->platform_count);
    uint8_t platform = home, surface = 0;
    for (int32_t row = 0; row < s->rows; row++) {
        if (row % SESSION_ROWS == 0)
            platform = next_double(s) < 0.85
                           ? home
                           : draw_code(s, shape->platforms, shape->platform_count);
        if (row == 0 || next_double(s) < 0.3)
            surface = draw_code(s, shape->surfaces, shape->surface_count);
        s->at.user[row] = s->user;
        s->at.platform[row] = platform;
        s->at.surface[row] = surface;
    }
}

void synth_user_rows(const struct synth_plan *plan, int32_t user,
                     const struct synth_columns *columns, int64_t at)
{
    struct shopper s = {
        .plan = plan,
        .user = user,
        .rows = (int32_t)(plan->user_start[user + 1] - plan->user_start[user]),
        .train = plan->user_train[user],
        .key = random_bits(plan->seed, SYNTH_STREAM_USERS, (uint64_t)user),
        .at = {columns->user + at, columns->place + at, columns->product + at, columns->time + at,
               columns->event + at, columns->platform + at, columns->surface + at,
               columns->trait + at, columns->deck + at},
    };
    draw_tastes(&s);
    fill_items(&s);
    fill_all_times(&s);
    deal_events(&s);
    fill_events(&s);
    fill_codes(&s);
}
