# distutils: language = c
"""What this machine can do at all, one compiled loop for each limit.

Every kernel does what it is asked so many times over and returns the nanoseconds that took, by the monotonic clock.
Kernels over memory go on where their last slice ended, so that a slice of a millisecond sees a part of a large working
set, and no part of it soon again.  The lock of the interpreter is let go wherever no object is touched.
"""

from cpython.list cimport PyList_GET_ITEM, PyList_New, PyList_SET_ITEM
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint64_t, uintptr_t
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

cdef extern from "arithmetic.h" nogil:
    enum:
        CHAINS
        ADDING
        MOST_LANES
        N_ARITHMETICS
    ctypedef struct Arithmetic:
        const char *name
        int lanes
        int fused
        void (*fuse)(long, double, double, double *) noexcept nogil
        void (*mix)(long, double, double, double *) noexcept nogil
        void (*words)(long, uint64_t, uint64_t, uint64_t *) noexcept nogil
    const Arithmetic ARITHMETICS[]
    int knows(const char *name)

cdef extern from "bandwidth.h" nogil:
    enum:
        N_READERS
        N_COPIERS
    ctypedef struct Reader:
        const char *name
        const char *needs
        uint64_t (*read)(const char *, size_t) noexcept nogil
    ctypedef struct Copier:
        const char *name
        const char *needs
        void (*copy)(char *, const char *, size_t) noexcept nogil
    const Reader READERS[]
    const Copier COPIERS[]
    void **chase(void **at, long steps)
    void link_cycle(char *start, size_t n, size_t apart, uint64_t seed)
    char *take_memory(size_t size)
    void give_memory(char *taken, size_t size)

cdef extern from *:
    """
    #include <unistd.h>
    #if defined(__linux__)
    #  include <sys/syscall.h>
    #  define PERFLAB_SYSTEM_CALL() syscall(SYS_getppid)
    #else
    #  define PERFLAB_SYSTEM_CALL() getppid()
    #endif
    __attribute__((noinline)) static long perflab_nothing(long number) { __asm__ volatile("" : "+r"(number)); return number; }
    static long (*volatile perflab_call)(long) = perflab_nothing; /* volatile: whom it calls is not known before it calls */
    """
    long PERFLAB_SYSTEM_CALL() nogil
    long perflab_call(long number) nogil

cdef enum:
    LARGE_PAGE = 2 << 20
    CACHE_LINE = 64
    STEP = 4096

cdef volatile uint64_t seen = 0  # what was computed goes here: somebody might look


cdef inline int64_t now() noexcept nogil:
    cdef timespec at
    clock_gettime(CLOCK_MONOTONIC, &at)
    return at.tv_sec * 1000000000 + at.tv_nsec


# ---------------------------------------------------------------------- arithmetic


def arithmetics() -> tuple:
    """Names of the vector instructions this processor has for arithmetic, widest first."""
    return tuple(ARITHMETICS[i].name.decode() for i in range(N_ARITHMETICS) if knows(ARITHMETICS[i].name))


cdef const Arithmetic *arithmetic(str name) except NULL:
    for i in range(N_ARITHMETICS):
        if ARITHMETICS[i].name.decode() == name and knows(ARITHMETICS[i].name):
            return &ARITHMETICS[i]
    raise ValueError(f"this processor has no {name!r}; it has {', '.join(arithmetics())}")


def lanes(str name) -> int:
    """How many numbers one turn works on: the vectors' lanes times the independent chains."""
    return arithmetic(name).lanes * CHAINS


def fused(str name) -> "bool | None":
    """Whether a multiply-add rounds once (True) or twice (False); None: the compiler chose."""
    cdef int said = arithmetic(name).fused
    return None if said < 0 else bool(said)


def multiply_add(str name, long turns, double factor=0.999999, double term=1e-6, list start=None) -> int:
    """Time ``turns`` of x * factor + term in every lane; ``start`` (one number a lane) is replaced by where the lanes end."""
    return _floats(name, turns, factor, term, start, False)


def mixed(str name, long turns, double factor=0.999999, double term=1e-6, list start=None) -> int:
    """Time the same, but the last six of the fourteen chains only add: some processors do that beside their multiply-adds."""
    return _floats(name, turns, factor, term, start, True)


