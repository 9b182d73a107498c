#include "http/hub.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "support/test.h"

static struct error err;
static char text[64 * 1024];

struct sleeper {
    int slept, woken, cut;
};

static void sleeps(void *context)
{
    ((struct sleeper *)context)->slept++;
}

static void wakes(void *context)
{
    ((struct sleeper *)context)->woken++;
}

static void is_cut(void *context)
{
    ((struct sleeper *)context)->cut++;
}

static struct hub *make(int32_t ring_events, int32_t queue_events)
{
    struct hub_limits limits;
    struct hub *hub;
    hub_limits_init(&limits);
    limits.ring_events = ring_events;
    limits.queue_events = queue_events;
    limits.ping_ms = 50;
    assert_ok(hub_create(&limits, &hub, &err));
    return hub;
}

static struct hub_reader *open_reader(struct hub *hub, const char *topic, const char *last,
                                      struct sleeper *sleeper)
{
    struct hub_reader *reader;
    const struct hub_stream stream = {
        .topics = {topic, "all"}, .owner = topic, .last_event_id = last};
    const struct hub_waiter waiter = {sleeps, wakes, is_cut, NULL, sleeper};
    *sleeper = (struct sleeper){0};
    assert_ok(hub_open(hub, &stream, &reader, &err));
    hub_reader_set_waiter(reader, &waiter);
    return reader;
}

/* All that there is to read now, in pieces of `piece` bytes. */
static ssize_t read_all(struct hub_reader *reader, size_t piece)
{
    size_t len = 0;
    ssize_t got;
    while ((got = hub_read(reader, text + len, piece)) > 0)
        len += (size_t)got;
    text[len] = '\0';
    return got;
}

static void an_event_reaches_those_who_listen(void **state)
{
    struct hub *hub = make(10, 10);
    struct sleeper one, two;
    (void)state;
    struct hub_reader *first = open_reader(hub, "user:1", NULL, &one);
    struct hub_reader *second = open_reader(hub, "user:2", NULL, &two);
    assert_int_equal(read_all(first, 1000), HUB_WAIT);
    assert_string_equal(text, "retry: 2000\n\n");
    assert_int_equal(read_all(second, 1000), HUB_WAIT);
    assert_int_equal(one.slept, 1);
    assert_ok(hub_publish(hub, "user:1", "job", "{\"id\":7}", &err));
    assert_int_equal(one.woken, 1);
    assert_int_equal(two.woken, 0);
    assert_int_equal(read_all(first, 1000), HUB_WAIT);
    assert_int_equal(strncmp(text, "id: ", 4), 0);
    assert_non_null(strstr(text, "-1\nevent: job\ndata: {\"id\":7}\n\n"));
    assert_int_equal(read_all(second, 1000), HUB_WAIT);
    assert_string_equal(text, "");
    assert_ok(hub_publish(hub, "all", "notice", "x", &err));
    assert_int_equal(two.woken, 1);
    read_all(second, 1000);
    assert_non_null(strstr(text, "-2\nevent: notice\ndata: x\n\n"));
    hub_reader_free(first);
    hub_reader_free(second);
    const struct hub_counts counts = hub_counts(hub);
    assert_int_equal(counts.streams, 0);
    assert_int_equal(counts.opened, 2);
    assert_int_equal(counts.published, 2);
    assert_int_equal(counts.delivered, 3);
    hub_free(hub);
}

static void an_event_may_be_read_in_pieces(void **state)
{
    struct hub *hub = make(10, 10);
    struct sleeper sleeper;
    char whole[256];
    (void)state;
    struct hub_reader *reader = open_reader(hub, "t", NULL, &sleeper);
    assert_ok(hub_publish(hub, "t", "a", "1", &err));
    assert_ok(hub_publish(hub, "t", "b", "2", &err));
    read_all(reader, 1000);
    assert_true(strlen(text) < sizeof(whole));
    memcpy(whole, text, strlen(text) + 1);
    hub_reader_free(reader);
    for (size_t piece = 1; piece < 20; piece++) {
        char boot[64];
        snprintf(boot, sizeof(boot), "%.17s0", strstr(whole, "id: ") + 4);
        reader = open_reader(hub, "t", boot, &sleeper);
        read_all(reader, piece);
        assert_string_equal(text, whole);
        hub_reader_free(reader);
    }
    hub_free(hub);
}

