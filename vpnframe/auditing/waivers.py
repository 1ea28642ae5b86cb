"""Waivers accept findings for a limited time. An expired waiver is itself a finding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
import pandas as pd
import pyarrow.compute as pc

from vpnframe import schema
from vpnframe.auditing.drafts import Draft, single
from vpnframe.auditing.logic import Mask, equals, marked
from vpnframe.auditing.texts import texts
from vpnframe.errors import SettingsError
from vpnframe.model.toml_tables import Form, read_toml_tables
from vpnframe.schema.joined import split_column

LONGEST_DAYS = 365
_SELECTORS = ("connection", "gateway", "customer_gateway", "tag", "region", "account")
# The column of findings with whose values each selector is compared.
_COLUMNS = {
    "rule": "rule_id",
    "connection": "vpn_connection_id",
    "gateway": "vpn_gateway_id",
    "region": "region_id",
    "account": "account_id",
    "profile": "profile",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A waiver accepts the findings of one rule that match its selectors.

    Parameters
    ----------
    rule : str
        The rule's id.
    reason, owner, approver, ticket : str
        The reason, the responsible person, the person who approved the waiver, and the ticket that
        records the approval.
    created, until : date
        The first and the last day of the waiver, at most 365 days apart.
    connection, gateway, customer_gateway, tag, region, account, profile : str or None
        Selectors; if several are set, a finding must match all of them. A tag is ``key=value``; a
        customer gateway is an id or a name.
    """

    rule: str
    reason: str
    owner: str
    approver: str
    ticket: str
    created: date
    until: date
    connection: str | None = None
    gateway: str | None = None
    customer_gateway: str | None = None
    tag: Annotated[str, msgspec.Meta(pattern="[^=].*=.*[^=]")] | None = None
    region: str | None = None
    account: str | None = None
    profile: str | None = None

    def is_over(self, now: datetime) -> bool:
        """Check whether the waiver has expired."""
        return local_date(now) > self.until

    @property
    def selector(self) -> str:
        """The waiver's selectors that are set, in one string; ``the fleet`` if none is set."""
        chosen = [(name, getattr(self, name)) for name in (*_SELECTORS, "profile")]
        named = [f"{name} {value}" for name, value in chosen if value is not None]
        return ", ".join(named) or "the fleet"


_FORM = Form(
    "waiver",
    Waiver,
    {
        "rule": "the id of a rule; `vpnframe audit --explain` lists them",
        "profile": "the name of a profile",
        "tag": "a string such as env=test",
        **dict.fromkeys(("created", "until"), "a date such as 2026-12-31, without quotes"),
    },
)


def read_waivers(path: str | Path, *, now: datetime) -> tuple[Waiver, ...]:
    r"""Read waivers from a TOML file.

    Parameters
    ----------
    path : str or Path
        A TOML file with one table ``[[waiver]]`` per waiver. Its fields are ``rule``, at least one
        of ``connection``, ``gateway``, ``customer_gateway``, ``tag`` (key=value), ``region`` and
        ``account`` (only the rule ``platform-ceiling`` needs none of these), ``reason``,
        ``owner``, ``approver``, ``ticket``, ``created`` and ``until`` (dates).
    now : datetime
        The time of judgement; a waiver that begins after its local date is invalid.

    Returns
    -------
    tuple of Waiver
        The waivers in the order of the file, including expired ones.

    Raises
    ------
    SettingsError
        The file cannot be read; a field is unknown, missing or wrong; no rule has that id; or a
        waiver has no selector, lasts more than 365 days, ends before it begins, or begins in the
        future. The message names the file and the waiver.

    Examples
    --------
    >>> import tempfile
    >>> from datetime import UTC
    >>> text = '''[[waiver]]
    ... rule = "vpn-ike-sha1"
    ... tag = "env=test"
    ... reason = "the site closes in June"
    ... owner = "network"
    ... approver = "security"
    ... ticket = "NET-42"
    ... created = 2026-01-10
    ... until = 2026-06-30
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "waivers.toml")
    ...     _ = path.write_text(text)
    ...     (waiver,) = read_waivers(path, now=datetime(2026, 2, 1, tzinfo=UTC))
    >>> waiver.selector, waiver.until.isoformat()
    ('tag env=test', '2026-06-30')
    """
    return checked_waivers(read_toml_tables(path, _FORM), now=now, source=f"{path}, ")


