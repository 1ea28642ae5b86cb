"""Sections with what they inherit from others, by their absolute paths.

References
----------
strongswan.conf(5) of strongSwan 5.9, "Referencing other sections".
"""

from __future__ import annotations

from vpnframe.errors import SettingsError
from vpnframe.peers.settings_syntax import Section

MAX_REFERENCES = 64


class Inheritance:
    """Resolves the references of one file."""

    def __init__(self, root: Section) -> None:
        self._root = root
        self._done: dict[int, Section] = {}
        self._open: list[int] = []

    def resolve(self, section: Section) -> Section:
        """Give a section with everything that it inherits, and so for all below it.

        Its own settings come first, then those of the first section that it names, and so on. What
        it names and what is not there is nothing.
        """
        if id(section) in self._done:
            return self._done[id(section)]
        if id(section) in self._open or len(self._open) > MAX_REFERENCES:
            raise SettingsError(
                f"sections inherit from each other in a circle, or over more than "
                f"{MAX_REFERENCES} steps"
            )
        self._open.append(id(section))
        found = Section(
            settings=dict(section.settings),
            sections={name: self.resolve(one) for name, one in section.sections.items()},
            others=dict(section.others),
            unknown_lines=list(section.unknown_lines),
            included_lines=list(section.included_lines),
        )
        for path in section.parents:
            parent = self._find(path)
            if parent is not None:
                found = _overlay(found, parent)
        self._open.pop()
        self._done[id(section)] = found
        return found

    def _find(self, path: tuple[str, ...]) -> Section | None:
        """Find a section by its path, through what the sections on the way inherit."""
        section = self._root.sections.get(path[0])
        for name in path[1:]:
            if section is None:
                return None
            section = section.sections.get(name) or self.resolve(section).sections.get(name)
        return None if section is None else self.resolve(section)


def _overlay(upper: Section, lower: Section) -> Section:
    """Lay one section over another: what both have is the upper's."""
    sections = dict(upper.sections)
    for name, one in lower.sections.items():
        sections[name] = _overlay(sections[name], one) if name in sections else one
    return Section(
        settings=lower.settings | upper.settings,
        sections=sections,
        others=lower.others | upper.others,
        unknown_lines=[*upper.unknown_lines, *lower.unknown_lines],
        included_lines=[*upper.included_lines, *lower.included_lines],
    )
