#ifndef HTTP_LINK_H
#define HTTP_LINK_H

/*
 * Inside of http/: the connections that are open, each with the time by which its client must have
 * sent what is awaited. libmicrohttpd measures inactivity alone: one byte every few seconds keeps
 * a half-sent request for ever. A reaper that looks through the table cuts such a connection.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum { LINK_ADDRESS_SIZE = 46 };

/* What is awaited of the client. The answer to who is late: 408, or none where none began. */
enum link_wait { LINK_NOTHING, LINK_HEADERS, LINK_BODY, LINK_NEXT, LINK_CUT };

struct link {
    struct link *previous, *next;
    int fd;                /* borrowed: libmicrohttpd closes it, after link_remove */
    atomic_llong deadline; /* milliseconds × 8 + enum link_wait */
    char address[LINK_ADDRESS_SIZE];
};

struct links {
    pthread_mutex_t lock;
    struct link *first;
};

int64_t link_now_ms(void); /* of the clock that deadlines are in */

void links_init(struct links *links);
void links_release(struct links *links); /* all are removed before */

/* A new connection. NULL: no memory. */
struct link *link_add(struct links *links, int fd, const char *address, enum link_wait wait,
                      int64_t deadline_ms);
void link_remove(struct links *links, struct link *link); /* frees it */

/* Await something by a time. False: it was cut meanwhile, and is about to be closed. */
bool link_await(struct link *link, enum link_wait wait, int64_t deadline_ms);

/* Close what is late at `now_ms`. How many. */
int64_t links_reap(struct links *links, int64_t now_ms);

/* Close one, with an answer (NULL: none) that is sent past libmicrohttpd; or all. */
void link_cut(struct links *links, struct link *link, const char *answer);
void links_cut_all(struct links *links);

#endif