cdef int64_t _floats(str name, long turns, double factor, double term, list start, bint mix) except -1:
    cdef const Arithmetic *one = arithmetic(name)
    cdef double[MOST_LANES] numbers
    cdef int i, n = one.lanes * CHAINS
    cdef int64_t took
    for i in range(n):
        numbers[i] = <double> i if start is None else <double> start[i]
    with nogil:
        took = now()
        if mix:
            one.mix(turns, factor, term, numbers)
        else:
            one.fuse(turns, factor, term, numbers)
        took = now() - took
    _look_at(<uint64_t *> numbers, n)
    if start is not None:
        start[:] = [numbers[i] for i in range(n)]
    return took


def word_operations(str name, long turns, uint64_t term=0x9E3779B97F4A7C15, uint64_t mask=0x5555, list start=None) -> int:
    """Time ``turns`` of (x + term) ^ mask in every lane: two 64-bit operations each."""
    cdef const Arithmetic *one = arithmetic(name)
    cdef uint64_t[MOST_LANES] numbers
    cdef int i, n = one.lanes * CHAINS
    cdef int64_t took
    for i in range(n):
        numbers[i] = <uint64_t> i if start is None else <uint64_t> start[i]
    with nogil:
        took = now()
        one.words(turns, term, mask, numbers)
        took = now() - took
    _look_at(numbers, n)
    if start is not None:
        start[:] = [numbers[i] for i in range(n)]
    return took


cdef void _look_at(const uint64_t *numbers, int n) noexcept nogil:
    global seen
    for i in range(n):
        seen ^= numbers[i]


# ---------------------------------------------------------------------- memory


def readers() -> tuple:
    """Names of the ways to read that this processor knows."""
    return tuple(READERS[i].name.decode() for i in range(N_READERS) if knows(READERS[i].needs))


def copiers() -> tuple:
    """Names of the ways to copy that this processor knows."""
    return tuple(COPIERS[i].name.decode() for i in range(N_COPIERS) if knows(COPIERS[i].needs))


cdef class Memory:
    """So many bytes of our own: aligned, on large pages where there are any, and no burden on a fork.

    Raises:
        ValueError: the size is no positive multiple of 4096.
        MemoryError: there is not so much.
    """

    cdef char *taken
    cdef char *start
    cdef readonly size_t size
    cdef size_t place

    def __cinit__(self, size_t size, *_, **__):
        if size < STEP or size % STEP:
            raise ValueError(f"a working set is a positive multiple of {STEP} bytes, not {size}")
        self.taken = take_memory(size + LARGE_PAGE)
        if self.taken == NULL:
            raise MemoryError(f"no {size} bytes for a working set")
        self.start = <char *> ((<uintptr_t> self.taken + LARGE_PAGE - 1) & ~(<uintptr_t> LARGE_PAGE - 1))
        self.size = size
        self.place = 0

    def __dealloc__(self):
        if self.taken != NULL:
            give_memory(self.taken, self.size + LARGE_PAGE)


