"""The mission's service over HTTP: routes, roles, limits, logs. Deleting this package breaks nothing else.

Parses and answers; what a report, an incident or a violation is, is decided by `truceline.monitor`.
"""
