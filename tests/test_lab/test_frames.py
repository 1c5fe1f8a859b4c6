"""The result pipe: whole frames or a named error, whatever arrives."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.lab import frames

MESSAGES = st.dictionaries(
    st.text(max_size=8),
    st.none() | st.integers() | st.text(max_size=20) | st.lists(st.integers(), max_size=5),
    max_size=5,
)


@given(st.lists(MESSAGES, max_size=4), st.integers(1, 40))
def test_frames_survive_any_cutting(messages: list[frames.Message], step: int) -> None:
    """However the bytes arrive, the messages come out as they went in."""
    data, buffer, found = b"".join(map(frames.encode, messages)), b"", []
    for start in range(0, len(data), step):
        buffer += data[start : start + step]
        while True:
            message, buffer = frames.split(buffer)
            if message is None:
                break
            found.append(message)

    assert found == messages
    assert buffer == b""


@given(st.binary(min_size=frames.HEADER.size, max_size=60))
def test_noise_is_a_named_error_or_an_unfinished_frame(noise: bytes) -> None:
    """Noise never becomes a message by accident, and never another exception."""
    try:
        message, rest = frames.split(noise)
    except frames.BadFrame:
        return

    assert message is None
    assert rest == noise


def test_write_and_read_through_a_pipe() -> None:
    """What is written is what is read; the end of the pipe is None."""
    reading, writing = os.pipe()
    frames.write(writing, {"ns": 12})
    os.close(writing)

    assert frames.read(reading) == {"ns": 12}
    assert frames.read(reading) is None


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_no_json_are_refused(value: float) -> None:
    """NaN never gets into a frame."""
    with pytest.raises(ValueError, match="JSON"):
        frames.encode({"value": value})
