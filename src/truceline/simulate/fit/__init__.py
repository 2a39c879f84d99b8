"""Fit the simulated process to what was counted or timed, and say how far the fit can be believed."""
