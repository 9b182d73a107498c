#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

/* Inside of http/: an address as people write it, and the socket that listens there. */
#include "base/error.h"

enum { LISTEN_ADDRESS_SIZE = 64 };

/* Listen on "127.0.0.1:8080", "[::1]:8080" or "0.0.0.0:0". The caller closes *ret_fd;
 * `ret_address` (of LISTEN_ADDRESS_SIZE) gets the address with the real port. ERR_INVALID: not an
 * address of numbers and a port; ERR_IO (reason "address_in_use" where it is), ERR_DENIED. */
MUST_CHECK enum err listen_open(const char *address, int *ret_fd, int *ret_port, char *ret_address,
                                struct error *err);

#endif