static void lines_of_data_stay_one_event(void **state)
{
    static const struct {
        const char *data, *sent;
    } cases[] = {
        {"a\nb", "data: a\ndata: b\n\n"},
        {"a\r\nb\rc", "data: a\ndata: b\ndata: c\n\n"},
        {"", "data: \n\n"},
        {"\n", "data: \ndata: \n\n"},
        {"x\n\nevent: forged\ndata: y", "data: x\ndata: \ndata: event: forged\ndata: data: y\n\n"}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hub *hub = make(10, 10);
        struct sleeper sleeper;
        struct hub_reader *reader = open_reader(hub, "t", NULL, &sleeper);
        assert_ok(hub_publish(hub, "t", "e", cases[i].data, &err));
        read_all(reader, 1000);
        assert_string_equal(strstr(text, "data: "), cases[i].sent);
        hub_reader_free(reader);
        hub_free(hub);
    }
}

static void topics_and_events_are_words(void **state)
{
    static const char *const bad[] = {
        "",      "a b",      "a\nb",
        "a\x7F", "\xC3\xA9", "0123456789012345678901234567890123456789012345678901234567890123456"};
    struct hub *hub = make(10, 10);
    struct hub_reader *reader;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct hub_stream stream = {.topics = {bad[i]}, .owner = "o"};
        assert_error(hub_publish(hub, bad[i], "e", "", &err), ERR_INVALID);
        assert_error(hub_publish(hub, "t", bad[i], "", &err), ERR_INVALID);
        assert_error(hub_open(hub, &stream, &reader, &err), ERR_INVALID);
    }
    hub_free(hub);
}

static void an_event_has_a_size(void **state)
{
    struct hub *hub = make(10, 10);
    (void)state;
    char *large = mem_array(HUB_EVENT_BYTES_MAX + 1, 1, &err);
    memset(large, 'x', HUB_EVENT_BYTES_MAX);
    assert_error(hub_publish(hub, "t", "e", large, &err), ERR_INVALID);
    large[HUB_EVENT_BYTES_MAX - 100] = '\0';
    assert_ok(hub_publish(hub, "t", "e", large, &err));
    mem_free(large);
    hub_free(hub);
}

/* The id of the last event in `text`. */
static const char *last_id(void)
{
    static char id[64];
    const char *at = text, *found = NULL;
    while ((at = strstr(at, "id: ")) != NULL)
        found = at += 4;
    assert_non_null(found);
    snprintf(id, sizeof(id), "%.*s", (int)strcspn(found, "\n"), found);
    return id;
}

static void who_comes_back_gets_what_it_missed(void **state)
{
    struct hub *hub = make(10, 10);
    struct sleeper sleeper;
    (void)state;
    struct hub_reader *reader = open_reader(hub, "t", NULL, &sleeper);
    assert_ok(hub_publish(hub, "t", "e", "one", &err));
    read_all(reader, 1000);
    const char *id = last_id();
    hub_reader_free(reader);
    assert_ok(hub_publish(hub, "t", "e", "two", &err));
    assert_ok(hub_publish(hub, "other", "e", "not mine", &err));
    assert_ok(hub_publish(hub, "t", "e", "three", &err));
    reader = open_reader(hub, "t", id, &sleeper);
    read_all(reader, 1000);
    assert_null(strstr(text, "one"));
    assert_non_null(strstr(text, "data: two\n"));
    assert_non_null(strstr(text, "data: three\n"));
    assert_null(strstr(text, "not mine"));
    assert_null(strstr(text, "reset"));
    id = last_id();
    hub_reader_free(reader);
    reader = open_reader(hub, "t", id, &sleeper);
    read_all(reader, 1000);
    assert_string_equal(text, "retry: 2000\n\n"); /* nothing was missed */
    hub_reader_free(reader);
    hub_free(hub);
}

