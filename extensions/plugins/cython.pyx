"""An order desk in C: lists of names and bound methods for every hook, and one loop over them."""

cimport cython
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE

from cases.plugins.contract import FIRST, HOOKS, Disable, Enable, Report, call_order
from cases.plugins.importer import discover
from cases.plugins.site import activated


@cython.final
cdef class Hook:
    """Who is to be called for one hook, in the order of calls."""

    cdef list names
    cdef list calls
    cdef bint first

    def __cinit__(self, bint first):
        self.names = []
        self.calls = []
        self.first = first

    cdef object deliver(self, event, number, list failures):
        """Call everybody, or up to the first who answers."""
        cdef list said = []
        cdef Py_ssize_t place = 0, n = PyList_GET_SIZE(self.calls)
        while place < n:
            try:  # entered once, and once more after every plugin that raises
                while place < n:
                    value = (<object> PyList_GET_ITEM(self.calls, place))(event)
                    place += 1
                    if value is not None:
                        if self.first:
                            return value
                        said.append(value)
            except Exception as error:
                failures.append((number, self.names[place], type(error).__name__))
                place += 1
        return None if self.first else said

    cdef int remove(self, name) except -1:
        """Take out a plugin, if it is here."""
        cdef Py_ssize_t place
        for place in range(PyList_GET_SIZE(self.names)):
            if self.names[place] == name:
                del self.names[place]
                del self.calls[place]
                return 1
        return 0


@cython.final
cdef class Desk:
    """An order desk: hooks by the class of the event."""

    cdef dict plugins, hooks, routes
    cdef list failures, started
    cdef set on

    def __cinit__(self, dict plugins):
        self.plugins = plugins
        self.started = call_order(plugins)
        self.on = set(plugins)
        self.failures = []
        self.hooks = {key: Hook(key == FIRST) for key in HOOKS.values()}
        self.routes = {kind: self.hooks[key] for kind, key in HOOKS.items()}
        cdef Hook hook
        for key, hook in self.hooks.items():
            for name in self.started:
                method = getattr(plugins[name], key, None)
                if method is not None:
                    hook.names.append(name)
                    hook.calls.append(method)

    cdef object handle(self, number, step):
        """Do one step."""
        kind = type(step)
        cdef Hook hook = self.routes.get(kind)
        if hook is not None:
            return hook.deliver(step, number, self.failures)
        if kind is Disable:
            return self.disable(step.name)
        if kind is Enable:
            return self.enable(step.name)
        self.routes[kind] = next(self.routes[base] for base in kind.__mro__ if base in self.routes)
        return self.handle(number, step)

    cdef bint disable(self, name) except -1:
        """Switch a plugin off."""
        cdef Hook hook
        if name not in self.on:
            return False
        self.on.remove(name)
        for hook in self.hooks.values():
            hook.remove(name)
        return True

    cdef bint enable(self, name) except -1:
        """Switch a plugin on again: it is the newest now, so it is called first."""
        cdef Hook hook
        if name in self.on or name not in self.plugins:
            return False
        self.on.add(name)
        plugin = self.plugins[name]
        for key, hook in self.hooks.items():
            method = getattr(plugin, key, None)
            if method is not None:
                hook.names.insert(0, name)
                hook.calls.insert(0, method)
        return True


def serve(str site, handed, list script):
    """Find the plugins, open the desk, do every step."""
    cdef Desk desk
    cdef Py_ssize_t number
    with activated(site):
        found = discover(site, handed)
        desk = Desk(found.plugins)
        outcomes = [desk.handle(number, script[number]) for number in range(len(script))]
    return Report(desk.started, found.broken, outcomes, desk.failures)
