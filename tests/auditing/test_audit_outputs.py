"""What a review is written as: valid, harmless, and honest about what is missing."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pandas as pd
import pytest
from audit_helpers import NEXT, NOW, inventory, pair
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding

import vpnframe as vf
from vpnframe.auditing.outputs.ocsf import as_ocsf
from vpnframe.auditing.outputs.page import MOST_ROWS, as_page
from vpnframe.auditing.outputs.sarif import as_sarif
from vpnframe.auditing.owners import by_owner
from vpnframe.auditing.review import Review, examine
from vpnframe.auditing.settings import AuditSettings
from vpnframe.cli.audit_output import ReviewFormat, encode
from vpnframe.cli.output import without_formulas
from vpnframe.model.display import printable

SCHEMA = json.loads((Path(__file__).parents[1] / "data" / "sarif-schema-2.1.0.json").read_text())
HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "=cmd|' /C calc'!A0")
BAD = {"ike_encryption": "des-cbc", "ike_integrity": None}
WAIVER = vf.Waiver(
    rule="vpn-ike-des",
    connection="vco-1",
    reason="goes <b>soon</b>",
    owner="network",
    approver="J. Doe",
    ticket="NET-42",
    created=date(2026, 1, 10),
    until=date(2026, 6, 30),
)
AT = AuditSettings(now=NOW, owner_tag="owner")
OTHER = {"customer_gateway_ip": "91.9.9.9", "customer_gateway_id": "cgw-2"}
STYLES = [style for style in get_args(ReviewFormat) if style != "parquet"]


@pytest.fixture(scope="module")
def review() -> Review:
    """One open fault, one waived, one null; of a fleet that was not read to its end."""
    tunnels = (*pair(**BAD), NEXT | OTHER | {"ike_encryption": "des-cbc"})
    inv = inventory(
        *tunnels, keys=[None] * 3, coverage=[{"status": "partial", "n_expected": 9, "n_read": 2}]
    )
    return examine(inv, waivers=[WAIVER], settings=AT)


@pytest.fixture(scope="module")
def hostile() -> Review:
    """Names, tags and identities that somebody chose with care."""
    tunnels = [
        {
            "vpn_connection_id": f"vco-{i}",
            "connection_name": name,
            "customer_gateway_ike_id": name,
            "vpn_gateway_ike_id": name,
            "tags": [f"owner={name}"],
            "customer_gateway_ip": f"91.1.1.{i}",
        }
        for i, name in enumerate(HOSTILE)
    ]
    return examine(inventory(*tunnels), settings=AT)


def test_sarif_is_valid(review: Review, hostile: Review) -> None:
    """Against the published schema, whatever the names are."""
    validator = jsonschema.Draft4Validator(SCHEMA)
    for one in (review, hostile):
        assert list(validator.iter_errors(as_sarif(one))) == []


def test_the_schema_refuses_what_is_wrong(review: Review) -> None:
    """The check sees a level that there is not."""
    log = as_sarif(review)
    log["runs"][0]["results"][0]["level"] = "fatal"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(log, SCHEMA, cls=jsonschema.Draft4Validator)


def test_sarif_tells_open_waived_and_unknown_apart(review: Review) -> None:
    """A fault fails, a waived one is suppressed with its reason, what is unknown stays open."""
    (run,) = as_sarif(review)["runs"]
    results = {
        (one["ruleId"], one["locations"][0]["logicalLocations"][0]["fullyQualifiedName"][-5:]): one
        for one in run["results"]
    }
    waived, fault = results["vpn-ike-des", "vpn-1"], None
    for one in run["results"]:
        if one["ruleId"] == "vpn-ike-des" and "suppressions" not in one:
            fault = one
        if one["ruleId"] == "vpn-ike-des" and "suppressions" in one:
            waived = one
    assert fault is not None
    assert (fault["kind"], fault["level"]) == ("fail", "error")
    assert waived["suppressions"][0]["justification"] == "J. Doe (NET-42): goes <b>soon</b>"
    unknown = [one for one in run["results"] if one["ruleId"] == "vpn-value-unknown"]
    assert [(one["kind"], one["level"]) for one in unknown] == [("open", "none")]
    notes = run["invocations"][0]["toolExecutionNotifications"]
    assert {one["level"] for one in notes} == {"warning"}


def test_sarif_names_each_rule_once(review: Review) -> None:
    """Results point to their rules by place."""
    (run,) = as_sarif(review)["runs"]
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(ids) == len(set(ids))
    assert all(ids[one["ruleIndex"]] == one["ruleId"] for one in run["results"])


def test_ocsf_reads_back(review: Review, hostile: Review) -> None:
    """Through the models themselves, event by event."""
    for one in (review, hostile):
        events = as_ocsf(one)
        assert len(events) == len(one.findings)
        for event in json.loads(json.dumps(events)):
            read = ComplianceFinding(**event)
            assert read.class_uid == 2003
            assert read.type_uid == 200301


def test_ocsf_has_the_cloud_where_its_profile_says(review: Review) -> None:
    """Provider, account and region at the top of the event, and the captions of the schema."""
    captions = {0: "Unknown", 1: "Informational", 2: "Low", 3: "Medium", 4: "High", 5: "Critical"}
    for event in as_ocsf(review):
        assert "cloud" in event["metadata"]["profiles"]
        assert event["cloud"]["provider"] == "Alibaba Cloud"
        assert "cloud" not in event["unmapped"]
        assert event["severity"] == captions[event["severity_id"]]
        assert event["status"] == {1: "New", 3: "Suppressed"}[event["status_id"]]
        compliance = event["compliance"]
        assert compliance["status"] == {0: "Unknown", 3: "Fail"}[compliance["status_id"]]
    (one,) = [
        event for event in as_ocsf(review) if event["metadata"]["event_code"] == "vpn-coverage"
    ]
    assert (one["cloud"]["account"]["uid"], one["cloud"]["region"]) == ("1", "cn-beijing")


def test_ocsf_tells_open_waived_and_unknown_apart(review: Review) -> None:
    """By status and by the status of compliance."""
    found = {
        (event["status"], event["status_id"], event["compliance"]["status_id"])
        for event in as_ocsf(review)
    }
    assert found == {("New", 1, 3), ("Suppressed", 3, 3), ("New", 1, 0)}


class Page(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take one down."""
        self.tags.append((tag, dict(attrs)))


