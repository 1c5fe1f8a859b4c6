"""Asks callgrind, under which this process runs, to count from here to there; does nothing elsewhere."""

cdef extern from *:
    """
    #if defined(__has_include)
    #  if __has_include(<valgrind/callgrind.h>)
    #    include <valgrind/callgrind.h>
    #    define PERFLAB_CAN_COUNT 1
    #  endif
    #endif
    #ifndef PERFLAB_CAN_COUNT
    #  define PERFLAB_CAN_COUNT 0
    #  define CALLGRIND_START_INSTRUMENTATION
    #  define CALLGRIND_STOP_INSTRUMENTATION
    #  define CALLGRIND_ZERO_STATS
    #  define CALLGRIND_DUMP_STATS
    #  define RUNNING_ON_VALGRIND 0
    #endif
    static int perflab_can_count(void) { return PERFLAB_CAN_COUNT; }
    static int perflab_under_valgrind(void) { return (int)RUNNING_ON_VALGRIND; }
    static void perflab_start(void) { CALLGRIND_ZERO_STATS; CALLGRIND_START_INSTRUMENTATION; }
    static void perflab_stop(void) { CALLGRIND_STOP_INSTRUMENTATION; CALLGRIND_DUMP_STATS; }
    """
    int perflab_can_count()
    int perflab_under_valgrind()
    void perflab_start()
    void perflab_stop()


def can_count() -> bool:
    """Whether this was compiled with valgrind's headers."""
    return bool(perflab_can_count())


def counting() -> bool:
    """Whether this process runs under valgrind now."""
    return bool(perflab_under_valgrind())


def start() -> None:
    """Begin to count, from nought."""
    perflab_start()


def stop() -> None:
    """Stop counting, and write the counts down."""
    perflab_stop()
