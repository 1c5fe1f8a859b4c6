"""A sliding log as a ring of C integers for every tenant, found through a small hash table of our own."""

cimport cython
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc

from cases.ratelimit.contract import LARGEST, agreed, too_large

# secret and new in every process, but for those that ask for the same by PYTHONHASHSEED, as with Python's own tables
cdef uint64_t FIRST = <uint64_t> <int64_t> hash(b"perflab ratelimit 1")
cdef uint64_t SECOND = <uint64_t> <int64_t> hash(b"perflab ratelimit 2")


cdef struct Tenant:
    int64_t number
    int64_t *ring
    int64_t capacity  # 0: nobody lives in this slot
    int64_t used
    int64_t place  # the oldest admitted time, once the ring is full


@cython.final
cdef class Limiter:
    """A sliding log: at most ``limit`` admitted requests of a tenant in (now - window, now]."""

    cdef readonly object limit, window_ns
    cdef int64_t most
    cdef uint64_t window
    cdef Tenant *slots
    cdef uint64_t size, used
    cdef int shift  # 64 - log2(size)

    def __cinit__(self, limit, window_ns):
        agreed(limit, window_ns)
        self.limit, self.window_ns = limit, window_ns
        # more requests than 64 bits can count are never admitted, and no two times lie further apart
        self.most = min(limit, LARGEST)
        self.window = min(window_ns, 2 * LARGEST + 1)
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
        cdef int64_t oldest
        if one.used < self.most:
            if one.used == one.capacity:
                self.grow(one, tenant)
                one = self.find(tenant)
            one.ring[one.used] = now
            one.used += 1
            return True
        oldest = one.ring[one.place]
        # unsigned, a difference of any two times fits; `now - window` would not
        if oldest > now or <uint64_t> now - <uint64_t> oldest < self.window:
            return False
        one.ring[one.place] = now
        one.place = one.place + 1 if one.place + 1 < self.most else 0
        return True

    cdef inline uint64_t home(self, int64_t tenant) noexcept:
        """Return the slot where the search for a tenant begins.

        Tenants are numbers that strangers choose, and who knew the hash could send all of them to one slot.  So two
        secrets of this process go into it: the product tells any two tenants apart with equal probability, whichever they are
        (pair-multiply: M. Thorup, "High speed hashing for integers and strings", 2015), and what follows spreads runs
        of neighbours.
        """
        cdef uint64_t mixed = (FIRST + <uint32_t> tenant) * (SECOND + (<uint64_t> tenant >> 32))
        mixed ^= mixed >> 32
        return (mixed * <uint64_t> 0x9E3779B97F4A7C15) >> self.shift

    def places(self):
        """Return for each tenant the slot where the search for it begins, and the one where it ends."""
        cdef uint64_t slot
        return {
            self.slots[slot].number: (self.home(self.slots[slot].number), slot)
            for slot in range(self.size)
            if self.slots[slot].capacity
        }

    cdef inline Tenant *find(self, int64_t tenant) noexcept:
        """Return the tenant's slot, or the free one where it belongs."""
        cdef uint64_t slot = self.home(tenant)
        while self.slots[slot].capacity and self.slots[slot].number != tenant:
            slot = (slot + 1) & (self.size - 1)
        return &self.slots[slot]

    cdef int grow(self, Tenant *one, int64_t tenant) except -1:
        """Double a ring that is not full yet, so that idle tenants cost little; a newcomer gets its first."""
        cdef int64_t capacity = min(max(8, 2 * one.capacity), self.most)
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


def decide(limit, window_ns, times, tenants):
    """Replay requests in the order of time: which are admitted?

    Raises:
        ValueError: the limit or the window is less than 1, or there is not a tenant for each time.
        OverflowError: a time or a tenant has more than 64 bits.
    """
    cdef Limiter limiter = Limiter(limit, window_ns)
    cdef list at = <list> times if type(times) is list else list(times)
    cdef list who = <list> tenants if type(tenants) is list else list(tenants)
    cdef Py_ssize_t i, n = len(at)
    if len(who) != n:
        raise ValueError(f"{n} times and {len(who)} tenants; there must be a tenant for each")
    try:
        return [limiter.admit(who[i], at[i]) for i in range(n)]
    except OverflowError:
        raise too_large(at, who) from None
