"""When a force is there: approvals, movement through a network, dates with their spread."""
