"""Files of reports, one source format to a file of this package.

A feed is a mapping from the columns of a file to the columns of `events.schema.REPORTS` (or EFFORTS). Reading
files safely is the business of the readers; what is right or wrong with a row is said by the feed.
"""
