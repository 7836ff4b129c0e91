"""RECORD messages, written the quick way where the SDK's way would change nothing of the row.

For each row the SDK looks up the selection of every field, conforms every value to its schema, makes a
message of it, encodes that and flushes: about half of what a row cost. Rows of ours conform as they are
made. So a stream that is read as it stands (all fields, no map, no flattening) encodes them at once.
"""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.io_base import SingerWriter
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib.json import serialize_json

from tap_booker.dates import utc_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sdk.streams import Stream

OUTPUT_BYTES = 1 << 16
"""So much waits for more of it: as much as a pipe of Linux takes."""

_encode = msgspec.json.Encoder().encode


def buffer_output() -> None:
    """Write to standard output in large pieces, also where Python was told to write each line by itself.

    `PYTHONUNBUFFERED`, usual in containers, costs a system call for each row, and each of them lets the
    threads that read pages in between.
    """
    given = sys.stdout
    if isinstance(given, io.TextIOWrapper):  # None where it was closed before the start
        given.flush()
        raw: Any = getattr(given.buffer, "raw", given.buffer)
        buffer = io.BufferedWriter(raw, OUTPUT_BYTES)
        sys.stdout = io.TextIOWrapper(buffer, encoding=given.encoding, errors=given.errors)


def is_plain(stream: Stream) -> bool:
    """Whether the SDK's way would write each row of a stream just as it is."""
    wanted: Mapping[str, Any] = stream.effective_schema["properties"]
    return (
        wanted == stream.schema["properties"]
        and all(stream.mask["properties", name] for name in wanted)
        and [type(one) for one in stream.stream_maps] == [SameRecordTransform]
        and not stream.stream_maps[0].flattening_enabled
        and not stream.emit_activate_version_messages
    )


def record_line(stream: str, row: Mapping[str, Any]) -> bytes:
    """A RECORD message as a line of JSON, in ASCII as the SDK writes it, whatever the reader takes it for.

    Args:
        stream: Name of the stream.
        row: Texts, whole numbers, flags and nulls.
    """
    message = {
        "type": "RECORD",
        "stream": stream,
        "record": row,
        "time_extracted": utc_text(datetime.now(UTC)),
    }
    try:
        line = _encode(message)
    except UnicodeEncodeError:  # half of a surrogate pair
        line = b"\x80"
    return (line if line.isascii() else serialize_json(message).encode()) + b"\n"


class LineWriter(SingerWriter):
    """Writes messages to standard output.

    Lines of records wait in its buffer for more of them, until any other message is written: that flushes.
    """

    @staticmethod
    def write_line(line: bytes) -> None:
        """Write a line that need not be on its way at once."""
        raw = getattr(sys.stdout, "buffer", None)
        if raw is None:  # a test's
            sys.stdout.write(line.decode())
        else:
            raw.write(line)
