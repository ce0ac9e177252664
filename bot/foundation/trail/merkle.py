"""The Merkle tree hash of RFC 6962 (section 2.1): one value that stands for a list of texts, in their order."""

import hashlib
from collections.abc import Iterable

LEAF, NODE = b"\x00", b"\x01"


class Tree:
    """A tree that grows leaf by leaf and keeps only the tops of its whole subtrees."""

    def __init__(self) -> None:
        self._tops = list[bytes]()
        self.size = 0

    def add(self, leaf: bytes) -> None:
        """Append a leaf."""
        top = hashlib.sha256(LEAF + leaf).digest()
        self.size += 1
        size = self.size
        while size % 2 == 0:
            top = hashlib.sha256(NODE + self._tops.pop() + top).digest()
            size //= 2
        self._tops.append(top)

    def root(self) -> bytes:
        """Return the tree's hash as it stands."""
        if not self._tops:
            return hashlib.sha256(b"").digest()
        *left, top = self._tops
        for other in reversed(left):
            top = hashlib.sha256(NODE + other + top).digest()
        return top


def root(leaves: Iterable[bytes]) -> bytes:
    """Return the hash of a list of leaves."""
    tree = Tree()
    for leaf in leaves:
        tree.add(leaf)
    return tree.root()
