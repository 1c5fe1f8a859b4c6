# distutils: language = c
"""A sliding log as a ring of C integers for every tenant, found through a small hash table."""

from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport calloc, free, realloc


cdef struct Tenant:
    int64_t number
    int64_t *ring
    long capacity
    long used
    long place
    bint known


cdef struct Tenants:
    Tenant *slots
    uint64_t size
    uint64_t used


def decide(long limit, int64_t window_ns, list times, list tenants):
    """Replay requests in the order of time: which are admitted?"""
    cdef Py_ssize_t i, n = len(times)
    cdef Tenants table
    cdef int64_t now
    cdef int verdict
    if len(tenants) != n:
        raise ValueError("times and tenants must be of one length")
    table.size = 64
    table.used = 0
    table.slots = <Tenant *> calloc(table.size, sizeof(Tenant))
    if table.slots == NULL:
        raise MemoryError
    cdef list decisions = [False] * n
    try:
        for i in range(n):
            now = times[i]
            verdict = admit(&table, tenants[i], now, limit, window_ns)
            if verdict < 0:
                raise MemoryError
            if verdict:
                decisions[i] = True
    finally:
        for i in range(<Py_ssize_t> table.size):
            free(table.slots[i].ring)
        free(table.slots)
    return decisions


cdef int admit(Tenants *table, int64_t number, int64_t now, long limit, int64_t window_ns) noexcept nogil:
    """Return 1 (admitted), 0 (refused) or -1 (out of memory)."""
    cdef Tenant *tenant = find(table, number)
    if tenant == NULL:
        return -1
    if tenant.used < limit:
        if tenant.used == tenant.capacity and not grow(tenant, limit):
            return -1
        tenant.ring[tenant.used] = now
        tenant.used += 1
        return 1
    if tenant.ring[tenant.place] > now - window_ns:
        return 0
    tenant.ring[tenant.place] = now
    tenant.place += 1
    if tenant.place == limit:
        tenant.place = 0
    return 1


cdef bint grow(Tenant *tenant, long limit) noexcept nogil:
    """Double a ring that has not wrapped yet, up to the limit: idle tenants cost little."""
    cdef long capacity = min(max(8, 2 * tenant.capacity), limit)
    cdef int64_t *ring = <int64_t *> realloc(tenant.ring, capacity * sizeof(int64_t))
    if ring == NULL:
        return False
    tenant.ring = ring
    tenant.capacity = capacity
    return True


cdef Tenant *find(Tenants *table, int64_t number) noexcept nogil:
    """Return the tenant's slot, a fresh one if need be; NULL: out of memory."""
    if 2 * table.used >= table.size and not rehash(table):
        return NULL
    cdef Tenant *tenant = slot_of(table.slots, table.size, number)
    if not tenant.known:
        tenant.known = True
        tenant.number = number
        table.used += 1
    return tenant


cdef Tenant *slot_of(Tenant *slots, uint64_t size, int64_t number) noexcept nogil:
    cdef uint64_t slot = (<uint64_t> number * <uint64_t> 0x9E3779B97F4A7C15) >> 20 & (size - 1)
    while slots[slot].known and slots[slot].number != number:
        slot = (slot + 1) & (size - 1)
    return &slots[slot]


cdef bint rehash(Tenants *table) noexcept nogil:
    cdef uint64_t size = 4 * table.size, i
    cdef Tenant *slots = <Tenant *> calloc(size, sizeof(Tenant))
    if slots == NULL:
        return False
    for i in range(table.size):
        if table.slots[i].known:
            slot_of(slots, size, table.slots[i].number)[0] = table.slots[i]
    free(table.slots)
    table.slots = slots
    table.size = size
    return True
