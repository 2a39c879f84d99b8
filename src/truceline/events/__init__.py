"""What was reported, what we make of it, and how much of it could be seen: rules on tables of plain columns.

Nothing here opens the store: feeds turn files into reports, and every rule takes frames and gives frames.
"""
