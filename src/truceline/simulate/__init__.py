"""What might happen: a ceasefire watched by a plan, simulated many times over under named assumptions.

Reads plans' folders; forecasts nothing. What nobody can know is drawn from a range, swept, or named.
"""
