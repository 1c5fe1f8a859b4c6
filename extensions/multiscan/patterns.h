/* What goes in and what comes out: the patterns of a Python list, and a growing list of hits. */
#ifndef PERFLAB_MULTISCAN_PATTERNS_H
#define PERFLAB_MULTISCAN_PATTERNS_H

#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const uint8_t *letters; /* borrowed from the bytes object */
    Py_ssize_t size;
    int32_t number; /* place in Python's list */
} Needle;

typedef struct {
    int64_t start;
    int32_t number;
} Hit;

typedef struct {
    Hit *at;
    size_t count, room;
} Hits;

/* Take the patterns out of a list of bytes.  Return NULL and leave an error where one is no bytes or empty. */
static Needle *needles_read(PyObject *patterns) {
    Py_ssize_t n = PyList_GET_SIZE(patterns);
    if (n > INT32_MAX) {
        PyErr_Format(PyExc_OverflowError, "%zd patterns are more than can be numbered", n);
        return NULL;
    }
    Needle *needles = (Needle *) malloc((size_t) (n + 1) * sizeof(Needle));
    if (needles == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *pattern = PyList_GET_ITEM(patterns, i);
        if (!PyBytes_Check(pattern) || PyBytes_GET_SIZE(pattern) == 0) {
            PyErr_Format(PyExc_ValueError, "pattern %zd is no bytes, or empty: %R", i, pattern);
            free(needles);
            return NULL;
        }
        needles[i].letters = (const uint8_t *) PyBytes_AS_STRING(pattern);
        needles[i].size = PyBytes_GET_SIZE(pattern);
        needles[i].number = (int32_t) i;
    }
    return needles;
}

/* Note a hit.  Return 0 where there is no memory for it. */
static inline int hits_add(Hits *hits, int32_t number, int64_t start) {
    if (hits->count == hits->room) {
        size_t room = 2 * hits->room + 64;
        Hit *roomier = (Hit *) realloc(hits->at, room * sizeof(Hit));
        if (roomier == NULL) return 0;
        hits->at = roomier;
        hits->room = room;
    }
    hits->at[hits->count].number = number;
    hits->at[hits->count].start = start;
    hits->count++;
    return 1;
}

/* Return (number, start). */
static PyObject *hit_tuple(const Hit *hit) {
    PyObject *number = PyLong_FromLong(hit->number), *start = PyLong_FromLongLong(hit->start), *pair = PyTuple_New(2);
    if (number == NULL || start == NULL || pair == NULL) {
        Py_XDECREF(number);
        Py_XDECREF(start);
        Py_XDECREF(pair);
        return NULL;
    }
    PyTuple_SET_ITEM(pair, 0, number);
    PyTuple_SET_ITEM(pair, 1, start);
    return pair;
}

/* Return the hits as a list of (number, start); NULL with an error where there is no memory. */
static PyObject *hits_list(const Hits *hits) {
    PyObject *list = PyList_New((Py_ssize_t) hits->count);
    for (size_t i = 0; list != NULL && i < hits->count; i++) {
        PyObject *pair = hit_tuple(&hits->at[i]);
        if (pair == NULL) {
            Py_CLEAR(list);
            break;
        }
        PyList_SET_ITEM(list, (Py_ssize_t) i, pair);
    }
    return list;
}

#endif
