# distutils: language = c
"""A model's declaration as a tree of nodes, walked together with the payload; objects are filled slot by slot, by offset.

Writing to a slot by its offset is what a member descriptor does; we only skip the call, and the guard that a model puts
before assignments from outside.
"""

from cpython.datetime cimport date_new, import_datetime
from cpython.dict cimport PyDict_CheckExact, PyDict_GetItemWithError
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.list cimport PyList_CheckExact, PyList_GET_ITEM, PyList_GET_SIZE
from cpython.long cimport PyLong_CheckExact
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_INCREF
from cpython.unicode cimport PyUnicode_CheckExact, PyUnicode_GET_LENGTH
from libc.stdlib cimport calloc, free

import math

from cases.model_validate.fields import STRICT, UNSET, ValidationError, define, table_of, take_fields
from cases.model_validate.known import Kept

import_datetime()


cdef extern from *:
    """
    #include <Python.h>
    #include <structmember.h>
    #include <string.h>

    /* Where in an object a slot is: the descriptor's own public record says it. */
    static Py_ssize_t mv_offset(PyObject *descriptor) {
        if (!PyObject_TypeCheck(descriptor, &PyMemberDescr_Type)) return -1;
        return ((PyMemberDescrObject *)descriptor)->d_member->offset;
    }

    /* Whether two keys are equal: the same object, or the same letters. */
    static inline int mv_same(PyObject *a, PyObject *b) {
        if (a == b) return 1;
        if (!PyUnicode_CheckExact(a)) return 0;
        Py_ssize_t length = PyUnicode_GET_LENGTH(a);
        return length == PyUnicode_GET_LENGTH(b) && PyUnicode_KIND(a) == PyUnicode_KIND(b)
            && memcmp(PyUnicode_DATA(a), PyUnicode_DATA(b), length * PyUnicode_KIND(a)) == 0;
    }

    /* Reads YYYY-MM-DD; 0 where there is no such text (the day's number is not looked at). */
    static inline int mv_day(PyObject *text, int *year, int *month, int *day) {
        if (PyUnicode_GET_LENGTH(text) != 10 || !PyUnicode_IS_ASCII(text)) return 0;
        const unsigned char *s = PyUnicode_1BYTE_DATA(text);
        static const unsigned char places[] = {0, 1, 2, 3, 5, 6, 8, 9};
        int digits[8];
        for (int i = 0; i < 8; i++) {
            digits[i] = s[places[i]] - '0';
            if (digits[i] < 0 || digits[i] > 9) return 0;
        }
        *year = digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3];
        *month = digits[4] * 10 + digits[5];
        *day = digits[6] * 10 + digits[7];
        return s[4] == '-' && s[7] == '-';
    }
    """
    Py_ssize_t mv_offset(object descriptor)
    bint mv_same(PyObject *a, PyObject *b) noexcept
    bint mv_day(object text, int *year, int *month, int *day) noexcept

cdef extern from "Python.h":
    int PyDict_Next(object p, Py_ssize_t *ppos, PyObject **pkey, PyObject **pvalue) noexcept
    long long PyLong_AsLongLongAndOverflow(object value, int *overflow) except? -1
    object PyType_GenericAlloc(PyTypeObject *kind, Py_ssize_t items)


cdef enum Kind:
    WHOLE
    REAL
    FLAG
    TEXT
    DAY
    CHOICE
    ITEMS
    OBJECT

KINDS = {"int": WHOLE, "float": REAL, "bool": FLAG, "str": TEXT, "date": DAY, "choice": CHOICE, "list": ITEMS, "model": OBJECT}
cdef object REFUSED = object()
"""What a check returns instead of a value; its list of faults says why."""


cdef class Node:
    """One field, or the item of a list; ``kind`` decides which of the rest is used."""

    cdef Kind kind
    cdef bint optional
    cdef bint strict  # the table is the strict one, which is compiled in
    cdef dict row  # of any other table
    cdef object least, most  # as declared; None: no bound
    cdef bint bounded, exact  # exact: the bounds are these numbers of C
    cdef long long low, high
    cdef double low_real, high_real
    cdef Py_ssize_t shortest, longest
    cdef object choices
    cdef Node item
    cdef Plan plan

    def __init__(self, field, coercions):
        self.kind = KINDS[field.kind]
        self.optional = field.optional
        self.row = dict(coercions.get(field.kind, {}))
        self.strict = self.row == STRICT.get(field.kind, {})
        self.least, self.most = field.least, field.most
        self.bounded = field.least is not None or field.most is not None
        self.exact = self.in_c(-(2**63), 2**63 - 1) if self.kind == WHOLE else self.in_doubles()
        self.shortest = field.shortest or 0
        self.longest = (<size_t>-1 >> 1) if field.longest is None else field.longest
        self.choices = frozenset(field.choices)
        self.item = None if field.item is None else Node(field.item, coercions)
        self.plan = None if field.model is None else field.model.__plan__

    cdef bint in_c(self, lowest, highest):
        """Keep the bounds as whole numbers of C, if they are."""
        low = lowest if self.least is None else self.least
        high = highest if self.most is None else self.most
        if type(low) is not int or type(high) is not int or not lowest <= low <= highest or not lowest <= high <= highest:
            return False
        self.low, self.high = low, high
        return True

    cdef bint in_doubles(self):
        """Keep the bounds as doubles, if they are."""
        low = -math.inf if self.least is None else self.least
        high = math.inf if self.most is None else self.most
        if low != float(low) or high != float(high):
            return False
        self.low_real, self.high_real = low, high
        return True


