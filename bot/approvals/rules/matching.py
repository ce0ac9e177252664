"""Seating people in slots, each in one, so that as many slots as possible are filled. Pure."""

from collections.abc import Collection, Sequence


def match(edges: Sequence[Collection[int]]) -> dict[int, int]:
    """Give as many slots as possible to different people (bipartite matching by augmenting paths).

    Args:
        edges: For each person, the slots they could fill. Who comes earlier keeps a place, though not always the same.

    Returns:
        The person's place in `edges`, by slot.
    """
    taken: dict[int, int] = {}

    def place(person: int, seen: set[int]) -> bool:
        for slot in edges[person]:
            if slot not in seen:
                seen.add(slot)
                if slot not in taken or place(taken[slot], seen):
                    taken[slot] = person
                    return True
        return False

    for person in range(len(edges)):
        place(person, set())
    return taken