static void who_comes_back_too_late_is_told_to_start_anew(void **state)
{
    struct hub *hub = make(3, 10);
    struct sleeper sleeper;
    char id[64];
    (void)state;
    struct hub_reader *reader = open_reader(hub, "t", NULL, &sleeper);
    assert_ok(hub_publish(hub, "t", "e", "0", &err));
    read_all(reader, 1000);
    snprintf(id, sizeof(id), "%s", last_id());
    hub_reader_free(reader);
    for (int i = 1; i <= 3; i++)
        assert_ok(hub_publish(hub, "t", "e", "missed", &err));
    reader = open_reader(hub, "t", id, &sleeper); /* all three are still there */
    read_all(reader, 1000);
    assert_null(strstr(text, "event: reset"));
    hub_reader_free(reader);
    assert_ok(hub_publish(hub, "t", "e", "one more", &err));
    reader = open_reader(hub, "t", id, &sleeper);
    read_all(reader, 1000);
    assert_non_null(strstr(text, "event: reset\ndata: {}\n\n"));
    assert_null(strstr(text, "missed"));
    assert_non_null(strstr(last_id(), "-5"));
    hub_reader_free(reader);
    hub_free(hub);
}

static void an_id_of_somebody_else_is_a_reset(void **state)
{
    static const char *const ids[] = {"",
                                      "1",
                                      "0000000000000000-1",
                                      "-1",
                                      "x-y",
                                      "99999999999999999999",
                                      "a\"b",
                                      "0000000000000000-"};
    struct hub *hub = make(3, 10);
    (void)state;
    assert_ok(hub_publish(hub, "t", "e", "old", &err));
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        struct sleeper sleeper;
        struct hub_reader *reader = open_reader(hub, "t", ids[i], &sleeper);
        read_all(reader, 1000);
        assert_non_null(strstr(text, "event: reset\n"));
        assert_null(strstr(text, "old"));
        hub_reader_free(reader);
    }
    hub_free(hub);
}

static void who_is_too_slow_is_cut_and_the_others_are_not(void **state)
{
    struct hub *hub = make(100, 5);
    struct sleeper slow_one, good_one;
    (void)state;
    struct hub_reader *slow = open_reader(hub, "t", NULL, &slow_one);
    struct hub_reader *good = open_reader(hub, "t", NULL, &good_one);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(slow_one.cut, 0);
        assert_ok(hub_publish(hub, "t", "e", "x", &err));
        read_all(good, 1000);
        assert_non_null(strstr(text, "data: x"));
    }
    assert_int_equal(slow_one.cut, 1);
    assert_int_equal(good_one.cut, 0);
    assert_int_equal(hub_read(slow, text, 1000), HUB_CUT);
    assert_int_equal(hub_counts(hub).cut, 1);
    hub_reader_free(slow);
    hub_reader_free(good);
    hub_free(hub);
}

static void an_idle_stream_is_pinged(void **state)
{
    struct hub *hub = make(10, 10);
    struct sleeper sleeper;
    (void)state;
    struct hub_reader *reader = open_reader(hub, "t", NULL, &sleeper);
    read_all(reader, 1000);
    hub_tick(hub);
    assert_int_equal(sleeper.woken, 0);
    usleep(60000);
    hub_tick(hub);
    assert_int_equal(sleeper.woken, 1);
    read_all(reader, 1000);
    assert_string_equal(text, ":\n");
    hub_tick(hub);
    assert_int_equal(sleeper.woken, 1);
    hub_reader_free(reader);
    hub_free(hub);
}

static void streams_are_limited_in_all_and_by_owner(void **state)
{
    struct hub_limits limits;
    struct hub *hub;
    struct hub_reader *readers[5], *one_more;
    struct hub_stream stream = {.topics = {"t"}, .owner = "a"};
    (void)state;
    hub_limits_init(&limits);
    limits.streams = 3;
    limits.streams_per_owner = 2;
    assert_ok(hub_create(&limits, &hub, &err));
    assert_ok(hub_open(hub, &stream, &readers[0], &err));
    assert_ok(hub_open(hub, &stream, &readers[1], &err));
    assert_error(hub_open(hub, &stream, &one_more, &err), ERR_DENIED);
    assert_string_equal(err.reason, "too_many_streams");
    stream.owner = "b";
    assert_ok(hub_open(hub, &stream, &readers[2], &err));
    stream.owner = "c";
    assert_error(hub_open(hub, &stream, &one_more, &err), ERR_DENIED);
    hub_reader_free(readers[0]);
    assert_ok(hub_open(hub, &stream, &readers[0], &err));
    for (int i = 0; i < 3; i++)
        hub_reader_free(readers[i]);
    limits.queue_events = 0;
    assert_error(hub_create(&limits, &hub, &err), ERR_INVALID);
    limits.queue_events = 5;
    hub_free(hub);
}

