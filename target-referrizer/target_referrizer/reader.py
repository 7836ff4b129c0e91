"""Reading Singer messages without ever quoting a line: lines hold personal data."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from singer_sdk.io_base import SingerReader

from target_referrizer.errors import TargetError

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable
    from typing import IO


class LineReader(SingerReader):
    """The SDK's reader with errors of ours: which line, what is wrong with it, and not what it says."""

    line_no = 0

    def process_lines(
        self, file_input: IO[str] | None, callbacks: dict[str, Callable[[dict[str, Any]], None]]
    ) -> Counter[str]:
        """Read all lines, passing over empty ones."""
        return super().process_lines(self._lines(file_input or self.default_input), callbacks)

    def _lines(self, file_input: IO[str]) -> Any:
        lines = iter(file_input)
        while True:
            self.line_no += 1
            try:
                line = next(lines)
                line.encode()  # without a locale, foreign bytes come through as halves of characters
            except StopIteration:
                return
            except UnicodeError:
                raise TargetError("RFZ-202", f"line {self.line_no} of the input is not UTF-8") from None
            if self.line_no == 1:
                line = line.removeprefix("\ufeff")  # Windows marks its files by it
            if line.strip():
                yield line

    def deserialize_json(self, line: str) -> dict[str, Any]:
        """Parse a line.

        Raises:
            TargetError: RFZ-202 when it is not a JSON object.
        """
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            raise TargetError("RFZ-202", f"line {self.line_no} of the input is not JSON") from None
        if not isinstance(message, dict):
            raise TargetError("RFZ-202", f"line {self.line_no} of the input is not a JSON object")
        for name, kind in (("stream", str), ("record", dict), ("schema", dict)):
            if not isinstance(message.get(name, kind()), kind):
                what = f"line {self.line_no} of the input has a {name} of the wrong kind"
                raise TargetError("RFZ-202", what)
        if "schema" in message:
            self._check_schema(message)
        return _mended(message) if "\\ud" in line or "\\uD" in line else message

    def _check_schema(self, message: dict[str, Any]) -> None:
        """See that fields have names, and that the key is a list of names."""
        keys = message.get("key_properties") or []
        is_list = isinstance(keys, list) and all(isinstance(one, str) for one in keys)
        if not is_list or not isinstance(message["schema"].get("properties", {}), dict):
            what = f"line {self.line_no} of the input has properties or key_properties of the wrong kind"
            raise TargetError("RFZ-202", what)

    @staticmethod
    def assert_line_requires(line_dict: dict[str, Any], requires: set[str]) -> None:
        """Check that a message has what its type needs."""
        missing = sorted(requires - set(line_dict))
        if missing:
            raise TargetError("RFZ-202", f"a message of the input lacks {', '.join(missing)}")

    def _process_unknown_message(self, message_dict: dict[str, Any]) -> None:
        kind = named(message_dict["type"])
        raise TargetError("RFZ-202", f"line {self.line_no} has an unknown message type{kind}")


def named(word: Any) -> str:
    """A type or stream to be quoted, or nothing where it does not look like one: it could be a person."""
    is_one = isinstance(word, str) and re.fullmatch(r"[A-Za-z0-9_.-]{1,60}", word)
    return f" {word!r}" if is_one else ""


def _mended(message: dict[str, Any]) -> dict[str, Any]:
    """The message with a replacement sign for each half of a character.

    A system that cuts names by length cuts emoji in two; no database and no vendor takes the half.
    """
    text = json.dumps(message, ensure_ascii=False)
    whole: dict[str, Any] = json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    return whole