def test_a_page_runs_nothing_and_loads_nothing(hostile: Review) -> None:
    """Hostile names are text: no tag, no attribute and no address comes from them."""
    text = as_page(hostile, title=HOSTILE[0])
    tags = Page(text).tags
    assert not {"script", "img", "iframe", "link", "object", "base", "a"} & {t for t, _ in tags}
    names = {name for _, attributes in tags for name in attributes}
    assert names <= {"lang", "charset", "http-equiv", "content", "name", "class"}
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "default-src 'none'" in text


def test_a_page_shows_no_control_characters(review: Review) -> None:
    """They are replaced in every text, and each is escaped once."""
    text = as_page(replace(review, notes=("\x1b[31m<red>",)), title="a\x07 & b")
    assert "<li>\ufffd[31m&lt;red&gt;</li>" in text
    assert "<h1>a\ufffd &amp; b</h1>" in text
    assert "&lt;div" not in text


def test_the_template_engine_is_loaded_for_a_page_alone() -> None:
    """Other outputs do not pay for it."""
    code = "import sys, vpnframe.cli.audit_output; print('jinja2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_page_says_how_many_it_leaves_out(review: Review) -> None:
    """A rule with very many findings shows the first ones."""
    row = review.findings.head(1)
    many = replace(review, findings=pd.concat([row] * (MOST_ROWS + 3), ignore_index=True))
    assert "and 3 more" in as_page(many)


def test_a_spreadsheet_reckons_nothing(hostile: Review) -> None:
    """No cell of the CSV begins with what a spreadsheet takes for a formula."""
    text = encode(hostile, "csv").decode()
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert not [cell for cell in cells if cell.lstrip(" ").startswith(("=", "+", "-", "@"))]
    assert "'=cmd|' /C calc'!A0" in cells


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t=", "\r@", " =", "\n+", "\x00-", "\uff1d"]
)
def test_every_start_of_a_formula_is_met(start: str) -> None:
    """Blanks and control characters before it, too; numbers and other texts stay as they are."""
    table = pd.DataFrame({"a": [f"{start}1", "lima"], "n": [-1, 2]})
    safe = without_formulas(table)
    assert safe["a"].tolist() == [f"'{printable(start)}1", "lima"]
    assert safe["n"].tolist() == [-1, 2]


@pytest.mark.parametrize("style", STYLES)
def test_every_output_says_what_was_not_read(review: Review, style: ReviewFormat) -> None:
    """That the fleet is not complete, and that no key was judged."""
    text = encode(review, style).decode()
    assert "vpn-coverage" in text
    assert "vpn-psk-unavailable" in text
    if style in ("sarif", "ocsf", "html"):
        assert "coverage NOT COMPLETE" in text
        assert "no key was judged" in text


@pytest.mark.parametrize("style", STYLES)
def test_every_output_shows_what_is_waived(review: Review, style: ReviewFormat) -> None:
    """As waived: never hidden."""
    assert "waived" in encode(review, style).decode()


def test_parquet_reads_back(review: Review) -> None:
    """All findings, all columns."""
    read = pd.read_parquet(io.BytesIO(encode(review, "parquet")))
    assert read["finding_id"].tolist() == review.findings["finding_id"].tolist()
    assert list(read.columns) == list(review.findings.columns)


def test_findings_go_to_their_owners() -> None:
    """A pair's to both; what nobody owns has a file, too."""
    rows = (
        {"tags": ["owner=erp"], "ike_encryption": "des-cbc"},
        NEXT | OTHER | {"tags": ["owner=retail"]},
        {"vpn_connection_id": "vco-3", "tags": [], "onprem_subnets": ["10.9.0.0/24"]},
    )
    inv = inventory(*rows)
    findings = vf.audit(inv, settings=AT)
    parts = by_owner(findings, inv.connections, owner_tag="owner")
    assert list(parts) == ["", "erp", "retail"]
    pairs = {
        owner: set(part["rule_id"]) & {"vpn-overlap-selector-pair"} for owner, part in parts.items()
    }
    assert pairs["erp"] == pairs["retail"] == {"vpn-overlap-selector-pair"}
    assert not pairs[""]
    assert "vpn-ike-des" in set(parts["erp"]["rule_id"])
    assert "vpn-ike-des" not in set(parts["retail"]["rule_id"])
    together: set[Any] = set().union(*(set(part["finding_id"]) for part in parts.values()))
    assert together == set(findings["finding_id"])
