"""How everything that is measured is started."""

from __future__ import annotations

import sys

from bench.measuring import ROOT

PEERS = ROOT / ".cache" / "bench-peers"
_OURS = [sys.executable, "-m", "bench.ours"]
TAP, TARGET, LEDGER, STAGING = ([*_OURS, name] for name in ("tap", "target", "ledger", "staging"))
STOCK_TAP = [sys.executable, "-m", "bench.peers.stock_tap"]
STOCK_TARGET = [sys.executable, "-m", "bench.peers.stock_target"]
JSONL = [str(PEERS / "jsonl" / "bin" / "target-jsonl")]
DLT = [str(PEERS / "dlt" / "bin" / "python"), str(ROOT / "bench" / "peers" / "with_dlt.py")]
BARE_SDK = [sys.executable, "-c", "import singer_sdk"]
