"""The graph of relations: its quick answers against slow ones."""

from hypothesis import given
from hypothesis import strategies as st

from fhir_coder.ehr.components import strong_components
from fhir_coder.ehr.relations import APPENDS, REPLACES, TRANSFORMS, Relations
from tests.ehr.conftest import document

GRAPHS = st.integers(1, 7).flatmap(lambda size: st.lists(st.lists(st.integers(0, size - 1), max_size=3), min_size=size, max_size=size))


def reach(targets: list[list[int]], start: int) -> set[int]:
    """Slowly: every node that a walk of at least one step leads to."""
    reached: set[int] = set()
    for _ in targets:
        reached |= {one for node in (start, *reached) for one in targets[node]}
    return reached


def related(code: str, targets: list[list[int]]) -> Relations:
    def links(nodes: list[int]) -> list[dict[str, object]]:
        return [{"code": code, "target": {"reference": f"DocumentReference/n{one}"}} for one in nodes]

    return Relations([document(id=f"n{node}", relatesTo=links(found)) for node, found in enumerate(targets)])


@given(GRAPHS)
def test_strong_components(targets: list[list[int]]) -> None:
    groups = strong_components(targets)
    assert sorted(node for group in groups for node in group) == list(range(len(targets)))
    place = {node: at for at, group in enumerate(groups) for node in group}
    for one in range(len(targets)):
        for other in range(len(targets)):
            mutual = one == other or (other in reach(targets, one) and one in reach(targets, other))
            assert (place[one] == place[other]) is mutual
        assert all(place[one] <= place[other] for other in targets[one])


@given(GRAPHS, st.data())
def test_replaced(targets: list[list[int]], data: st.DataObject) -> None:
    size = len(targets)
    in_force = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    order = data.draw(st.permutations(range(size)))
    without_loops = [[one for one in found if one != node] for node, found in enumerate(targets)]
    reached = [reach(without_loops, node) for node in range(size)]
    expected = {
        old for new in range(size) for old in reached[new] - {new} if in_force[new] and (new not in reached[old] or order[new] > order[old])
    }
    assert related(REPLACES, targets).replaced(in_force.__getitem__, order) == expected


@given(GRAPHS)
def test_below_joined_and_downward(targets: list[list[int]]) -> None:
    without_loops = [[one for one in found if one != node] for node, found in enumerate(targets)]
    relations = related(APPENDS, targets)
    for start in range(len(targets)):
        assert relations.below([start], APPENDS, TRANSFORMS) == {
            node for node in range(len(targets)) if start in reach(without_loops, node)
        }
    both_ways = [[*found, *(one for one, other in enumerate(without_loops) if node in other)] for node, found in enumerate(without_loops)]
    groups = {frozenset({node} | reach(both_ways, node)) for node in range(len(targets))}
    assert {frozenset(group) for group in relations.joined(APPENDS)} == {group for group in groups if len(group) > 1}
    walked = list(relations.downward(APPENDS))
    circular = {node for node in range(len(targets)) if node in reach(without_loops, node)}
    assert len(set(walked)) == len(walked) and not circular & set(walked)
    assert all(walked.index(target) < walked.index(node) for node in walked for target in without_loops[node])
