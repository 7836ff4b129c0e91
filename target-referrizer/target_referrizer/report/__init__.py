"""The report: one HTML file that shows what the ledger knows, to a person, without a network or a script."""

from target_referrizer.report.making import after_run, make

__all__ = ["after_run", "make"]
