"""target-referrizer up to the end of its input: all is validated, fingerprinted, stored; nothing is sent."""

from __future__ import annotations

from target_referrizer.target import TargetReferrizer


class Staging(TargetReferrizer):
    """The target that stops where delivery would begin."""

    def process_endofpipe(self) -> None:
        """Store what is left."""
        self._drain_all(self._sinks_to_clear, 1)
        self._drain_all(list(self._sinks_active.values()), 1)


def main() -> None:
    """The command."""
    Staging.cli()
