"""Formats and protocols of other tools: pure code and network clients; no store."""
