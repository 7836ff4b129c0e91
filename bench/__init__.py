"""The benchmarks: both plugins beside their peers, on the same work, in the same run."""
