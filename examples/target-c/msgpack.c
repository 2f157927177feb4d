#include "msgpack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum kind { NIL, BOOLEAN, WHOLE, REAL, STRING, LIST, DICTIONARY };

typedef struct {
    enum kind kind;
    bool flag, too_large; /* too_large: a whole number above INT64_MAX */
    int64_t whole;
    double real;
    text string;
    uint32_t count; /* code points, elements or pairs */
} element;

static bool take(slice *from, size_t bytes, uint64_t *to) {
    if ((size_t)(from->end - from->at) < bytes) return false;
    *to = 0;
    for (size_t i = 0; i < bytes; i++) *to = *to << 8 | *from->at++;
    return true;
}

int64_t code_points(const uint8_t *at, uint32_t size) {
    int64_t count = 0;
    for (uint32_t i = 0; i < size; count++) {
        uint8_t first = at[i];
        if ((first >= 0x80 && first < 0xC2) || first > 0xF4) return -1;
        uint32_t more = first < 0x80 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
        if (size - i <= more) return -1;
        for (uint32_t j = 1; j <= more; j++)
            if ((at[i + j] & 0xC0) != 0x80) return -1;
        uint8_t second = more ? at[i + 1] : 0;
        if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
            (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F))
            return -1;
        i += 1 + more;
    }
    return count;
}

static bool string_of(slice *from, uint64_t size, element *to) {
    if ((uint64_t)(from->end - from->at) < size) return false;
    int64_t points = code_points(from->at, (uint32_t)size);
    if (points < 0) return false;
    to->kind = STRING;
    to->string = (text){(const char *)from->at, (uint32_t)size};
    to->count = (uint32_t)points;
    from->at += size;
    return true;
}

static bool collection_of(slice *from, uint64_t count, enum kind kind, element *to) {
    uint64_t elements = kind == DICTIONARY ? 2 * count : count;
    to->kind = kind;
    to->count = (uint32_t)count;
    return elements <= (uint64_t)(from->end - from->at); /* each takes a byte at least */
}

static bool whole_of(int64_t whole, element *to) {
    to->kind = WHOLE;
    to->whole = whole;
    return true;
}

static bool real_of(slice *from, size_t bytes, element *to) {
    uint64_t bits;
    if (!take(from, bytes, &bits)) return false;
    to->kind = REAL;
    if (bytes == 8) {
        memcpy(&to->real, &bits, 8);
    } else {
        uint32_t narrow = (uint32_t)bits;
        float real;
        memcpy(&real, &narrow, 4);
        to->real = real;
    }
    return true;
}

static bool unsigned_of(slice *from, size_t bytes, element *to) {
    uint64_t bits;
    if (!take(from, bytes, &bits)) return false;
    to->too_large = bits > INT64_MAX;
    return whole_of(to->too_large ? INT64_MAX : (int64_t)bits, to);
}

static bool signed_of(slice *from, size_t bytes, element *to) {
    uint64_t bits;
    if (!take(from, bytes, &bits)) return false;
    uint64_t sign = UINT64_C(1) << (8 * bytes - 1);
    if (bytes < 8 && bits & sign) bits |= ~(sign - 1);
    int64_t whole;
    memcpy(&whole, &bits, 8);
    return whole_of(whole, to);
}

/* One element's head, and a string's bytes. Binary and extensions are none of the protocol's. */
static bool next(slice *from, element *to) {
    uint64_t head, size;
    *to = (element){0};
    if (!take(from, 1, &head)) return false;
    if (head < 0x80) return whole_of((int64_t)head, to);
    if (head >= 0xE0) return whole_of((int64_t)head - 0x100, to);
    if (head < 0x90) return collection_of(from, head & 0x0F, DICTIONARY, to);
    if (head < 0xA0) return collection_of(from, head & 0x0F, LIST, to);
    if (head < 0xC0) return string_of(from, head & 0x1F, to);
    switch (head) {
        case 0xC0: to->kind = NIL; return true;
        case 0xC2: case 0xC3: to->kind = BOOLEAN; to->flag = head == 0xC3; return true;
        case 0xCA: return real_of(from, 4, to);
        case 0xCB: return real_of(from, 8, to);
        case 0xCC: case 0xCD: case 0xCE: case 0xCF:
            return unsigned_of(from, (size_t)1 << (head - 0xCC), to);
        case 0xD0: case 0xD1: case 0xD2: case 0xD3:
            return signed_of(from, (size_t)1 << (head - 0xD0), to);
        case 0xD9: case 0xDA: case 0xDB:
            return take(from, (size_t)1 << (head - 0xD9), &size) && string_of(from, size, to);
        case 0xDC: case 0xDD:
            return take(from, (size_t)2 << (head - 0xDC), &size) &&
                   collection_of(from, size, LIST, to);
        case 0xDE: case 0xDF:
            return take(from, (size_t)2 << (head - 0xDE), &size) &&
                   collection_of(from, size, DICTIONARY, to);
        default: return false;
    }
}

