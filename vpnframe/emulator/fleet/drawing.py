"""Generate random values from a seed. Ids, pre-shared keys and public addresses are unique."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from vpnframe.emulator.fleet.model import Tag
from vpnframe.emulator.fleet.places import CITIES, ENVIRONMENTS, NATIVE_NAMES, OWNERS, ROLES

T = TypeVar("T")

_LOWER = string.ascii_lowercase + string.digits
_MIXED = string.ascii_letters + string.digits

# First two octets of networks that the cloud and Internet providers really announce.
_CLOUD = ("47.92", "47.101", "47.244", "8.130", "8.208", "39.104", "116.62", "120.55", "121.40")
_SITES = ("58.33", "61.152", "101.81", "113.87", "180.169", "202.96", "218.17", "91.198", "62.96")

_FIRST_MS = 1_560_000_000_000
_LAST_MS = 1_760_000_000_000
_DAY_MS = 86_400_000
_RESOURCE_GROUPS = {"rg-acfmdefault000": 80.0, "rg-acfmnetwork001": 14.0, "rg-acfmretail0002": 6.0}
_LAST_HOUR_MS = 16 * 3_600_000  # a subscription ends at midnight in Beijing

DEFAULT_NOW_MS = 1_767_225_600_000  # 2026-01-01


@dataclass
class Draw:
    """A seeded random generator that never repeats an id, a pre-shared key or a public address."""

    rng: random.Random
    now_ms: int = DEFAULT_NOW_MS
    _taken: set[str] = field(default_factory=set, repr=False)

    @classmethod
    def from_seed(cls, seed: int, *, now_ms: int = DEFAULT_NOW_MS) -> Draw:
        """Create a generator from a seed; ``now_ms`` is the current time in the emulated cloud."""
        return cls(random.Random(seed), now_ms)

    def branch(self, seed: str) -> Draw:
        """Create a generator whose ids, keys and public addresses never equal this one's."""
        return Draw(random.Random(seed), self.now_ms, self._taken)

    def chance(self, probability: float) -> bool:
        """Return True with the given probability."""
        return self.rng.random() < probability

    def weighted(self, weights: Mapping[T, float]) -> T:
        """Choose a value at random; ``weights`` maps each possible value to its weight."""
        return self.rng.choices(list(weights), weights=list(weights.values()))[0]

    def resource_id(self, kind: str, prefix: str) -> str:
        """Generate a unique id such as ``vco-bp1...``."""
        return self._once(lambda: f"{kind}-{prefix}{self._text(_LOWER, 18)}")

    def pre_shared_key(self) -> str:
        """Generate a pre-shared key of 16 characters, as the cloud does if the user gives none."""
        return self._once(lambda: self._text(_MIXED, 16))

    def access_key(self) -> tuple[str, str]:
        """Generate an access key id and an access key secret of 30 characters."""
        return f"LTAI5t{self._text(_MIXED, 18)}", self._text(_MIXED, 30)

    def name(self) -> str:
        """Generate the name of a site, which is sometimes not in English."""
        if self.chance(0.12):
            return self.rng.choice(NATIVE_NAMES)
        return f"{self.rng.choice(CITIES)}-{self.rng.choice(ROLES)}"

    def tags(self) -> tuple[Tag, ...]:
        """Generate the tags ``owner`` and ``env``; about a third of all resources have no tags."""
        if self.chance(0.35):
            return ()
        tags = (Tag("owner", self.rng.choice(OWNERS)), Tag("env", self.rng.choice(ENVIRONMENTS)))
        note = Tag("cost center", f"{self.rng.randint(1000, 9999)}/华东")
        return (*tags, note) if self.chance(0.15) else tags

    def resource_group(self) -> str:
        """Choose a resource group, usually the default one."""
        return self.weighted(_RESOURCE_GROUPS)

    def cloud_address(self) -> str:
        """Generate the public address of a VPN gateway."""
        return self._once(lambda: self._address(_CLOUD))

    def site_address(self) -> str:
        """Generate the public address of a customer's site."""
        return self._once(lambda: self._address(_SITES))

    def link(self) -> tuple[str, str, str]:
        """Return a /30 block for BGP and its cloud and site addresses; blocks can repeat."""
        stem, last = f"169.254.{self.rng.randint(10, 160)}", 4 * self.rng.randint(0, 63)
        return f"{stem}.{last}/30", f"{stem}.{last + 1}", f"{stem}.{last + 2}"

    def created_ms(self) -> int:
        """Generate a creation time in milliseconds since the epoch, rounded to a whole second."""
        return self.rng.randrange(_FIRST_MS, _LAST_MS, 1000)

    def end_ms(self) -> int:
        """Generate a subscription's end, a midnight in Beijing within about a year."""
        days = 1 + self.rng.randint(30, 3000) % 365
        return self.now_ms // _DAY_MS * _DAY_MS + days * _DAY_MS + _LAST_HOUR_MS

    def certificate(self) -> str:
        """Generate a string that looks like a certificate in PEM format."""
        lines = "\n".join(self._text(_MIXED + "+/", 64) for _ in range(6))
        return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----"

    def _once(self, draw: Callable[[], str]) -> str:
        """Call ``draw`` until it returns a value that has not been generated before."""
        while (drawn := draw()) in self._taken:
            pass
        self._taken.add(drawn)
        return drawn

    def _address(self, nets: tuple[str, ...]) -> str:
        return f"{self.rng.choice(nets)}.{self.rng.randint(1, 254)}.{self.rng.randint(1, 254)}"

    def _text(self, alphabet: str, length: int) -> str:
        return "".join(self.rng.choices(alphabet, k=length))
