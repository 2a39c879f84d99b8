"""Formats of other people: read back what was written, and name what is wrong by line, row or place."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from truceline.errors import InfeasibleError, TableError
from truceline.siting import coverage_tables, instances, text_tables
from truceline.siting.cover import solve_cover
from truceline.siting.instances import as_maximal_cover, as_set_cover, guess_format, read_instance
from truceline.siting.problems import SetCoverProblem

ROWS = [[1, 2], [2, 3], [1, 3, 4]]
ORLIB = " 3 4 \n 1 2 3\n 4 \n 2 \n 1 2\n 2 \n2 3\n 3\n1 3 4\n"
RAIL = "3 4\n1 2 1 3\n2 2 1 2\n3 2 2 3\n4 1 3\n"


def file(tmp_path, text, name="instance.txt"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def dense(problem):
    n_columns = problem.weight.size if hasattr(problem, "weight") else problem.must_cover.size
    ones = np.ones(problem.indices.size)
    shape = (problem.cost.size, n_columns)
    return sparse.csr_array((ones, problem.indices, problem.indptr), shape=shape).toarray().astype(int)


def test_both_layouts_of_the_or_library_give_the_same_problem(tmp_path):
    expected = np.array([[1, 0, 1], [1, 1, 0], [0, 1, 1], [0, 0, 1]])
    for name, text in (("orlib", ORLIB), ("rail", RAIL)):
        path = file(tmp_path, text, name)
        assert guess_format(path) == name
        problem = read_instance(path).problem
        assert dense(problem).tolist() == expected.tolist()
        assert problem.cost.tolist() == [1, 2, 3, 4]
        assert problem.labels == ("1", "2", "3", "4")
        assert solve_cover(problem).cost == 3


@st.composite
def covers(draw):
    n_rows, n_columns = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    rows = [draw(st.sets(st.integers(1, n_columns), min_size=1)) for _ in range(n_rows)]
    cost = draw(st.lists(st.integers(1, 99), min_size=n_columns, max_size=n_columns))
    return rows, cost


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(covers(), st.randoms(use_true_random=False))
def test_set_covers_come_back_as_written_whatever_the_line_ends(tmp_path, case, random):
    rows, cost = case
    expected = np.array([[i + 1 in row for row in rows] for i in range(len(cost))], dtype=int)
    numbers = [len(rows), len(cost), *cost]
    for row in rows:
        numbers += [len(row), *row]
    text = "".join(str(n) + random.choice([" ", "\n", "  \n "]) for n in numbers)
    problem = read_instance(file(tmp_path, text), format="orlib").problem
    assert dense(problem).tolist() == expected.tolist()
    assert problem.cost.tolist() == cost
    lines = [f"{len(rows)} {len(cost)}"]
    for i, price in enumerate(cost):
        inside = [r + 1 for r, row in enumerate(rows) if i + 1 in row]
        lines.append(" ".join(map(str, [price, len(inside), *inside])))
    problem = read_instance(file(tmp_path, "\n".join(lines)), format="rail").problem
    assert dense(problem).tolist() == expected.tolist()
    assert problem.cost.tolist() == cost


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("3 four\n1 2", r"line 1  'four' is not a number"),
        ("0 4 1 1 1 1", "does not begin with two whole numbers"),
        ("2.5 4 1 1 1 1", "does not begin with two whole numbers: 2.5 4"),
        ("1000000 4 1 1", "says 1e\\+06 rows and 4 columns and holds 4 numbers"),
        ("3 4 1 2 3", "ends after 3 of 4 costs"),
        ("2 2 1 1 2 1 2", "ends before row 2 of 2"),
        ("1 2 1 1 9 1 2", "row 1 is said to have 9 entries"),
        ("1 2 1 1 -1 1 2", "row 1 is said to have -1 entries"),
        ("1 2 1 1 2 1 3", "row 1  names column 3; columns run from 1 to 2"),
        ("1 2 1 1 2 1 1.5", "row 1  names column 1.5"),
        ("1 2 1 0 2 1 2", "column 2  cost 0 is not above 0"),
        ("1 2 1 -4 2 1 2", "column 2  cost -4 is not above 0"),
        ("1 2 1 1 2 1 2 7 7", "holds 2 numbers after the last row"),
        ("1 2 1 nan 2 1 2", "not finite"),
    ],
)
def test_what_is_wrong_with_a_set_cover_is_said(tmp_path, text, message):
    with pytest.raises(TableError, match=message):
        read_instance(file(tmp_path, text), format="orlib")


def test_row_without_columns_is_refused_as_uncoverable(tmp_path):
    with pytest.raises(InfeasibleError, match="row 2: is reached by no candidate"):
        read_instance(file(tmp_path, "2 2 1 1 2 1 2 0"), format="orlib")


def test_many_mistakes_are_counted(tmp_path):
    text = "1 30 " + "0 " * 30 + "1 1"
    with pytest.raises(TableError, match="and 20 more like these") as caught:
        read_instance(file(tmp_path, text), format="orlib")
    assert len(caught.value.problems) == 11


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    points=st.lists(
        st.tuples(st.integers(-9, 9), st.integers(-9, 9), st.integers(0, 50)), min_size=1, max_size=12
    ),
    radius=st.integers(0, 12),
    mark=st.sampled_from([" ", ",", ";", "\t"]),
    heading=st.booleans(),
)
def test_points_are_covered_within_the_radius_edge_included(tmp_path, points, radius, mark, heading):
    lines = [mark.join(map(str, point)) for point in points]
    text = "\n".join(([mark.join(["x", "y", "demand"])] if heading else []) + lines)
    instance = read_instance(file(tmp_path, text), format="points", radius=float(radius))
    xy = np.array(points)[:, :2]
    near = ((xy[:, None, :] - xy[None, :, :]) ** 2).sum(axis=2) <= radius**2
    assert dense(instance.problem).tolist() == near.astype(int).tolist()
    assert instance.problem.weight.tolist() == [weight for _, _, weight in points]
    assert instance.xy.tolist() == xy.tolist()
    assert instance.problem.is_cover


def test_candidates_may_be_other_points_with_names_and_costs(tmp_path):
    points = file(tmp_path, "x,y,weight\n0,0,5\n3,0,7\n10,0,1\n")
    places = file(tmp_path, "name,x,y,cost\nhill,1,0,8\ntower,9,0,24\n", "places.csv")
    assert guess_format(points) == "points"
    problem = read_instance(points, radius=2.0, candidates=places).problem
    assert problem.labels == ("hill", "tower")
    assert problem.cost.tolist() == [8, 24]
    assert dense(problem).tolist() == [[1, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2\n3 x\n", "line 2  y 'x' is not a number"),
        ("1 2 3\n3 4\n", "line 2  has 2 of 3 entries"),
        ("1 2 3 4\n", "line 1  has 4 entries; write `x y` or `x y weight`"),
        ("1 2 nan\n", "line 1  weight nan is negative or not a number"),
        ("# a comment\n1 2 -3\n", "line 2  weight -3 is negative"),
        ("1 inf 3\n", "line 1  y inf is not a place"),
        ("x,weight\n1,2\n", "no column 'y'"),
        ("lon,lat\n30,48\n", "'lat' is in degrees"),
        ("# nothing\n", "holds no rows"),
        ("x y\n", "holds a heading and no rows"),
    ],
)
def test_what_is_wrong_with_points_is_said_by_line(tmp_path, text, message):
    with pytest.raises(TableError, match=message):
        read_instance(file(tmp_path, text), format="points", radius=1.0)


def test_all_bad_lines_are_told_at_once(tmp_path):
    with pytest.raises(TableError) as caught:
        read_instance(file(tmp_path, "1 2 -1\n1 2 nan\n1 nan 1\n"), format="points", radius=1.0)
    assert [problem.where for problem in caught.value.problems] == [
        "instance.txt line 3",
        "instance.txt line 1",
        "instance.txt line 2",
    ]


def test_radius_that_joins_everything_with_everything_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(instances, "ENTRIES_MAX", 8)
    with pytest.raises(TableError, match="1e\\+09 makes 9 pairs"):
        read_instance(file(tmp_path, "0 0 1\n1 0 1\n2 0 1\n"), radius=1e9)


TRIPLETS = "candidate,event,p\nOP-2,a,0.5\nOP-10,b,1\nOP-2,b,0.25\n"


def test_coverage_table_keeps_names_chances_weights_and_costs(tmp_path):
    path = file(tmp_path, TRIPLETS)
    weights = file(tmp_path, "a,2\nb,3\nc,4\n", "weights.csv")
    costs = file(tmp_path, "candidate;cost\nOP-2;8\nOP-10;12\n", "costs.csv")
    assert guess_format(path) == "triplets"
    problem = read_instance(path, weights=weights, costs=costs).problem
    assert problem.labels == ("OP-10", "OP-2")
    assert problem.cost.tolist() == [12, 8]
    assert problem.weight.tolist() == [2, 3, 4]
    chance = -np.expm1(-problem.log_miss.astype(float))
    assert problem.indices.tolist() == [1, 0, 1]
    assert chance == pytest.approx([1, 0.5, 0.25], abs=1e-6)


def test_numbered_candidates_are_ordered_by_size_and_pairs_without_chance_drop_out(tmp_path):
    problem = read_instance(file(tmp_path, "10 2 1\n9 1 1\n9 2 0\n"), format="triplets").problem
    assert problem.labels == ("9", "10")
    assert problem.is_cover
    assert dense(problem).tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,nan\n", "line 1  p nan is not a number"),
        ("a,b,-0.1\n", "line 1  p -0.1 is negative"),
        ("a,b,0.5\na,c,1.5\n", "line 2  p 1.5 is above 1"),
        ("a,b,0.5\na,b,0.6\n", r"line 2  a and b again \(as in line 1\)"),
        ("a,b,much\n", "line 1  p 'much' is not a number"),
    ],
)
def test_what_is_wrong_with_a_coverage_table_is_said_by_line(tmp_path, text, message):
    with pytest.raises(TableError, match=message):
        read_instance(file(tmp_path, text), format="triplets")


def test_weights_and_costs_that_do_not_fit_are_named(tmp_path):
    weights = file(tmp_path, "a,-2\n", "weights.csv")
    costs = file(tmp_path, "OP-2,0\nOP-2,1\nOP-10,nan\n", "costs.csv")
    with pytest.raises(TableError) as caught:
        read_instance(file(tmp_path, TRIPLETS), weights=weights, costs=costs)
    text = str(caught.value)
    for part in (
        "weights.csv line 1  weight -2 is negative",
        "weights.csv  has no weight for the event b",
        "costs.csv line 1  cost 0 is not above 0",
        "costs.csv line 3  cost nan is not above 0",
        "OP-2 is there twice",
    ):
        assert part in text


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    chances=st.lists(
        st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=4, max_size=4), min_size=1, max_size=5
    ),
    layout=st.sampled_from(["csr", "csc"]),
)
def test_sparse_matrices_come_back_as_written(tmp_path, chances, layout):
    matrix = np.array(chances)
    path = tmp_path / "matrix.npz"
    sparse.save_npz(path, sparse.csr_array(matrix).asformat(layout))
    problem = read_instance(path).problem
    assert (problem.n_candidates, problem.n_events) == matrix.shape
    assert dense(problem).tolist() == (matrix > 0).astype(int).tolist()
    if problem.log_miss is not None:
        found = np.zeros(matrix.shape)
        found[dense(problem) > 0] = -np.expm1(-problem.log_miss.astype(float))
        np.testing.assert_allclose(found, matrix, atol=1e-6)
    else:
        assert set(matrix.ravel()) <= {0.0, 1.0}


def matrix_file(tmp_path, **changes):
    arrays = {
        "indptr": np.array([0, 2, 3]),
        "indices": np.array([0, 2, 1]),
        "data": np.array([0.5, 0.25, 1.0]),
        "weight": np.array([1.0, 2.0, 3.0]),
        "cost": np.array([6, 24]),
    }
    arrays.update(changes)
    path = tmp_path / "matrix.npz"
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


def test_plain_arrays_are_a_matrix_too(tmp_path):
    problem = read_instance(matrix_file(tmp_path)).problem
    assert dense(problem).tolist() == [[1, 0, 1], [0, 1, 0]]
    assert (problem.weight.tolist(), problem.cost.tolist()) == ([1, 2, 3], [6, 24])
    assert read_instance(matrix_file(tmp_path, data=None)).problem.is_cover


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"indptr": None}, "indptr  is not there as whole numbers"),
        ({"indices": np.array([0.0, 2.0, 1.0])}, "indices  is not there as whole numbers"),
        ({"indptr": np.array([0, 3, 2])}, "indptr  does not run from 0 to 3"),
        ({"indices": np.array([0, -2, 1])}, "indices  has negative numbers"),
        ({"indices": np.array([2, 2, 1])}, "holds some pairs twice"),
        ({"data": np.array([0.5, np.nan, 1.0])}, "row 0, column 2  p nan is not between 0 and 1"),
        ({"data": np.array([0.5, 0.5, -1.0])}, "row 1, column 1  p -1 is not"),
        ({"data": np.array([0.5])}, "data  has 1 entries, 3 were expected"),
        ({"weight": np.array(["a", "b", "c"])}, "weight  has 3 entries"),
        ({"format": np.array("lil")}, "format  'lil' is not read"),
        ({"shape": np.array([2, 10**12])}, "is too large"),
        ({"data": np.array([{}, {}, {}], dtype=object)}, "cannot be read"),
    ],
)
def test_what_is_wrong_with_a_matrix_is_said(tmp_path, changes, message):
    with pytest.raises(TableError, match=message):
        read_instance(matrix_file(tmp_path, **changes))


def test_files_that_are_no_tables_are_refused(tmp_path, monkeypatch):
    missing = tmp_path / "missing.csv"
    with pytest.raises(TableError, match="cannot be read: no such file"):
        read_instance(missing)
    binary = tmp_path / "noise.txt"
    binary.write_bytes(b"\xff\xfe\x00\x81" * 10)
    with pytest.raises(TableError, match="is not text"):
        read_instance(binary)
    archive = tmp_path / "noise.npz"
    archive.write_bytes(b"PK noise")
    with pytest.raises(TableError, match="cannot be read"):
        read_instance(archive)
    monkeypatch.setattr(text_tables, "BYTES_MAX", 3)
    with pytest.raises(TableError, match="has 4 bytes, the most read is 3"):
        read_instance(file(tmp_path, "1 2\n"), format="points", radius=1.0)
    monkeypatch.setattr(coverage_tables, "ENTRIES_MAX", 1)
    with pytest.raises(TableError, match="unpacks to"):
        read_instance(matrix_file(tmp_path))


def test_options_that_mean_nothing_for_a_format_are_refused(tmp_path):
    path = file(tmp_path, ORLIB)
    with pytest.raises(TableError, match="'csv' is not known"):
        read_instance(path, format="csv")
    with pytest.raises(TableError, match="radius  means nothing for the format orlib"):
        read_instance(path, radius=3.0)
    with pytest.raises(TableError, match="weights  means nothing for the format orlib"):
        read_instance(path, weights=path)
    points = file(tmp_path, "1 2 3\n4 5 6\n7 8 9\n")
    with pytest.raises(TableError, match="points need a radius"):
        read_instance(points)
    with pytest.raises(TableError, match="-1 is no reach"):
        read_instance(points, radius=-1.0)


@pytest.mark.parametrize(
    ("text", "format"),
    [
        (ORLIB, "orlib"),
        (RAIL, "rail"),
        (ORLIB.replace("\n", " "), "orlib"),
        ("1 2\n3 4\n", "points"),
        ("1.5 2 3\n", "points"),
        ("x;y\n1;2\n", "points"),
        ("OP-1,a,0.5\n", "triplets"),
        ("site,cell\n1,2\n", "triplets"),
    ],
)
def test_formats_are_told_apart(tmp_path, text, format):
    assert guess_format(file(tmp_path, text)) == format


def test_cover_and_maximal_cover_are_made_of_each_other(tmp_path):
    cover = read_instance(file(tmp_path, ORLIB)).problem
    assert isinstance(cover, SetCoverProblem)
    maximal = as_maximal_cover(cover)
    assert maximal.weight.tolist() == [1, 1, 1]
    back = as_set_cover(maximal)
    assert solve_cover(back).cost == solve_cover(cover).cost
    weights = file(tmp_path, "a,2\nb,0\nz,5\n", "weights.csv")
    table = read_instance(file(tmp_path, "s,a,0.5\nt,b,0.5\n"), weights=weights).problem
    # b does not count and nobody sees z: neither has to be covered.
    assert as_set_cover(table).must_cover.tolist() == [True, False, False]
