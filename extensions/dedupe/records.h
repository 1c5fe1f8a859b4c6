/* Python's records as one array of small numbers: every letter is called by the order of its first appearance.

   Code points go up to 1.1 million; records use a few dozen of them.  Small numbers make a letter's masks a row of a table. */
#ifndef PERFLAB_RECORDS_H
#define PERFLAB_RECORDS_H

#include <Python.h>
#include <stdint.h>
#include <stdlib.h>

#define PAGE 4096 /* code points a page of the dictionary holds; one page is enough for Europe */
#define PAGES (0x110000 / PAGE)

typedef struct {
    uint32_t *text;   /* all letters, record after record */
    long *starts;     /* where each record begins; one more than there are records */
    long longest;
    uint32_t letters; /* how many different ones there are */
} Records;

static uint32_t *page_of(uint32_t **pages, Py_UCS4 letter) {
    uint32_t **page = &pages[letter / PAGE];
    if (*page == NULL) *page = (uint32_t *) calloc(PAGE, sizeof(uint32_t));
    return *page;
}

/* Read a list of str.  Return 0 and leave an error where there is no memory or an item is no str; free it in any case. */
static int records_read(Records *r, PyObject *names) {
    Py_ssize_t n = PyList_GET_SIZE(names), total = 0;
    uint32_t *pages[PAGES] = {NULL};
    int complete = 0;
    for (Py_ssize_t i = 0; i < n; i++) {
        if (!PyUnicode_Check(PyList_GET_ITEM(names, i))) {
            PyErr_Format(PyExc_TypeError, "record %zd is no str: %R", i, PyList_GET_ITEM(names, i));
            return 0;
        }
        total += PyUnicode_GET_LENGTH(PyList_GET_ITEM(names, i));
    }
    r->text = (uint32_t *) malloc((total + 1) * sizeof(uint32_t));
    r->starts = (long *) malloc((n + 1) * sizeof(long));
    if (r->text == NULL || r->starts == NULL) goto done;
    uint32_t *next = r->text;
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *name = PyList_GET_ITEM(names, i);
        Py_ssize_t size = PyUnicode_GET_LENGTH(name);
        int kind = PyUnicode_KIND(name);
        const void *data = PyUnicode_DATA(name);
        r->starts[i] = next - r->text;
        if (size > r->longest) r->longest = size;
        for (Py_ssize_t j = 0; j < size; j++) {
            Py_UCS4 letter = PyUnicode_READ(kind, data, j);
            uint32_t *page = page_of(pages, letter);
            if (page == NULL) goto done;
            uint32_t *number = &page[letter % PAGE];
            if (*number == 0) *number = ++r->letters; /* 0: not seen yet */
            *next++ = *number;
        }
    }
    r->starts[n] = next - r->text;
    complete = 1;
done:
    for (int i = 0; i < PAGES; i++) {
        if (pages[i] != NULL) free(pages[i]); /* for most there is nothing to call about */
    }
    if (!complete) PyErr_NoMemory();
    return complete;
}

static void records_free(Records *r) {
    free(r->text);
    free(r->starts);
}

#endif
