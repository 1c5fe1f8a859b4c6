# distutils: language = c
"""One pass over the bytes, eight at a time, into a hash table of our own; needs no GIL."""

from libc.stdint cimport int16_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memchr, memcmp, memcpy, memset

from cases.brc.chunks import mapped
from cases.brc.refusal import refuse
from cases.brc.secrets import secrets


cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    #define brc_little(x) __builtin_bswap64(x)
    #else
    #define brc_little(x) (x)
    #endif
    static inline uint64_t brc_load(const uint8_t *p) { uint64_t x; memcpy(&x, p, 8); return brc_little(x); }
    #define brc_trailing_zeros(x) __builtin_ctzll(x)
    """
    uint64_t load "brc_load"(const uint8_t *p) noexcept nogil
    int trailing_zeros "brc_trailing_zeros"(uint64_t x) noexcept nogil


cdef enum:
    LONGEST_NAME = 100
    MARGIN = 128  # the longest row has 107 bytes, and loads of eight may look a little further
    FIRST_SLOTS = 1024
    WORDS = 16  # of eight bytes, as many as the longest name that is read to its end can have


# secrets of this process: one for each half of a word, and one for the length
cdef uint64_t KEYS[2 * WORDS + 1]


cdef int take_secrets() except -1:
    for place, key in enumerate(secrets(2 * WORDS + 1)):
        KEYS[place] = key
    return 0


take_secrets()


cdef struct Station:  # one cache line
    uint64_t first, second  # the first 16 bytes of the name, zeros behind its end
    uint64_t hash
    int64_t length
    int64_t name  # where it begins in Tally.names
    int64_t total
    int64_t number  # 0: the slot is free
    int16_t lowest, highest


cdef inline uint64_t semicolons(uint64_t word) noexcept nogil:
    """Set the highest bit of the bytes that are a semicolon; only the lowest one set is certain.

    Source: the zero-byte test of H. Warren, "Hacker's Delight", chapter 6.
    """
    cdef uint64_t zero = word ^ <uint64_t>0x3B3B3B3B3B3B3B3B
    return (zero - <uint64_t>0x0101010101010101) & ~zero & <uint64_t>0x8080808080808080


cdef inline uint64_t below(uint64_t bits) noexcept nogil:
    """Return a mask of the bytes below the lowest byte whose highest bit is set."""
    return (bits ^ (bits - 1)) >> 8


cdef inline uint64_t half_products(uint64_t word, int place) noexcept nogil:
    """Return what the word of a name at that place adds to its hash, of which the upper half counts.

    Names are chosen by strangers, and who knew the hash could send all of them to one slot.  With these secrets any two names
    are told apart with equal probability, whichever they are (pair-multiply: M. Thorup, "High speed hashing for integers and
    strings", 2015).
    """
    return (KEYS[2 * place] + <uint32_t>word) * (KEYS[2 * place + 1] + (word >> 32))


cdef inline uint64_t mixed(uint64_t first, uint64_t second) noexcept nogil:
    """Return the hash of a name of up to 16 bytes, before its upper half is taken."""
    return half_products(first, 0) + half_products(second, 1)


cdef uint64_t mixed_long(uint64_t first, uint64_t second, const uint8_t *name, int64_t length) noexcept nogil:
    """Return the hash of a longer name: every byte counts, or names alike at both ends would collide whatever the secrets."""
    cdef uint64_t hash = mixed(first, second) + KEYS[2 * WORDS] * <uint64_t>length
    cdef int64_t at = 16
    cdef int place = 2
    while at + 8 < length:
        hash += half_products(load(name + at), place)
        at += 8
        place += 1
    return hash + half_products(load(name + length - 8), place)


cdef class Tally:
    """The stations seen so far and their running figures: an open-addressing table, linear probing, at most a quarter full."""

    cdef void *memory
    cdef Station *slots
    cdef int64_t mask, used
    cdef uint8_t *names
    cdef int64_t names_size, names_room
    cdef unsigned int odd  # other than 0: some row was none

    def __cinit__(self):
        self._make_slots(FIRST_SLOTS)

    def __dealloc__(self):
        free(self.memory)
        free(self.names)

    def add(self, const uint8_t[::1] data, Py_ssize_t begin, Py_ssize_t end):
        """Add the rows of ``data[begin:end]``; other threads run meanwhile.

        Raises:
            ValueError: a row is none: it has no name or one that is longer than 100 bytes, no reading, or anything behind it.  What was
                added of the data is of no use then.
        """
        cdef uint8_t tail[2 * MARGIN]
        cdef const uint8_t *row
        cdef const uint8_t *stop
        if begin >= end:
            return
        with nogil:
            row = &data[begin]
            stop = row + (end - begin)
            if end - begin > MARGIN:
                row = self._scan(row, stop - MARGIN)
            # the last rows are read from a copy: no load of eight bytes may leave the data
            memset(tail, 10, sizeof(tail))
            memcpy(tail, row, stop - row)
            row = self._scan(tail, tail + (stop - row))
        if self.odd:
            refuse(bytes(data[begin:end]))

    def places(self):
        """Return for each station the slot where the search for it begins, and the one where it ends."""
        cdef int64_t slot
        return {
            (<const char *>self.names)[self.slots[slot].name : self.slots[slot].name + self.slots[slot].length]:
                (<int64_t>(self.slots[slot].hash & self.mask), slot)
            for slot in range(self.mask + 1)
            if self.slots[slot].number
        }

    def merge(self, Tally other):
        """Add the figures of another part of the file."""
        cdef Station *theirs
        cdef Station *ours
        cdef int64_t slot
        with nogil:
            for slot in range(other.mask + 1):
                theirs = &other.slots[slot]
                if theirs.number:
                    ours = self._find(theirs.first, theirs.second, theirs.hash, other.names + theirs.name, theirs.length)
                    ours.lowest = min(ours.lowest, theirs.lowest)
                    ours.highest = max(ours.highest, theirs.highest)
                    ours.total += theirs.total
                    ours.number += theirs.number

    def answer(self):
        """Return (lowest, mean, highest, number) by station; the mean is floor(total / number + 1/2)."""
        cdef Station *station
        cdef int64_t slot, dividend, divisor, mean
        figures = {}
        for slot in range(self.mask + 1):
            station = &self.slots[slot]
            if station.number:
                dividend, divisor = 2 * station.total + station.number, 2 * station.number
                mean = dividend // divisor
                mean -= mean * divisor > dividend  # C rounds towards zero
                name = (<const char *>self.names)[station.name : station.name + station.length].decode("utf-8")
                figures[name] = (station.lowest, mean, station.highest, station.number)
        return figures

    cdef const uint8_t *_scan(self, const uint8_t *row, const uint8_t *stop) except NULL nogil:
        """Add the rows that begin before ``stop``; return where the next one begins."""
        cdef uint64_t first, second, in_first, in_second, longer, hash
        cdef int64_t length
        cdef int negative, two, tenths
        cdef unsigned int tens, ones, tenth, odd = 0
        cdef const uint8_t *reading
        cdef Station *station
        while row < stop:
            first, second = load(row), load(row + 8)
            in_first, in_second = semicolons(first), semicolons(second)
            if in_first | in_second:
                # masks instead of jumps: nobody can predict whether the next name has more than eight bytes
                longer = -<uint64_t>(in_first == 0)
                length = (trailing_zeros(in_first | in_second & longer) >> 3) + (8 & longer)
                first &= below(in_first) | longer
                second &= below(in_second) & longer
                hash = mixed(first, second) >> 32
            else:
                length = measure(row)
                if length < 0:
                    with gil:
                        raise ValueError("a row begins with more than 100 bytes that are no semicolon")
                hash = mixed_long(first, second, row, length) >> 32
            # -12.3 or 1.2: a sign or none, one digit before the point or two
            reading = row + length + 1
            negative = reading[0] == 45
            reading += negative
            two = reading[1] != 46
            tens = (<unsigned int>reading[0] - 48) & -two
            reading += two
            ones, tenth = <unsigned int>reading[0] - 48, <unsigned int>reading[2] - 48
            # no jump a row: what is no digit, point or line's end leaves a bit, which is looked at when all rows are read
            odd |= (tens | tens + 6 | ones | ones + 6 | tenth | tenth + 6) & ~<unsigned int>15 | reading[1] ^ 46 | reading[3] ^ 10
            tenths = tens * 100 + ones * 10 + tenth
            tenths = (tenths ^ -negative) + negative
            station = self._find(first, second, hash, row, length)
            station.lowest = tenths if tenths < station.lowest else station.lowest
            station.highest = tenths if tenths > station.highest else station.highest
            station.total += tenths
            station.number += 1
            row = reading + 4
        self.odd |= odd
        return row

    cdef inline Station *_find(self, uint64_t first, uint64_t second, uint64_t hash, const uint8_t *name, int64_t length) except NULL nogil:
        """Return the station of that name, a new one if need be."""
        cdef int64_t slot = hash & self.mask
        cdef Station *station = &self.slots[slot]
        while station.number:
            if not (station.first ^ first | station.second ^ second | station.length ^ length):
                if length <= 16 or memcmp(self.names + station.name + 16, name + 16, length - 16) == 0:
                    return station
            slot = (slot + 1) & self.mask
            station = &self.slots[slot]
        return self._new(first, second, hash, name, length)

    cdef Station *_new(self, uint64_t first, uint64_t second, uint64_t hash, const uint8_t *name, int64_t length) except NULL nogil:
        """Take a free slot for a station that is not there yet, and keep its name."""
        cdef Station *station
        if 4 * (self.used + 1) > self.mask + 1:
            self._grow()
        station = self._free_slot(hash)
        station.first, station.second, station.hash, station.length = first, second, hash, length
        station.name = self._keep(name, length)
        # two rows that a line's end parts and no reading; only new names can have one
        self.odd |= length == 0 or length > LONGEST_NAME or memchr(name, 10, length) != NULL
        station.lowest, station.highest = 32767, -32768
        self.used += 1
        return station

    cdef Station *_free_slot(self, uint64_t hash) noexcept nogil:
        cdef int64_t slot = hash & self.mask
        while self.slots[slot].number:
            slot = (slot + 1) & self.mask
        return &self.slots[slot]

    cdef int64_t _keep(self, const uint8_t *name, int64_t length) except -1 nogil:
        """Copy a name to the end of all names; return where it begins."""
        cdef void *roomier
        cdef int64_t at = self.names_size
        if at + length > self.names_room:
            roomier = realloc(self.names, 2 * (at + length) + 4096)
            if roomier == NULL:
                with gil:
                    raise MemoryError
            self.names, self.names_room = <uint8_t *>roomier, 2 * (at + length) + 4096
        memcpy(self.names + at, name, length)
        self.names_size += length
        return at

    cdef int _make_slots(self, int64_t n) except -1 nogil:
        """Take ``n`` free slots that begin at a cache line."""
        self.memory = calloc(n + 1, sizeof(Station))
        if self.memory == NULL:
            with gil:
                raise MemoryError
        self.slots = <Station *>((<size_t>self.memory + 63) & ~<size_t>63)
        self.mask = n - 1
        return 0

    cdef int _grow(self) except -1 nogil:
        """Move into a table of twice the size."""
        cdef void *old_memory = self.memory
        cdef Station *old = self.slots
        cdef int64_t old_slots = self.mask + 1, slot
        self._make_slots(2 * old_slots)
        for slot in range(old_slots):
            if old[slot].number:
                self._free_slot(old[slot].hash)[0] = old[slot]
        free(old_memory)
        return 0


cdef int64_t measure(const uint8_t *name) noexcept nogil:
    """Return the length of a name of 16 bytes or more; -1: it does not end in time."""
    cdef int64_t length = 16
    cdef uint64_t found = semicolons(load(name + length))
    while not found:
        length += 8
        if length > LONGEST_NAME:
            return -1
        found = semicolons(load(name + length))
    return length + (trailing_zeros(found) >> 3)


def summarise(path):
    """Return (lowest, mean, highest, number) of every station's readings, in tenths; means ties go up.

    Raises:
        ValueError: a row is none.
    """
    with mapped(path) as data:
        tally = Tally()
        tally.add(data, 0, len(data))
        return tally.answer()