cdef struct Step:
    PyObject *name
    PyObject *node
    PyObject *absent  # the default, or NULL; kept alive by the plan, as are the other two
    Py_ssize_t offset


cdef class Plan:
    """What a model's objects are made of: names, nodes, defaults, and where in an object the values go."""

    cdef object model
    cdef list kept
    cdef Step *steps
    cdef Py_ssize_t size

    def __cinit__(self, model, fields, coercions):
        self.model = model
        self.size = len(fields)
        self.steps = <Step *>calloc(max(1, self.size), sizeof(Step))
        if self.steps == NULL:
            raise MemoryError
        self.kept = [(name, Node(field, coercions), field.default) for name, field in fields.items()]
        for place, (name, node, default) in enumerate(self.kept):
            self.steps[place].name = <PyObject *>name
            self.steps[place].node = <PyObject *>node
            self.steps[place].absent = NULL if default is UNSET else <PyObject *>default
            self.steps[place].offset = mv_offset(getattr(model, name))
            if self.steps[place].offset < 0:
                raise TypeError(f"{name} of {model.__name__} is no slot")

    def __dealloc__(self):
        free(self.steps)


# ---------------------------------------------------------------------- objects


cdef object made_of(Plan plan, object payload, list faults):
    """Make an object, or return REFUSED after its faults have been added to the list.

    Payloads mostly have their keys in the order of the fields: the next key is compared first, and only another one is
    looked up.
    """
    cdef Py_ssize_t place, before, position = 0
    cdef PyObject *key = NULL
    cdef PyObject *following = NULL
    cdef PyObject *found
    cdef Step *step
    cdef bint more, good = True
    if not PyDict_CheckExact(payload):
        return refused("type", faults)
    made = PyType_GenericAlloc(<PyTypeObject *>plan.model, 0)
    cdef char *start = <char *><PyObject *>made
    more = PyDict_Next(payload, &position, &key, &following)
    for place in range(plan.size):
        step = &plan.steps[place]
        if more and mv_same(key, step.name):
            found = following
            more = PyDict_Next(payload, &position, &key, &following)
        else:
            found = PyDict_GetItemWithError(payload, <object>step.name)
        if found != NULL:
            before = PyList_GET_SIZE(faults)
            value = checked(<Node>step.node, <object>found, faults)
            if value is REFUSED:
                put_before(<object>step.name, faults, before)
        elif step.absent != NULL:
            value = <object>step.absent
            if PyList_CheckExact(value):
                value = (<list>value)[:]
        else:
            faults.append(((<object>step.name,), "missing"))
            value = REFUSED
        if value is REFUSED:
            good = False
            continue
        Py_INCREF(value)
        (<PyObject **>(start + step.offset))[0] = <PyObject *>value
    return made if good else REFUSED


cdef object refused(str kind, list faults):
    """Add a fault of the value at hand; those above put the path before it."""
    faults.append(((), kind))
    return REFUSED


cdef int put_before(object name, list faults, Py_ssize_t first) except -1:
    """Put a name or a place before the paths of the last faults."""
    cdef Py_ssize_t number
    for number in range(first, PyList_GET_SIZE(faults)):
        path, kind = faults[number]
        faults[number] = ((name, *path), kind)
    return 0


# ---------------------------------------------------------------------- values


cdef object checked(Node node, object value, list faults):
    """Return what is kept of a value, or REFUSED."""
    if value is None and node.optional:
        return None
    if node.kind == OBJECT:
        return made_of(node.plan, value, faults)
    if node.kind == ITEMS:
        return items(node.item, value, faults)
    if node.kind == CHOICE:
        return value if PyUnicode_CheckExact(value) and value in node.choices else refused("choice", faults)
    value = strictly(node, value, faults) if node.strict else by_table(node, value, faults)
    if value is REFUSED:
        return value
    if node.kind == TEXT:
        return of_length(node, value, faults)
    return bounded(node, value, faults) if node.bounded else value


