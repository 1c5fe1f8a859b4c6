/* Paths and templates as their segments, read where they lie in Python's strings. */
#ifndef PERFLAB_SEGMENTS_H
#define PERFLAB_SEGMENTS_H

#include <Python.h>
#include <stdint.h>
#include <string.h>

#define MOST_DIGITS 4300 /* as in cases/router/templates.py */

typedef struct {
    Py_ssize_t start, end;
    uint64_t hash;
    int digits; /* 1: a number, and not too long */
    int braces; /* 1: a brace is in it */
} Segment;

/* FNV-1a over code points (Fowler, Noll and Vo, 1991): short keys, one pass; what it takes for equal is compared again. */
#define SPLIT(NAME, LETTER)                                                                             \
    static Py_ssize_t NAME(const LETTER *text, Py_ssize_t size, Segment *segments, Py_ssize_t most) {   \
        Py_ssize_t at = 1;                                                                              \
        for (Py_ssize_t count = 0; count < most; count++) {                                             \
            uint64_t hash = 0xcbf29ce484222325u;                                                        \
            Segment *one = &segments[count];                                                            \
            int odd = 0, braces = 0;                                                                    \
            one->start = at;                                                                            \
            for (; at < size && text[at] != '/'; at++) {                                                \
                hash = (hash ^ text[at]) * 0x100000001b3u;                                              \
                odd |= (uint32_t) text[at] - '0' > 9;                                                   \
                braces |= text[at] == '{' || text[at] == '}';                                           \
            }                                                                                           \
            one->end = at;                                                                              \
            one->hash = hash;                                                                           \
            one->digits = !odd && at > one->start && at - one->start <= MOST_DIGITS;                    \
            one->braces = braces;                                                                       \
            if (at++ >= size) return count + 1;                                                         \
        }                                                                                               \
        return most + 1;                                                                                \
    }

SPLIT(split_1, Py_UCS1)
SPLIT(split_2, Py_UCS2)
SPLIT(split_4, Py_UCS4)

/* Find the first `most` segments of a text that begins with a slash.  Return how many there are, or most + 1 for more. */
static Py_ssize_t split(PyObject *text, Segment *segments, Py_ssize_t most) {
    Py_ssize_t size = PyUnicode_GET_LENGTH(text);
    switch (PyUnicode_KIND(text)) {
    case PyUnicode_1BYTE_KIND: return split_1(PyUnicode_1BYTE_DATA(text), size, segments, most);
    case PyUnicode_2BYTE_KIND: return split_2(PyUnicode_2BYTE_DATA(text), size, segments, most);
    default: return split_4(PyUnicode_4BYTE_DATA(text), size, segments, most);
    }
}

static int begins_with_slash(PyObject *text) {
    return PyUnicode_GET_LENGTH(text) > 0 && PyUnicode_READ_CHAR(text, 0) == '/';
}

/* Whether two stretches of text are the same letters; strings with wider letters elsewhere are stored wider. */
static int same(PyObject *a, Py_ssize_t a_start, PyObject *b, Py_ssize_t b_start, Py_ssize_t size) {
    int a_kind = PyUnicode_KIND(a), b_kind = PyUnicode_KIND(b);
    const char *a_data = (const char *) PyUnicode_DATA(a), *b_data = (const char *) PyUnicode_DATA(b);
    if (a_kind == b_kind) return memcmp(a_data + a_start * a_kind, b_data + b_start * b_kind, (size_t) (size * a_kind)) == 0;
    for (Py_ssize_t i = 0; i < size; i++) {
        if (PyUnicode_READ(a_kind, a_data, a_start + i) != PyUnicode_READ(b_kind, b_data, b_start + i)) return 0;
    }
    return 1;
}

/* Up to eighteen digits as a number, which fits 63 bits. */
static int64_t number(PyObject *text, Py_ssize_t start, Py_ssize_t end) {
    int kind = PyUnicode_KIND(text);
    const void *data = PyUnicode_DATA(text);
    int64_t value = 0;
    for (; start < end; start++) value = 10 * value + (PyUnicode_READ(kind, data, start) - '0');
    return value;
}

#endif
