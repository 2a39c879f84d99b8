"""How well a means of observation sees or hears: laws, packaged means, tables of probabilities, fusion.

Metres, seconds and probabilities throughout. Detection and verification of ceasefire violations only;
nothing here chooses where to stand (`siting`) or how many people that takes (`force`).
"""
