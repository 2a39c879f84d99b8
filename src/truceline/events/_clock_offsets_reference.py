"""The offsets of clocks, slow and readable: loops over events and posts, the judge of `clock_offsets`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import median

SWEEPS = 20_000
"""Rounds in which every post is put where the others want it."""


def offset_by_hand(times: Sequence[tuple[int, str, float]]) -> dict[str, float]:
    """Return minutes ahead by post, from (event, post, minutes); posts that share no event are left out."""
    by_event: dict[int, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for event, post, minutes in times:
        by_event[event][post].append(minutes)
    events = [{post: median(told) for post, told in posts.items()} for posts in by_event.values()]
    events = [posts for posts in events if len(posts) > 1]
    differences: dict[tuple[str, str], list[float]] = defaultdict(list)
    for posts in events:
        for post in posts:
            for other in posts:
                if other != post:
                    differences[post, other].append(posts[post] - posts[other])
    pairs = {pair: (median(told), len(told)) for pair, told in differences.items()}
    offsets = _fit(pairs)
    found = {}
    for post in sorted(offsets):
        said = [
            median(posts[post] - posts[other] + offsets[other] for other in posts if other != post)
            for posts in events
            if post in posts
        ]
        found[post] = median(said)
    return found


def _fit(pairs: dict[tuple[str, str], tuple[float, int]]) -> dict[str, float]:
    """Return offsets that fit all pairs: each post in turn at the mean of where its partners put it."""
    names = sorted({post for post, _ in pairs})
    partners = {post: [other for one, other in pairs if one == post] for post in names}
    offsets = dict.fromkeys(names, 0.0)
    for _ in range(SWEEPS):
        moved = 0.0
        for post in names:
            weights = [pairs[post, other][1] for other in partners[post]]
            wanted = [pairs[post, other][0] + offsets[other] for other in partners[post]]
            new = sum(w * each for w, each in zip(weights, wanted, strict=True)) / sum(weights)
            moved, offsets[post] = max(moved, abs(new - offsets[post])), new
        if moved < 1e-12:
            break
    left = set(names)
    while left:
        group, edge = set[str](), {min(left)}
        while edge:
            group |= edge
            edge = {other for post in edge for other in partners[post]} - group
        middle = median(offsets[post] for post in group)
        offsets.update({post: offsets[post] - middle for post in group})
        left -= group
    return offsets
