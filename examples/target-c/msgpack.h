/* As much of msgpack as the wire protocol needs: a reader that trusts nothing, and a writer. */
#ifndef MSGPACK_H
#define MSGPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that are left to read. */
typedef struct {
    const uint8_t *at, *end;
} slice;

/* A string within a message: not ended by a zero. */
typedef struct {
    const char *at;
    uint32_t size;
} text;

/* An array or map within a message: its elements, and how many there are (of a map: pairs). */
typedef struct {
    slice in;
    uint32_t count;
} nested;

enum want { INTEGER, NUMBER, FLAG, TEXT, ARRAY, MAP };

/* A field of a map. `low` and `high` bound a number, `high` the code points of a text or the
   elements of an array or map. `to` is an int64_t, a double, a bool, a text or a nested. */
typedef struct {
    const char *name;
    enum want want;
    double low, high;
    void *to;
    bool optional, there;
} field;

/* Each reads one element and advances; false if it is something else or out of bounds. */
bool read_value(slice *from, enum want want, double low, double high, void *to);
bool skip_value(slice *from);

/* Read a map that has exactly these fields; or the pairs of one whose head was read. */
bool read_map(slice *from, field *fields, size_t count);
bool read_fields(slice *from, uint32_t pairs, field *fields, size_t count);

bool same_text(text one, const char *other);

/* Code points of valid UTF-8 (RFC 3629); -1 if it is not valid. */
int64_t code_points(const uint8_t *at, uint32_t size);

/* What is being written; `failed` once there was no memory. */
typedef struct {
    uint8_t *data;
    size_t size, room;
    bool failed;
} buffer;

void put_map(buffer *to, uint32_t pairs);
void put_array(buffer *to, uint32_t elements);
void put_text(buffer *to, const char *value);
void put_name(buffer *to, text value);
void put_integer(buffer *to, int64_t value);
void put_number(buffer *to, double value);
void put_flag(buffer *to, bool value);

/* A map's key and its value. */
void text_field(buffer *to, const char *name, const char *value);
void integer_field(buffer *to, const char *name, int64_t value);
void number_field(buffer *to, const char *name, double value);

#endif
