"""What a movement says of its people."""

from __future__ import annotations

from truceline.deployment.model import Movement, add_people

WIDE = Movement("AAA", "infantry", 900.0, "light", people_low=300.0, people_high=1_200.0)
STATED = Movement("BBB", "infantry", 50.0, "light")


def test_a_size_without_a_range_is_its_own_fewest_and_most() -> None:
    assert WIDE.people_bounds == (300, 1_200)
    assert STATED.people_bounds == (50, 50)


def test_people_of_movements_add_up_at_both_ends() -> None:
    assert add_people([WIDE, STATED]) == (350, 1_250)
    assert add_people([]) == (0, 0)