bool skip_value(slice *from) {
    for (uint64_t open = 1; open; open--) {
        element found;
        if (!next(from, &found)) return false;
        if (found.kind == LIST) open += found.count;
        if (found.kind == DICTIONARY) open += 2 * (uint64_t)found.count;
    }
    return true;
}

static bool nested_of(slice *from, slice begin, const element *found, double most, nested *to) {
    *to = (nested){*from, found->count};
    *from = begin;
    if (found->count > most || !skip_value(from)) return false;
    to->in.end = from->at;
    return true;
}

bool read_value(slice *from, enum want want, double low, double high, void *to) {
    slice begin = *from;
    element found;
    if (!next(from, &found)) return false;
    switch (want) {
        case INTEGER:
            *(int64_t *)to = found.whole;
            return found.kind == WHOLE && !found.too_large && (double)found.whole >= low &&
                   (double)found.whole <= high;
        case NUMBER: {
            double number = found.kind == WHOLE ? (double)found.whole : found.real;
            *(double *)to = number;
            return (found.kind == WHOLE || found.kind == REAL) && number >= low && number <= high;
        }
        case FLAG: *(bool *)to = found.flag; return found.kind == BOOLEAN;
        case TEXT: *(text *)to = found.string; return found.kind == STRING && found.count <= high;
        case ARRAY: return found.kind == LIST && nested_of(from, begin, &found, high, to);
        case MAP: return found.kind == DICTIONARY && nested_of(from, begin, &found, high, to);
    }
    return false;
}

bool same_text(text one, const char *other) {
    return strlen(other) == one.size && memcmp(one.at, other, one.size) == 0;
}

bool read_map(slice *from, field *fields, size_t count) {
    element found;
    return next(from, &found) && found.kind == DICTIONARY &&
           read_fields(from, found.count, fields, count);
}

bool read_fields(slice *from, uint32_t pairs, field *fields, size_t count) {
    for (uint32_t i = 0; i < pairs; i++) {
        element key;
        size_t at = 0;
        if (!next(from, &key) || key.kind != STRING) return false;
        while (at < count && !same_text(key.string, fields[at].name)) at++;
        if (at == count || fields[at].there) return false;
        field *each = &fields[at];
        if (!read_value(from, each->want, each->low, each->high, each->to)) return false;
        each->there = true;
    }
    for (size_t i = 0; i < count; i++)
        if (!fields[i].there && !fields[i].optional) return false;
    return true;
}

static void put(buffer *to, const void *bytes, size_t size) {
    if (to->size + size > to->room) {
        size_t room = 2 * (to->size + size) + 64;
        uint8_t *data = realloc(to->data, room);
        if (!data) to->failed = true;
        if (!data) return;
        to->data = data;
        to->room = room;
    }
    memcpy(to->data + to->size, bytes, size);
    to->size += size;
}

static void put_head(buffer *to, uint8_t head, uint64_t number, int bytes) {
    uint8_t bits[9] = {head};
    for (int i = 0; i < bytes; i++) bits[1 + i] = (uint8_t)(number >> 8 * (bytes - 1 - i));
    put(to, bits, 1 + (size_t)bytes);
}

void put_map(buffer *to, uint32_t pairs) { put_head(to, 0xDF, pairs, 4); }
void put_array(buffer *to, uint32_t elements) { put_head(to, 0xDD, elements, 4); }
void put_flag(buffer *to, bool value) { put_head(to, value ? 0xC3 : 0xC2, 0, 0); }
void put_text(buffer *to, const char *value) {
    put_name(to, (text){value, (uint32_t)strlen(value)});
}

void put_name(buffer *to, text value) {
    put_head(to, 0xDB, value.size, 4);
    put(to, value.at, value.size);
}

void put_integer(buffer *to, int64_t value) {
    if (value >= 0 && value < 128) put_head(to, (uint8_t)value, 0, 0);
    else put_head(to, 0xD3, (uint64_t)value, 8);
}

void put_number(buffer *to, double value) {
    uint64_t bits;
    memcpy(&bits, &value, 8);
    put_head(to, 0xCB, bits, 8);
}

void text_field(buffer *to, const char *name, const char *value) {
    put_text(to, name);
    put_text(to, value);
}

void integer_field(buffer *to, const char *name, int64_t value) {
    put_text(to, name);
    put_integer(to, value);
}

void number_field(buffer *to, const char *name, double value) {
    put_text(to, name);
    put_number(to, value);
}
