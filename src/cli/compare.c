/* rectrain compare */
#include <stdio.h>

#include "base/memory.h"
#include "cli/command.h"
#include "cli/question.h"
#include "predict/compare.h"

static const struct option_info options[] = {
    QUESTION_USER,
    QUESTION_ITEMS,
    QUESTION_HISTORY,
    {"k", "N", "how many items [40]"},
    {"allow", "ID[,ID…]", "nothing but these items"},
    {"deny", "ID[,ID…]", "none of these items"},
    {"with-seen", NULL, "leave in what the user has touched"},
    {"json", NULL, "print the result as one JSON object"},
};
static const struct command_help help = {
    .usage = "rectrain compare LEFT.pkl RIGHT.pkl --user ID | --items ID[,ID…] [option …]",
    .summary =
        "Prints the lists of two models for the same person side by side: each item with its "
        "place in the left list and in the right one, and how many places it moved.",
    .options = options,
    .count = sizeof(options) / sizeof(options[0]),
};

/* One of the two. */
struct side {
    struct question question;
    struct recommendation *list;
    enum basis basis;
    struct compared_list compared;
};

static enum err open_side(const struct parsed_options *parsed, int which, struct side *side,
                          struct error *err)
{
    enum err rc;
    int32_t count;
    struct parsed_options own = *parsed;
    own.arguments = parsed->arguments + which;
    own.argument_count = 1;
    TRY(question_open(&own, &side->question, err));
    const size_t k = (size_t)side->question.query.k;
    TRY_PTR(side->list = mem_array(k, sizeof(*side->list), err));
    TRY_PTR(side->compared.places = mem_array(k, sizeof(*side->compared.places), err));
    TRY(predict_recommend(side->question.predictor, &side->question.query, side->list, &count,
                          &side->basis, err));
    side->compared.record = side->question.record;
    side->compared.list = side->list;
    side->compared.count = count;
done:
    return rc;
}

static void close_side(struct side *side)
{
    mem_free(side->list);
    mem_free(side->compared.places);
    question_close(&side->question);
}

/* ---- for people ---- */

static void print_rank(int32_t rank)
{
    if (rank > 0)
        printf("\t%d", rank);
    else
        printf("\t-");
}

static void print_move(const struct compared_list *side, int32_t i, int32_t left, int32_t right)
{
    print_id(side->record->items, side->list[i].item);
    print_rank(left);
    print_rank(right);
    if (left == 0)
        printf("\tnew\n");
    else if (right == 0)
        printf("\tgone\n");
    else if (left == right)
        printf("\t=\n");
    else
        printf("\t%+d\n", left - right);
}

static void print_moves(const struct compared_list *left, const struct compared_list *right,
                        int32_t common)
{
    printf("item\tleft\tright\tmoved\n");
    for (int32_t i = 0; i < left->count; i++)
        print_move(left, i, i + 1, left->places[i]);
    for (int32_t i = 0; i < right->count; i++)
        if (right->places[i] == 0)
            print_move(right, i, 0, i + 1);
    printf("%d of %d in both\n", common, left->count > right->count ? left->count : right->count);
}

/* ---- for programs ---- */

static json_t *rank_of(int32_t rank)
{
    return rank > 0 ? json_integer(rank) : json_null();
}

static enum err add_move(json_t *moves, const struct compared_list *side, int32_t i, int32_t left,
                         int32_t right, struct error *err)
{
    enum err rc;
    json_t *move = json_object();
    TRY(json_append(moves, move, err));
    TRY(json_set(move, "item", answer_id(side->record->items, side->list[i].item), err));
    TRY(json_set(move, "left_rank", rank_of(left), err));
    TRY(json_set(move, "right_rank", rank_of(right), err));
done:
    return rc;
}

static enum err add_side(json_t *result, const char *name, const struct side *side,
                         struct error *err)
{
    enum err rc;
    json_t *object = json_object(), *items = NULL;
    TRY(json_set(result, name, object, err));
    TRY(answer_list(side->question.record, side->list, side->compared.count, &items, err));
    TRY(json_set(object, "basis", json_string(basis_name(side->basis)), err));
    TRY(json_set(object, "items", json_incref(items), err));
done:
    json_decref(items);
    return rc;
}

static enum err print_as_json(const struct side *left, const struct side *right, int32_t common,
                              struct error *err)
{
    enum err rc;
    json_t *result = json_object(), *moves = json_array();
    const struct compared_list *a = &left->compared, *b = &right->compared;
    const int32_t longer = a->count > b->count ? a->count : b->count;
    TRY(add_side(result, "left", left, err));
    TRY(add_side(result, "right", right, err));
    for (int32_t i = 0; i < a->count; i++)
        TRY(add_move(moves, a, i, i + 1, a->places[i], err));
    for (int32_t i = 0; i < b->count; i++)
        if (b->places[i] == 0)
            TRY(add_move(moves, b, i, 0, i + 1, err));
    TRY(json_set(result, "moves", json_incref(moves), err));
    TRY(json_set(result, "overlap", json_number(longer > 0 ? (double)common / longer : 1), err));
    TRY(print_json(result, err));
done:
    json_decref(moves);
    json_decref(result);
    return rc;
}

enum err command_compare(int argc, char **argv, struct error *err)
{
    enum err rc;
    int32_t common;
    struct parsed_options parsed;
    struct side left = {0}, right = {0};

    TRY(options_parse(&help, argc, argv, &parsed, err));
    if (options_helped(&help, &parsed))
        return ERR_OK;
    if (parsed.argument_count != 2 ||
        (options_value(&parsed, "user") == NULL && options_value(&parsed, "items") == NULL &&
         options_value(&parsed, "history") == NULL))
        return FAIL_REASON(err, ERR_INVALID, "option",
                           "two model files and --user are needed, or --items or --history");
    TRY(open_side(&parsed, 0, &left, err));
    TRY(open_side(&parsed, 1, &right, err));
    TRY(lists_compare(&left.compared, &right.compared, &common, err));
    if (options_value(&parsed, "json") != NULL)
        TRY(print_as_json(&left, &right, common, err));
    else
        print_moves(&left.compared, &right.compared, common);
done:
    close_side(&left);
    close_side(&right);
    return rc;
}
