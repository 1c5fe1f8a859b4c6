"""One variant for each way of fooling a benchmark, as a colleague might write it in good faith."""

MISTAKES = {
    "mutated-input": """
        '''In place.'''
        def smallest(xs):
            xs.sort()
            return list(xs)
    """,
    "lazy-result": """
        '''Lazy.'''
        def smallest(xs):
            return (x for x in sorted(xs))
    """,
    "cached-result": """
        '''Remembers by value.'''
        from functools import lru_cache
        @lru_cache(None)
        def _sorted(xs):
            return sorted(xs)
        def smallest(xs):
            return list(_sorted(tuple(xs)))
    """,
    "drifted": """
        '''Right ten times.'''
        calls = 0
        def smallest(xs):
            global calls
            calls += 1
            answer = sorted(xs)
            if calls > 10:
                answer[0] += 1.0
            return answer
    """,
    "nondeterministic": """
        '''The order of a set of strings.'''
        def smallest(xs):
            return [float(text) for text in set(map(repr, xs))]
    """,
    "replaced-clock": """
        '''A clock that stands still.'''
        import time
        time.perf_counter_ns = lambda: 0
        def smallest(xs):
            return sorted(xs)
    """,
    "left-running": """
        '''Finishes later.'''
        import threading
        def busy():
            for _ in range(20_000_000):
                pass
        def smallest(xs):
            threading.Thread(target=busy, daemon=True).start()
            return sorted(xs)
    """,
    "raised": """
        '''Wants to end the program.'''
        def smallest(xs):
            raise SystemExit(0)
    """,
    "crashed": """
        '''Reads address zero.'''
        import ctypes
        def smallest(xs):
            return ctypes.string_at(0)
    """,
    "timeout": """
        '''Never comes back.'''
        def smallest(xs):
            while True:
                pass
    """,
    "oom": """
        '''Eats all memory.'''
        def smallest(xs):
            kept = []
            while True:
                kept.append(bytearray(50 << 20))
    """,
    "killed": """
        '''Leaves a stubborn grandchild in a session of its own.'''
        import os, signal
        def smallest(xs):
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                        signal.signal(number, signal.SIG_IGN)
                    while True:
                        signal.pause()
                os._exit(0)
            os.wait()
            return sorted(xs)
    """,
    "unavailable": """
        '''Needs what is not there.'''
        import a_library_nobody_has
        def smallest(xs):
            return sorted(xs)
    """,
}
"""Source by the status word it must end with."""

WRONG = {
    "precision": """
        '''Half the digits.'''
        import numpy as np
        def smallest(xs):
            return [float(x) for x in np.sort(np.array(xs, dtype=np.float32))]
    """,
    "value": """
        '''Wrong at one odd size.'''
        def smallest(xs):
            return sorted(xs, reverse=len(xs) == 33)
    """,
    "type": """
        '''A tuple is no list.'''
        def smallest(xs):
            return tuple(sorted(xs))
    """,
    "count": """
        '''Drops the last.'''
        def smallest(xs):
            return sorted(xs)[:-1]
    """,
}
"""Source by the word of the difference; all of them are wrong-answer."""