static bool is_always_gone(void *context)
{
    (void)context;
    return true;
}

static void streams_that_nobody_reads_any_more_make_room(void **state)
{
    struct hub *hub = make(10, 10);
    struct hub_reader *readers[5], *another;
    struct sleeper sleepers[5];
    const struct hub_stream stream = {.topics = {"t"}, .owner = "t"};
    (void)state;
    for (int i = 0; i < 4; i++)
        readers[i] = open_reader(hub, "t", NULL, &sleepers[i]);
    assert_error(hub_open(hub, &stream, &another, &err), ERR_DENIED);
    const struct hub_waiter gone = {sleeps, wakes, is_cut, is_always_gone, &sleepers[2]};
    hub_reader_set_waiter(readers[2], &gone);
    readers[4] = open_reader(hub, "t", NULL, &sleepers[4]);
    for (int i = 0; i < 5; i++)
        assert_int_equal(sleepers[i].cut, i == 2);
    assert_error(hub_open(hub, &stream, &another, &err), ERR_DENIED);
    for (int i = 0; i < 5; i++)
        hub_reader_free(readers[i]);
    hub_free(hub);
}

static void an_owner_can_be_sent_away(void **state)
{
    struct hub *hub = make(10, 10);
    struct sleeper one, two;
    (void)state;
    struct hub_reader *first = open_reader(hub, "a", NULL, &one);
    struct hub_reader *second = open_reader(hub, "b", NULL, &two);
    read_all(first, 1000);
    read_all(second, 1000);
    assert_int_equal(hub_close_owner(hub, "a"), 1);
    assert_int_equal(one.woken, 1);
    assert_int_equal(hub_read(first, text, 1000), HUB_END);
    assert_int_equal(two.woken, 0);
    assert_int_equal(hub_close_owner(hub, "a"), 0);
    hub_close(hub);
    assert_int_equal(two.woken, 1);
    assert_int_equal(hub_read(second, text, 1000), HUB_END);
    hub_reader_free(first);
    hub_reader_free(second);
    const struct hub_stream stream = {.topics = {"t"}, .owner = "a"};
    assert_error(hub_open(hub, &stream, &first, &err), ERR_DENIED);
    hub_free(hub);
}

static void without_memory_nothing_is_lost_but_the_event(void **state)
{
    struct hub *hub = make(10, 10);
    struct sleeper sleeper;
    (void)state;
    struct hub_reader *reader = open_reader(hub, "t", NULL, &sleeper);
    for (int64_t n = 1; n <= 2; n++) {
        mem_fail_after(n);
        const enum err code = hub_publish(hub, "t", "e", "x", &err);
        mem_fail_after(0);
        assert_error(code, ERR_NOMEM);
    }
    read_all(reader, 1000);
    assert_string_equal(text, "retry: 2000\n\n");
    assert_ok(hub_publish(hub, "t", "e", "y", &err));
    read_all(reader, 1000);
    assert_non_null(strstr(text, "data: y"));
    hub_reader_free(reader);
    hub_free(hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_reaches_those_who_listen),
        cmocka_unit_test(an_event_may_be_read_in_pieces),
        cmocka_unit_test(lines_of_data_stay_one_event),
        cmocka_unit_test(topics_and_events_are_words),
        cmocka_unit_test(an_event_has_a_size),
        cmocka_unit_test(who_comes_back_gets_what_it_missed),
        cmocka_unit_test(who_comes_back_too_late_is_told_to_start_anew),
        cmocka_unit_test(an_id_of_somebody_else_is_a_reset),
        cmocka_unit_test(who_is_too_slow_is_cut_and_the_others_are_not),
        cmocka_unit_test(an_idle_stream_is_pinged),
        cmocka_unit_test(streams_are_limited_in_all_and_by_owner),
        cmocka_unit_test(streams_that_nobody_reads_any_more_make_room),
        cmocka_unit_test(an_owner_can_be_sent_away),
        cmocka_unit_test(without_memory_nothing_is_lost_but_the_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