cdef inline object strictly(Node node, object value, list faults):
    """Convert by the strict table."""
    if node.kind == TEXT:
        return value if PyUnicode_CheckExact(value) else refused("type", faults)
    if node.kind == WHOLE:
        return value if PyLong_CheckExact(value) else refused("type", faults)
    if node.kind == REAL and PyFloat_CheckExact(value):
        return value
    if node.kind == FLAG:
        return value if value is True or value is False else refused("type", faults)
    if node.kind == DAY and PyUnicode_CheckExact(value):
        return day_of(value, faults)
    return by_table(node, value, faults)


cdef object by_table(Node node, object value, list faults):
    """Convert by any table."""
    convert = node.row.get(type(value), UNSET)
    if convert is UNSET:
        return refused("type", faults)
    if convert is None:
        return value
    try:
        return convert(value)
    except (ValueError, OverflowError):
        return refused("malformed", faults)


cdef object day_of(object value, list faults):
    """Read a date that is written YYYY-MM-DD."""
    cdef int year, month, day
    if not mv_day(value, &year, &month, &day):
        return refused("malformed", faults)
    try:
        return date_new(year, month, day)
    except ValueError:  # the thirtieth of February
        return refused("malformed", faults)


cdef object bounded(Node node, object value, list faults):
    """Compare a number with its bounds; NaN is within none."""
    cdef int overflow = 0
    cdef long long whole
    cdef double real
    if node.exact and node.kind == WHOLE and PyLong_CheckExact(value):
        whole = PyLong_AsLongLongAndOverflow(value, &overflow)
        if overflow == 0:
            if whole < node.low:
                return refused("small", faults)
            return value if whole <= node.high else refused("large", faults)
    elif node.exact and node.kind == REAL and PyFloat_CheckExact(value):
        real = PyFloat_AS_DOUBLE(value)
        if real >= node.low_real and real <= node.high_real:
            return value
    if node.least is not None and not value >= node.least:
        return refused("small", faults)
    if node.most is not None and not value <= node.most:
        return refused("large", faults)
    return value


cdef inline object of_length(Node node, object value, list faults):
    """Compare a string's length with its bounds."""
    cdef Py_ssize_t length = PyUnicode_GET_LENGTH(value) if PyUnicode_CheckExact(value) else len(value)
    if length < node.shortest:
        return refused("short", faults)
    return value if length <= node.longest else refused("long", faults)


cdef object items(Node item, object values, list faults):
    """Check the items of a list into a new one; all that are wrong are named."""
    cdef Py_ssize_t place, before
    cdef Py_ssize_t first = PyList_GET_SIZE(faults)
    cdef list made = []
    if not PyList_CheckExact(values):
        return refused("type", faults)
    for place in range(PyList_GET_SIZE(values)):
        before = PyList_GET_SIZE(faults)
        value = checked(item, <object>PyList_GET_ITEM(values, place), faults)
        if value is REFUSED:
            put_before(place, faults, before)
        else:
            made.append(value)
    return made if PyList_GET_SIZE(faults) == first else REFUSED


# ---------------------------------------------------------------------- the framework


class ModelType(type):
    """Makes a plan when a class is made; its objects have slots."""

    def __new__(cls, name, bases, namespace, *, coercions=None):
        """Make the class; ``coercions=`` chooses another table than that of the base."""
        fields = take_fields(namespace, bases)
        table = table_of(bases, coercions)
        known = getattr(bases[0], "__fields__", {}) if bases else {}
        namespace["__slots__"] = tuple([key for key in fields if key not in known])
        model = type.__new__(cls, name, bases, {**namespace, "__fields__": fields, "__coercions__": table})
        model.__plan__ = Plan(model, fields, table)
        return model


class Model(metaclass=ModelType):
    """An object made of a payload; assigning to a field checks it, too."""

    def __new__(cls, payload):
        """Make the object, or say all that is wrong with the payload."""
        faults = []
        made = made_of(cls.__plan__, payload, faults)
        if made is REFUSED:
            raise ValidationError(faults)
        return made

    def __setattr__(self, name, value):
        field = self.__fields__.get(name)
        object.__setattr__(self, name, value if field is None else assigned(field, self.__coercions__, value))


def assigned(field, coercions, value):
    """Return what is kept of a value that somebody assigns, or raise ValidationError."""
    faults = []
    made = checked(Node(field, coercions), value, faults)
    if made is REFUSED:
        raise ValidationError(faults)
    return made


MODELS = Kept(lambda shape: define(Model, shape))


def validate(shape, list payloads not None):
    """Return the objects made, and the faults of each payload that is refused, by its number."""
    cdef Plan plan = MODELS.of(shape).__plan__
    cdef Py_ssize_t number
    cdef list accepted = [], refused = [], faults = []
    for number in range(PyList_GET_SIZE(payloads)):
        made = made_of(plan, <object>PyList_GET_ITEM(payloads, number), faults)
        if made is REFUSED:
            refused.append((number, faults))
            faults = []
        else:
            accepted.append(made)
    return accepted, refused
