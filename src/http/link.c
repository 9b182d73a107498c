#include "http/link.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/memory.h"

static const char too_slow[] = "HTTP/1.1 408 Request Timeout\r\n"
                               "Connection: close\r\nContent-Length: 0\r\n\r\n";

int64_t link_now_ms(void)
{
    return (int64_t)(clock_seconds() * 1000);
}

static int64_t pack(enum link_wait wait, int64_t deadline_ms)
{
    return 8 * deadline_ms + (int64_t)wait;
}

static enum link_wait wait_of(int64_t packed)
{
    return (enum link_wait)(packed & 7);
}

void links_init(struct links *links)
{
    pthread_mutex_init(&links->lock, NULL);
    links->first = NULL;
}

void links_release(struct links *links)
{
    pthread_mutex_destroy(&links->lock);
}

struct link *link_add(struct links *links, int fd, const char *address, enum link_wait wait,
                      int64_t deadline_ms)
{
    struct error ignored;
    struct link *link = mem_plain(sizeof(*link), &ignored);
    if (link == NULL)
        return NULL;
    *link = (struct link){.fd = fd};
    snprintf(link->address, sizeof(link->address), "%s", address);
    atomic_store(&link->deadline, pack(wait, deadline_ms));
    pthread_mutex_lock(&links->lock);
    link->next = links->first;
    if (link->next != NULL)
        link->next->previous = link;
    links->first = link;
    pthread_mutex_unlock(&links->lock);
    return link;
}

void link_remove(struct links *links, struct link *link)
{
    pthread_mutex_lock(&links->lock);
    if (link->previous != NULL)
        link->previous->next = link->next;
    else
        links->first = link->next;
    if (link->next != NULL)
        link->next->previous = link->previous;
    pthread_mutex_unlock(&links->lock);
    mem_free(link);
}

bool link_await(struct link *link, enum link_wait wait, int64_t deadline_ms)
{
    long long now = atomic_load_explicit(&link->deadline, memory_order_relaxed);
    while (wait_of(now) != LINK_CUT)
        if (atomic_compare_exchange_weak(&link->deadline, &now, pack(wait, deadline_ms)))
            return true;
    return false;
}

/* Under the lock, so that the socket is not closed and its number given to another meanwhile. */
static void close_link(struct link *link, const char *answer)
{
    if (answer != NULL)
        (void)!send(link->fd, answer, strlen(answer), MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(link->fd, SHUT_RDWR);
}

static bool reap(struct link *link, int64_t now_ms)
{
    long long found = atomic_load(&link->deadline);
    const enum link_wait wait = wait_of(found);
    if (wait == LINK_NOTHING || wait == LINK_CUT || found / 8 > now_ms)
        return false;
    if (!atomic_compare_exchange_strong(&link->deadline, &found, pack(LINK_CUT, now_ms)))
        return false; /* what was awaited came at this very moment */
    close_link(link, wait == LINK_NEXT ? NULL : too_slow);
    return true;
}

int64_t links_reap(struct links *links, int64_t now_ms)
{
    int64_t cut = 0;
    pthread_mutex_lock(&links->lock);
    for (struct link *link = links->first; link != NULL; link = link->next)
        cut += reap(link, now_ms);
    pthread_mutex_unlock(&links->lock);
    return cut;
}

void link_cut(struct links *links, struct link *link, const char *answer)
{
    pthread_mutex_lock(&links->lock);
    atomic_store(&link->deadline, pack(LINK_CUT, 0));
    close_link(link, answer);
    pthread_mutex_unlock(&links->lock);
}

void links_cut_all(struct links *links)
{
    pthread_mutex_lock(&links->lock);
    for (struct link *link = links->first; link != NULL; link = link->next)
        close_link(link, NULL);
    pthread_mutex_unlock(&links->lock);
}
