#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/* Seconds that only go forward, for intervals. */
double clock_seconds(void);

/* The UTC time of now: "20241201_143022" for file names, "2024-12-01T14:30:22Z" for people.
 * `out` of at least 24 bytes. */
void clock_stamp(char *out, unsigned long out_size);
void clock_rfc3339(char *out, unsigned long out_size);

#endif
