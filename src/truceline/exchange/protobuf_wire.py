"""The wire format of protocol buffers, in the few parts needed: fields in, fields out, nothing trusted.

Our own reader and writer, and not the library: two message types with a handful of fields need none of it,
the core install keeps working without it, generated code is tied to versions of the library that other tools
in the same place may not share, and a reader of bytes from strangers is best short enough to be read at once.
Follows the public description of the encoding (protobuf.dev, "Encoding"): varint, 64 bit, 32 bit, and
length-delimited fields; groups, long abandoned, are refused.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

MAX_VARINT_BYTES = 10
"""A varint holds 64 bits in groups of seven."""
MAX_FIELDS = 1000
"""Most fields read of one message."""

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5

_U64 = (1 << 64) - 1


class WireError(ValueError):
    """Bytes that are no message."""


def read_fields(data: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """Yield number, wire type and value of each field: a whole number for VARINT, else its bytes.

    Raises WireError for bytes that end amid a field, groups, and too many fields.
    """
    at = 0
    for _ in range(MAX_FIELDS):
        if at >= len(data):
            return
        tag, at = read_varint(data, at)
        number, wire = tag >> 3, tag & 7
        if not 0 < number < 1 << 29:
            raise WireError("a field has no number")
        if wire == VARINT:
            value, at = read_varint(data, at)
            yield number, wire, value
            continue
        if wire == BYTES:
            length, at = read_varint(data, at)
        elif wire in (FIXED64, FIXED32):
            length = 8 if wire == FIXED64 else 4
        else:
            raise WireError(f"a field is of wire type {wire}")
        if length > len(data) - at:
            raise WireError("it ends amid a field")
        yield number, wire, data[at : at + length]
        at += length
    if at < len(data):
        raise WireError(f"it has more than {MAX_FIELDS:,} fields")


def read_varint(data: bytes, at: int = 0) -> tuple[int, int]:
    """Return the whole number at `at`, and where the next byte is; WireError where it has no end."""
    value = 0
    for n in range(MAX_VARINT_BYTES):
        if at + n >= len(data):
            raise WireError("it ends amid a number")
        byte = data[at + n]
        value |= (byte & 0x7F) << (7 * n)
        if byte < 0x80:
            return value & _U64, at + n + 1
    raise WireError("a number has no end")


def write_varint(value: int) -> bytes:
    """Return a whole number, 0 or more."""
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)


def write_number(number: int, value: int) -> bytes:
    """Return a varint field; nothing for 0, which is what a missing field means."""
    return write_varint(number << 3 | VARINT) + write_varint(value) if value else b""


def write_double(number: int, value: float) -> bytes:
    """Return a double field; nothing for 0."""
    return write_varint(number << 3 | FIXED64) + struct.pack("<d", value) if value else b""


def write_bytes(number: int, value: bytes) -> bytes:
    """Return a field of bytes; nothing where there are none."""
    return write_varint(number << 3 | BYTES) + write_varint(len(value)) + value if value else b""


def to_double(value: bytes) -> float:
    """Return the double that eight bytes are."""
    return float(struct.unpack("<d", value)[0])
