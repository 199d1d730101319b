"""The strongly connected components of a small directed graph (Tarjan 1972), without recursion: a chain may be long."""

from __future__ import annotations

from collections.abc import Sequence


def strong_components(targets: Sequence[Sequence[int]]) -> list[list[int]]:
    """Groups of nodes that reach each other, most of one node; a group comes before those that it reaches. ``targets`` by node."""
    number = [-1] * len(targets)
    lowest = [0] * len(targets)
    is_open = [False] * len(targets)
    stack: list[int] = []
    found: list[list[int]] = []
    counter = 0
    for root in range(len(targets)):
        path = [(root, 0)] if number[root] < 0 else []
        while path:
            node, edge = path.pop()
            if edge == 0:
                number[node] = lowest[node] = counter
                counter += 1
                stack.append(node)
                is_open[node] = True
            elif is_open[targets[node][edge - 1]]:
                lowest[node] = min(lowest[node], lowest[targets[node][edge - 1]])
            while edge < len(targets[node]) and number[targets[node][edge]] >= 0:
                if is_open[targets[node][edge]]:
                    lowest[node] = min(lowest[node], number[targets[node][edge]])
                edge += 1
            if edge < len(targets[node]):
                path += [(node, edge + 1), (targets[node][edge], 0)]
            elif lowest[node] == number[node]:
                found.append(_close(node, stack, is_open))
    return found[::-1]


def _close(node: int, stack: list[int], is_open: list[bool]) -> list[int]:
    """Take the finished group from the stack."""
    group: list[int] = []
    while not group or group[-1] != node:
        group.append(stack.pop())
        is_open[group[-1]] = False
    return group
