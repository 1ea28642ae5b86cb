"""Resolve inheritance between sections, by their absolute paths.

References
----------
strongswan.conf(5) of strongSwan 5.9, "Referencing other sections".
"""

from __future__ import annotations

from vpnframe.errors import SettingsError
from vpnframe.peers.settings_syntax import Section

MAX_REFERENCES = 64


class Inheritance:
    """Resolver of the references in one file."""

    def __init__(self, root: Section) -> None:
        self._root = root
        self._done: dict[int, Section] = {}
        self._open: list[int] = []

    def resolve(self, section: Section) -> Section:
        """Return a section with everything that it and its subsections inherit.

        Its own settings take precedence, then those of the first section that it references, and so
        on. References to sections that do not exist are ignored.
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
        """Find a section by its path, following what the sections on the way inherit."""
        section = self._root.sections.get(path[0])
        for name in path[1:]:
            if section is None:
                return None
            section = section.sections.get(name) or self.resolve(section).sections.get(name)
        return None if section is None else self.resolve(section)


def _overlay(upper: Section, lower: Section) -> Section:
    """Merge two sections: the settings of ``upper`` take precedence."""
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
