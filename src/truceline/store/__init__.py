"""Where the watching is kept: one contract, and the stores that keep it."""
