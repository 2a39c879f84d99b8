"""What they might agree: positions, models side by side, voting power; never a forecast."""
