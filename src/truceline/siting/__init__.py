"""Choose what watches where, and find where the choice is weakest.

`problems` says what is asked, `solve` and `frontier` answer with a proven bound, `bounds` proves it,
`result` explains the answer, `crossing` finds the least-exposed way across. Plain arrays in and out.
"""
