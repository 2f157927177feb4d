/* SHA-256 (FIPS 180-4) of bytes that are all there. */
#ifndef SHA256_H
#define SHA256_H

#include <stddef.h>
#include <stdint.h>

/* Writes 64 lower-case hexadecimal digits and a zero. */
void sha256_hex(const uint8_t *data, size_t size, char digits[65]);

#endif
