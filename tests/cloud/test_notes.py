"""Values that could not be understood, as failure rows."""

from __future__ import annotations

from vpnframe.cloud.notes import note_failure, record_failures
from vpnframe.model.records import Gateway, Note, Statement

NOTE = Note(field="IkeConfig.IkeEncAlg", message="'twofish' is not a known value")


def test_a_note_says_field_and_problem() -> None:
    """The row names the call, the time, the field and what is wrong with it."""
    failure = note_failure(NOTE, action="DescribeVpnConnections", at_ms=5)
    assert failure.message == "IkeConfig.IkeEncAlg 'twofish' is not a known value"
    assert (failure.kind, failure.action) == ("malformed", "DescribeVpnConnections")
    assert failure.at_ms == 5


def test_a_statements_notes_name_its_call() -> None:
    """A download's notes are of the download, a list row's of the list."""
    for witness, action in (
        ("download", "DownloadVpnConnectionConfig"),
        ("describe", "DescribeVpnConnections"),
    ):
        statement = Statement(
            witness=witness,
            vpn_connection_id="vco-1",
            notes=(NOTE, NOTE),
            fetched_ms=5,
            request_id="R-1",
        )
        failures = list(record_failures(statement))
        assert [(f.action, f.at_ms, f.request_id) for f in failures] == [(action, 5, "R-1")] * 2
        assert {f.vpn_connection_id for f in failures} == {"vco-1"}


def test_a_gateways_notes_name_the_gateway() -> None:
    """There is no column for a gateway, so the message has its id."""
    for kind, action in (("vpn", "DescribeVpnGateways"), ("customer", "DescribeCustomerGateways")):
        gateway = Gateway(gateway_id="gw-1", kind=kind, notes=(NOTE,))
        (failure,) = record_failures(gateway)
        assert failure.message.startswith("gw-1 IkeConfig.IkeEncAlg")
        assert failure.action == action
