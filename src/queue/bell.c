#include "queue/bell.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum err bell_open(int *ret_fd, struct error *err)
{
    *ret_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return *ret_fd >= 0 ? ERR_OK : FAIL(err, ERR_IO, "the system refuses a descriptor: %m");
}

void bell_ring(int fd)
{
    const uint64_t one = 1;
    if (write(fd, &one, sizeof(one)) < 0)
        return; /* its count is full: it rings */
}

void bell_quiet(int fd)
{
    uint64_t count;
    if (read(fd, &count, sizeof(count)) < 0)
        return; /* it did not ring */
}

int bell_wait(int fd, int other, int timeout_ms)
{
    struct pollfd waits[2] = {{.fd = fd, .events = POLLIN}, {.fd = other, .events = POLLIN}};
    return poll(waits, 2, timeout_ms) >= 0 || errno != EINTR;
}
