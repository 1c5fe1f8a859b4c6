"""A sliding log as a ring of C integers for every tenant, found through a small hash table of our own."""

cimport cython
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport calloc, free, realloc


cdef struct Tenant:
    int64_t number
    int64_t *ring
    int64_t capacity  # 0: nobody lives in this slot
    int64_t used
    int64_t place  # the oldest admitted time, once the ring is full


@cython.final
cdef class Limiter:
    """A sliding log: at most ``limit`` admitted requests of a tenant in (now - window, now]."""

    cdef readonly int64_t limit, window_ns
    cdef Tenant *slots
    cdef uint64_t size, used
    cdef int shift  # 64 - log2(size)

    def __cinit__(self, int64_t limit, int64_t window_ns):
        if limit < 1 or window_ns < 1:
            raise ValueError(f"limit and window must be at least 1, not {limit} and {window_ns}")
        self.limit = limit
        self.window_ns = window_ns
        self.size = 64
        self.shift = 58
        self.slots = <Tenant *> calloc(self.size, sizeof(Tenant))
        if self.slots == NULL:
            raise MemoryError

    def __dealloc__(self):
        cdef uint64_t slot
        if self.slots != NULL:
            for slot in range(self.size):
                free(self.slots[slot].ring)
            free(self.slots)

    cpdef bint admit(self, int64_t tenant, int64_t now) except -1:
        """Decide one request."""
        cdef Tenant *one = self.find(tenant)
        if one.used < self.limit:
            if one.used == one.capacity:
                self.grow(one, tenant)
                one = self.find(tenant)
            one.ring[one.used] = now
            one.used += 1
            return True
        if one.ring[one.place] > now - self.window_ns:
            return False
        one.ring[one.place] = now
        one.place = one.place + 1 if one.place + 1 < self.limit else 0
        return True

    cdef inline Tenant *find(self, int64_t tenant) noexcept:
        """Return the tenant's slot, or the free one where it belongs."""
        # Fibonacci hashing (Knuth, vol. 3, 6.4): the product's top bits depend on every bit of the number
        cdef uint64_t slot = (<uint64_t> tenant * <uint64_t> 0x9E3779B97F4A7C15) >> self.shift
        while self.slots[slot].capacity and self.slots[slot].number != tenant:
            slot = (slot + 1) & (self.size - 1)
        return &self.slots[slot]

    cdef int grow(self, Tenant *one, int64_t tenant) except -1:
        """Double a ring that is not full yet, so that idle tenants cost little; a newcomer gets its first."""
        cdef int64_t capacity = min(max(8, 2 * one.capacity), self.limit)
        cdef int64_t *ring = <int64_t *> realloc(one.ring, capacity * sizeof(int64_t))
        if ring == NULL:
            raise MemoryError
        one.ring = ring
        one.number = tenant
        if one.capacity == 0:
            self.used += 1
        one.capacity = capacity
        if 2 * self.used > self.size:
            self.rehash()
        return 0

    cdef int rehash(self) except -1:
        """Move everybody to a table four times as large."""
        cdef Tenant *old = self.slots
        cdef uint64_t size = self.size, slot
        self.slots = <Tenant *> calloc(4 * size, sizeof(Tenant))
        if self.slots == NULL:
            self.slots = old
            raise MemoryError
        self.size = 4 * size
        self.shift -= 2
        for slot in range(size):
            if old[slot].capacity:
                self.find(old[slot].number)[0] = old[slot]
        free(old)
        return 0


def decide(int64_t limit, int64_t window_ns, list times, list tenants):
    """Replay requests in the order of time: which are admitted?"""
    cdef Limiter limiter = Limiter(limit, window_ns)
    cdef Py_ssize_t i, n = len(times)
    if len(tenants) != n:
        raise ValueError("times and tenants must be of one length")
    return [limiter.admit(tenants[i], times[i]) for i in range(n)]
