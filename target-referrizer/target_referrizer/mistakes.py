"""Mistakes of the program: where one happened, and never what was said of it, which could quote a person."""

from __future__ import annotations

from target_referrizer.errors import TargetError


def mistake(error: BaseException, about: str = "") -> TargetError:
    """An error that nobody foresaw, as a line for whoever mends the program.

    Args:
        error: What was raised.
        about: What was being done, or for whom, without personal data.
    """
    said = f"{type(error).__name__} at {_innermost(error)}"
    return TargetError("RFZ-902", f"{about}: {said}" if about else said)


def _innermost(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace else "an unknown place"
