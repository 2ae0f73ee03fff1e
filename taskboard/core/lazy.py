"""A mapping whose values stay packed until somebody looks at them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping, ValuesView
from itertools import accumulate
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")


class LazyMap(MutableMapping[str, T], Generic[T]):
    """A dict in order of insertion. ``unpack`` makes a value of its bytes; what it makes stays.
    Values are anything but ``int``.

    Looking one value up unpacks that one, ``values`` and ``items`` unpack all that are left."""

    def __init__(self, unpack: Callable[[bytes], T]) -> None:
        self._unpack = unpack
        self._found: dict[str, T | int] = {}
        """Values, and of those that are still packed their number."""
        self._bytes = b""
        self._places: list[int] = []
        """Where each packed value begins, and where the last one ends."""
        self._left = 0
        """How many are still packed, at most: those that were replaced count too."""

    @classmethod
    def packed(
        cls, unpack: Callable[[bytes], T], keys: Iterable[str], sizes: Iterable[int], data: bytes
    ) -> LazyMap[T]:
        """Values as ``pack`` wrote them one after the other, each of so many bytes."""
        made = cls(unpack)
        made._places = list(accumulate(sizes, initial=0))
        made._found = dict(zip(keys, range(len(made._places) - 1), strict=True))
        made._bytes, made._left = data, len(made._found)
        return made

    def pack(self, pack: Callable[[T], bytes]) -> list[bytes]:
        """The bytes of every value, in order; those still packed are passed on as they are."""
        return [
            self._packed(one) if type(one) is int else pack(cast("T", one))
            for one in self._found.values()
        ]

    def copy(self) -> LazyMap[T]:
        """Another one of the same values."""
        made = type(self)(self._unpack)
        vars(made).update(vars(self), _found=self._found.copy())
        return made

    def __getitem__(self, key: str) -> T:
        one = self._found[key]
        if type(one) is int:
            one = self._found[key] = self._unpack(self._packed(one))
        return cast("T", one)

    def get(self, key: str, default: Any = None) -> Any:
        """The value, or ``default``."""
        return self[key] if key in self._found else default

    def __setitem__(self, key: str, value: T) -> None:
        self._found[key] = value

    def __delitem__(self, key: str) -> None:
        del self._found[key]

    def __contains__(self, key: object) -> bool:
        return key in self._found

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LazyMap):
            return self._whole() == other._whole()
        return self._whole() == other

    __hash__ = None  # type: ignore[assignment]

    def values(self) -> ValuesView[T]:
        """Every value."""
        return self._whole().values()

    def _packed(self, number: int) -> bytes:
        return self._bytes[self._places[number] : self._places[number + 1]]

    def _whole(self) -> dict[str, T]:
        if self._left:
            for key, one in self._found.items():
                if type(one) is int:
                    self._found[key] = self._unpack(self._packed(one))
            self._bytes, self._places, self._left = b"", [], 0
        return cast("dict[str, T]", self._found)
