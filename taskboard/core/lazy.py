"""A mapping and a set that stay packed until somebody looks at them."""

from __future__ import annotations

from collections.abc import (
    Callable,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    MutableSet,
    ValuesView,
)
from itertools import count
from typing import Any, Generic, Protocol, TypeVar, cast

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Packed(Protocol[T_co]):
    """Where values lie that nobody has looked at, by number."""

    def load(self, key: str, number: int) -> T_co:
        """The value that ``key`` has."""
        ...

    def raw(self, number: int) -> bytes:
        """Its bytes as they were packed."""
        ...

    def whole(self, *, held: bool) -> None:
        """All are about to be asked for, or (not ``held``) were."""
        ...


class LazyMap(MutableMapping[str, T], Generic[T]):
    """A dict in order of insertion. Values are anything but ``int``.

    Looking one up that is packed unpacks that one, for good; ``values`` and ``items`` unpack all
    that are left."""

    def __init__(self, packed: Packed[T] | None = None, keys: Iterable[str] = ()) -> None:
        self._packed = packed
        self._found: dict[str, T | int] = dict(zip(keys, count(), strict=False))
        """Values, and of those that are still packed their number."""

    @classmethod
    def over(cls, values: Mapping[str, T], packed: Packed[T]) -> LazyMap[T]:
        """One of these values, of which ``lay`` may lay some where ``packed`` has them."""
        made = cls(packed)
        made._found = dict(values)
        return made

    def lay(self, key: str, number: int) -> None:
        """Let go of a value that is packed now."""
        self._found[key] = number

    def pack(self, pack: Callable[[T], bytes]) -> list[bytes]:
        """The bytes of every value, in order; those still packed are passed on as they are.
        Raises ``ValueError`` when they have changed meanwhile."""
        self._hold(held=True)
        found = [
            self._source.raw(one) if type(one) is int else pack(cast("T", one))
            for one in self._found.values()
        ]
        self._hold(held=False)
        return found

    def copy(self) -> LazyMap[T]:
        """Another one of the same values."""
        made = type(self)(self._packed)
        vars(made).update(_found=self._found.copy())
        return made

    def __getitem__(self, key: str) -> T:
        one = self._found[key]
        if type(one) is int:
            one = self._found[key] = self._source.load(key, one)
        return cast("T", one)

    def get(self, key: str, default: Any = None) -> Any:
        """The value, or ``default``."""
        one = self._found.get(key, default)
        return self[key] if type(one) is int else one

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
        return self._all() == (other._all() if isinstance(other, LazyMap) else other)

    __hash__ = None  # type: ignore[assignment]

    def values(self) -> ValuesView[T]:
        """Every value."""
        return self._all().values()

    @property
    def _source(self) -> Packed[T]:
        assert self._packed is not None, "a number stands only for what is packed"
        return self._packed

    def _hold(self, *, held: bool) -> None:
        if self._packed is not None:
            self._packed.whole(held=held)

    def _all(self) -> dict[str, T]:
        if self._packed is not None:
            self._hold(held=True)
            for key, one in self._found.items():
                if type(one) is int:
                    self._found[key] = self._packed.load(key, one)
            self._hold(held=False)
            self._packed = None
        return cast("dict[str, T]", self._found)


class LazySet(MutableSet[str]):
    """A set of words; ``packed`` has many of them with a space after each."""

    def __init__(self, packed: str = "") -> None:
        self._packed = packed
        self._found: set[str] = set()

    def pack(self) -> str:
        """All of them, with a space after each."""
        return "".join([f"{word} " for word in self._all()])

    def add(self, value: str) -> None:
        """Put it in; nothing is unpacked for that."""
        self._found.add(value)

    def discard(self, value: str) -> None:
        """Take it out, if it is there."""
        self._all().discard(value)

    def __contains__(self, value: object) -> bool:
        return value in self._found or value in self._all()

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __eq__(self, other: object) -> bool:
        return self._all() == (other._all() if isinstance(other, LazySet) else other)

    __hash__ = None  # type: ignore[assignment]

    def _all(self) -> set[str]:
        if self._packed:
            self._found.update(self._packed.split())
            self._packed = ""
        return self._found
