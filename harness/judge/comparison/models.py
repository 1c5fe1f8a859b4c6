"""Models, graphs and labelled arrays of well-known libraries: by what they hold, not by how they keep it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from harness.judge.comparison.registry import Part, by_parts

if TYPE_CHECKING:
    from harness.judge.comparison.walk import Handler


def handler(kind: type) -> Handler | None:
    """Return what compares a type of these libraries; None: another type of theirs."""
    for owner in kind.__mro__:
        parts = _KNOWN.get((owner.__module__.partition(".")[0], owner.__name__))
        if parts is not None and owner.__module__.partition(".")[0] in sys.modules:
            return by_parts(parts)
    return None


def _pydantic(model: Any) -> Iterator[Part]:
    """Fields, extra fields and private ones; which of them were set by hand is not compared, as pydantic has it."""
    for name, one in vars(model).items():
        yield Part(f".{name}", one)
    yield Part(".__pydantic_extra__", model.__pydantic_extra__)
    yield Part(".__pydantic_private__", model.__pydantic_private__)


def _graph(graph: Any) -> Iterator[Part]:
    yield Part(".graph", graph.graph)
    yield Part(".nodes", dict(graph._node))
    yield Part(".adj", {node: dict(beside) for node, beside in graph._adj.items()})


def _rustworkx(graph: Any) -> Iterator[Part]:
    yield Part(".nodes()", [(index, graph[index]) for index in graph.node_indices()])
    yield Part(".edges()", [(index, *edge) for index, edge in graph.edge_index_map().items()])
    yield Part(".attrs", graph.attrs)


def _data_array(array: Any) -> Iterator[Part]:
    yield Part(".name", array.name)
    yield from _variable(array.variable)
    yield Part(".coords", {name: one.variable for name, one in array.coords.items()})


def _dataset(dataset: Any) -> Iterator[Part]:
    yield Part(".attrs", dict(dataset.attrs))
    yield Part("", dict(dataset.variables))
    yield Part(".coords", sorted(map(str, dataset.coords)))


def _variable(variable: Any) -> Iterator[Part]:
    yield Part(".dims", tuple(variable.dims))
    yield Part(".attrs", dict(variable.attrs))
    yield Part("", variable.values)


def _quantity(quantity: Any) -> Iterator[Part]:
    yield Part(".units", str(quantity.units), "unit")
    yield Part(".magnitude", quantity.magnitude)


_KNOWN: dict[tuple[str, str], Callable[[Any], Iterable[Part]]] = {
    ("pydantic", "BaseModel"): _pydantic,
    ("networkx", "Graph"): _graph,
    ("rustworkx", "PyGraph"): _rustworkx,
    ("rustworkx", "PyDiGraph"): _rustworkx,
    ("xarray", "DataArray"): _data_array,
    ("xarray", "Dataset"): _dataset,
    ("xarray", "Variable"): _variable,
    ("pint", "PlainQuantity"): _quantity,
    ("numba", "List"): lambda one: [Part("", list(one))],
    ("numba", "Dict"): lambda one: [Part("", dict(one))],
    ("sortedcontainers", "SortedDict"): lambda one: [Part("", dict(one))],
    ("sortedcontainers", "SortedList"): lambda one: [Part("", list(one))],
    ("sortedcontainers", "SortedSet"): lambda one: [Part("", list(one))],
}
