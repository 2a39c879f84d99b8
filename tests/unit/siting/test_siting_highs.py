"""HiGHS through arrays: the optimum, a start, limits, and interrupts that are heard while it runs."""

import os
import signal
import threading

import numpy as np
import pytest
from scipy import sparse

from truceline.siting.highs import THREAD_NAME, solve_binary


def cover_rows(reach):
    return sparse.csr_array(np.asarray(reach, dtype=float)), np.ones(len(reach)), np.full(len(reach), np.inf)


def hard_cover():
    random = np.random.default_rng(0)
    reach = random.random((400, 4000)) < 0.1
    return random.integers(1, 101, 4000).astype(float), cover_rows(reach)


def is_left_running():
    left = [thread for thread in threading.enumerate() if thread.name == THREAD_NAME]
    for thread in left:
        thread.join(2.0)
    return any(thread.is_alive() for thread in left)


def test_the_cheapest_choice_is_found_and_proved():
    cost = np.array([3.0, 2.0, 2.0])
    answer = solve_binary(cost, *cover_rows([[1, 1, 0], [1, 0, 1]]))
    assert answer.chosen.tolist() == [True, False, False]
    assert (answer.bound, answer.finished) == (pytest.approx(3.0), True)


def test_what_cannot_be_has_no_choice():
    answer = solve_binary(np.array([1.0]), *cover_rows([[0]]))
    assert answer.chosen is None
    assert not answer.finished


def test_a_start_is_kept_when_time_is_up():
    cost, rows = hard_cover()
    start = np.ones(cost.size, dtype=bool)
    answer = solve_binary(cost, *rows, start=start, time_limit_s=0.0)
    assert not answer.finished
    assert answer.chosen is None or cost[answer.chosen].sum() <= cost.sum()


def test_what_the_listener_raises_stops_the_run():
    cost, rows = hard_cover()

    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        solve_binary(cost, *rows, listen=stop)
    assert not is_left_running()


@pytest.mark.skipif(os.name == "nt", reason="no POSIX timers")
def test_an_interrupt_while_it_runs_ends_it():
    def interrupt(*_):
        raise KeyboardInterrupt

    cost, rows = hard_cover()
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 1.0)
    try:
        with pytest.raises(KeyboardInterrupt):
            solve_binary(cost, *rows, time_limit_s=60.0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    # A thread left running in the solver would abort the program at its end.
    assert not is_left_running()