cdef class Ground(Memory):
    """A working set to read and to copy in: its second half is where copies of the first half go.

    ``chunk`` bytes are worked on at a time; the next time it is the next chunk's turn.
    """

    cdef readonly size_t chunk
    cdef readonly uint64_t last_read

    def __init__(self, size_t size, size_t chunk=0):
        self.chunk = min(size // 2, chunk or size)
        if self.chunk == 0 or self.chunk % (STEP // 2) or (size // 2) % self.chunk:
            raise ValueError(f"chunks of {self.chunk} bytes do not fit into the halves of {size}")
        cdef uint64_t *words = <uint64_t *> self.start
        for i in range(size // sizeof(uint64_t)):
            words[i] = <uint64_t> i * <uint64_t> 0x9E3779B97F4A7C15

    def read(self, str way, long passes) -> int:
        """Time ``passes`` over one chunk after another of the whole set; ``last_read`` is the exclusive or of the last one's words."""
        cdef const Reader *one = NULL
        cdef int64_t took
        for i in range(N_READERS):
            if READERS[i].name.decode() == way and knows(READERS[i].needs):
                one = &READERS[i]
        if one == NULL:
            raise ValueError(f"this processor cannot read by {way!r}; it can by {', '.join(readers())}")
        with nogil:
            took = now()
            for _ in range(passes):
                self.last_read = one.read(self.start + self.place, self.chunk)
                self.place = self.place + self.chunk if self.place + 2 * self.chunk <= self.size else 0
            took = now() - took
        return took

    def copy(self, str way, long passes) -> int:
        """Time ``passes`` of copying one chunk after another of the first half to the second."""
        cdef const Copier *one = NULL
        cdef int64_t took
        cdef size_t half = self.size // 2
        for i in range(N_COPIERS):
            if COPIERS[i].name.decode() == way and knows(COPIERS[i].needs):
                one = &COPIERS[i]
        if one == NULL:
            raise ValueError(f"this processor cannot copy by {way!r}; it can by {', '.join(copiers())}")
        with nogil:
            took = now()
            for _ in range(passes):
                if self.place + self.chunk > half:
                    self.place = 0
                one.copy(self.start + half + self.place, self.start + self.place, self.chunk)
                self.place += self.chunk
            took = now() - took
        return took

    def halves(self) -> tuple:
        """Both halves, for a test: what was copied, and what it became."""
        cdef size_t half = self.size // 2
        return self.start[:half], (self.start + half)[:half]

    def clear_second(self) -> None:
        """Overwrite the second half with zeros."""
        for i in range(self.size // 2):
            self.start[self.size // 2 + i] = 0


cdef class Cycle(Memory):
    """A working set of cache lines, each holding a reference to another, all in one random cycle."""

    cdef void **at

    def __init__(self, size_t size, uint64_t seed=1):
        with nogil:
            link_cycle(self.start, size // CACHE_LINE, CACHE_LINE, seed)
        self.at = <void **> self.start

    def chase(self, long steps) -> int:
        """Time ``steps`` from one line to the line it refers to."""
        cdef int64_t took
        with nogil:
            took = now()
            self.at = chase(self.at, steps)
            took = now() - took
        return took

    @property
    def line(self) -> int:
        """Number of the line the chase has reached."""
        return (<char *> self.at - self.start) // CACHE_LINE


def read_all(const unsigned char[::1] data) -> int:
    """The exclusive or of the words of a buffer whose size is a multiple of 4096, by the widest way: a mapped file, say."""
    cdef const Reader *one = NULL
    cdef uint64_t found
    for i in range(N_READERS):
        if one == NULL and knows(READERS[i].needs):
            one = &READERS[i]
    if data.shape[0] == 0 or data.shape[0] % STEP or <uintptr_t> &data[0] % CACHE_LINE:
        raise ValueError(f"{data.shape[0]} bytes are no whole aligned pages")
    with nogil:
        found = one.read(<const char *> &data[0], data.shape[0])
    return found


# ---------------------------------------------------------------------- calls and objects


def bare_calls(long loops) -> int:
    """Time calls of an empty C function through a pointer."""
    cdef long number = 0
    cdef int64_t took
    with nogil:
        took = now()
        for _ in range(loops):
            number = perflab_call(number)
        took = now() - took
    return took


def system_calls(long loops) -> int:
    """Time the cheapest system call there is, getppid, past any shortcut of the C library."""
    global seen
    cdef int64_t took
    cdef uint64_t parents = 0
    with nogil:
        took = now()
        for _ in range(loops):
            parents += <uint64_t> PERFLAB_SYSTEM_CALL()
        took = now() - took
        seen ^= parents
    return took


def unboxed(list numbers, long passes) -> int:
    """Time taking each 64-bit integer out of a list of Python's."""
    global seen
    cdef int64_t took, total = 0
    cdef Py_ssize_t i, n = len(numbers)
    took = now()
    for _ in range(passes):
        for i in range(n):
            total ^= <int64_t> <object> PyList_GET_ITEM(numbers, i)
    took = now() - took
    seen ^= <uint64_t> total
    return took


def tuples(Py_ssize_t n, long passes) -> int:
    """Time making a list of ``n`` tuples of three, from objects that are there; letting them go is not timed."""
    cdef int64_t started, took = 0
    cdef Py_ssize_t i
    cdef list made
    cdef tuple one
    cdef object part = 1
    for _ in range(passes):
        started = now()
        made = PyList_New(n)
        for i in range(n):
            one = PyTuple_New(3)
            for place in range(3):
                Py_INCREF(part)
                PyTuple_SET_ITEM(one, place, part)
            Py_INCREF(one)
            PyList_SET_ITEM(made, i, one)
        took += now() - started
        one = None
        made = None
    return took