def checked_waivers(
    waivers: Iterable[Waiver], *, now: datetime, source: str = ""
) -> tuple[Waiver, ...]:
    """Return the waivers if all are valid, else raise SettingsError that begins with ``source``."""
    found = tuple(waivers)
    for number, waiver in enumerate(found, 1):
        where = f"{source}waiver {number}"
        if not isinstance(waiver, Waiver):
            raise SettingsError(f"{where} is a {type(waiver).__name__}, not a vf.Waiver")
        try:
            values = ((name, getattr(waiver, name)) for name in waiver.__slots__)
            _FORM.convert({name: value for name, value in values if value is not None})
        except SettingsError as error:
            raise SettingsError(f"{where} of {waiver.rule}: {error}") from None
        for problem in _problems(waiver, now):
            raise SettingsError(f"{where} of {waiver.rule}: {problem}")
    return found


def local_date(now: datetime) -> date:
    """Return the date of a time, in the time zone of this machine."""
    return now.astimezone().date()


def _problems(waiver: Waiver, now: datetime) -> Iterable[str]:
    if waiver.rule not in texts():
        yield f"there is no rule {waiver.rule!r}: vf.rules() lists all rules"
    has_selector = any(getattr(waiver, name) is not None for name in _SELECTORS)
    if not has_selector and waiver.rule != "platform-ceiling":  # a finding on no connection
        yield f"it has no selector: set {', '.join(_SELECTORS[:-1])} or {_SELECTORS[-1]}"
    if waiver.created > local_date(now):
        yield f"it begins on {waiver.created}, which is in the future"
    days = (waiver.until - waiver.created).days
    if days < 0:
        yield f"it ends on {waiver.until}, before it begins"
    if days > LONGEST_DAYS:
        yield f"it lasts {days} days: choose at most {LONGEST_DAYS}, and decide again after that"


def apply_waivers(
    findings: pd.DataFrame, waivers: Sequence[Waiver], *, now: datetime
) -> pd.DataFrame:
    """Set the status of findings that a waiver accepts to ``waived``; remove no finding."""
    valid = [waiver for waiver in waivers if not waiver.is_over(now)]
    if not valid:
        return findings
    by = findings["waived_by"].to_numpy(dtype=object, na_value=None).copy()
    until = findings["waived_until"].to_numpy(dtype="datetime64[ms]").copy()
    status = findings["status"].astype("str").to_numpy(dtype=object).copy()
    for waiver in valid:
        rows = np.flatnonzero(_selected(findings, waiver) & (status == "open"))
        by[rows] = f"{waiver.approver} ({waiver.ticket}): {waiver.reason}"
        until[rows] = np.datetime64(waiver.until, "ms")
        status[rows] = "waived"
    marked = findings.assign(
        waived_by=pd.array(by, dtype="str"),
        waived_until=pd.Series(until, index=findings.index),
        status=pd.Series(status, index=findings.index, dtype="str"),
    )
    return schema.cast("findings", marked)


def expired(waivers: Iterable[Waiver], *, now: datetime) -> list[Draft]:
    """Return one finding for each waiver that has expired."""
    text = texts()["vpn-waiver-expired"]
    return [
        single(
            text,
            column=f"{waiver.rule} of {waiver.selector}",
            value=waiver.selector,
            evidence=text.evidence.format_map(asdict(waiver)),
        )
        for waiver in waivers
        if waiver.is_over(now)
    ]


def idle(waivers: Iterable[Waiver], findings: pd.DataFrame, *, now: datetime) -> Iterator[str]:
    """Yield a note for each unexpired waiver that matches no finding."""
    is_judged = ~equals(findings["status"], "unknown")
    for waiver in waivers:
        if not waiver.is_over(now) and not (_selected(findings, waiver) & is_judged).any():
            named = f"{waiver.rule} for {waiver.selector} ({waiver.ticket})"
            yield f"the waiver of {named} matches no finding: correct or delete it"


def _selected(findings: pd.DataFrame, waiver: Waiver) -> Mask:
    """Mark the findings that a waiver selects."""
    chosen = np.ones(len(findings), bool)
    for selector, column in _COLUMNS.items():
        wanted = getattr(waiver, selector)
        if wanted is not None:
            chosen &= equals(findings[column], wanted)
    if waiver.customer_gateway is not None:
        named = [findings[f"customer_gateway_{part}"] for part in ("id", "name")]
        chosen &= np.logical_or(*(equals(one, waiver.customer_gateway) for one in named))
    if waiver.tag is not None:
        tags = split_column(findings["tags"])
        rows = pc.list_parent_indices(tags).to_numpy()
        has_tag = pc.equal(pc.list_flatten(tags), waiver.tag).to_numpy(zero_copy_only=False)
        chosen &= marked(len(findings), rows[has_tag])
    return chosen
