"""Tensors of torch: dtype, shape, device and layout, then the values as numpy's."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from harness.judge.comparison.registry import Part, by_parts, used_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.judge.comparison.walk import Handler


def handler(kind: type) -> Handler | None:
    """Return what compares tensors, and what stands beside them."""
    torch: Any = sys.modules["torch"]
    if issubclass(kind, torch.Tensor):
        return by_parts(_parts)
    if issubclass(kind, torch.Generator):
        return used_up(lambda one: [Part(".get_state()", one.get_state())])
    if kind.__name__ in {"dtype", "device", "layout", "memory_format"}:
        return by_parts(lambda one: [Part("", str(one), "dtype")])
    return None


def _parts(tensor: Any) -> Iterator[Part]:
    yield Part("", str(tensor.dtype), "dtype")
    yield Part("", tuple(tensor.shape), "shape")
    yield Part(".device", str(tensor.device), "value")
    yield Part(".layout", str(tensor.layout), "value")
    yield Part(".requires_grad", tensor.requires_grad, "value")
    torch: Any = sys.modules["torch"]
    plain = tensor.detach().cpu().resolve_conj().resolve_neg()
    if plain.is_quantized:
        yield Part(".int_repr()", plain.int_repr().numpy())
        yield Part(".q", repr(plain.qscheme()) + repr(plain.dequantize().flatten()[:1].tolist()))
        return
    if plain.layout is not torch.strided:
        plain = plain.to_dense()
    yield Part("", _values(plain, torch))


def _values(plain: Any, torch: Any) -> Any:
    """As numpy's; what numpy has no type for (bfloat16) is widened, which changes no value."""
    try:
        return plain.numpy()
    except TypeError:
        return plain.to(torch.float64).numpy()
