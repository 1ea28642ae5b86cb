"""Values that could not be understood, as failure rows."""

from __future__ import annotations

import json

import pytest

from vpnframe.cloud.answers import decode_download, decode_page
from vpnframe.cloud.messages import Response
from vpnframe.cloud.notes import note_failure, record_failures
from vpnframe.model.records import Note

NOTE = Note(field="IkeConfig.IkeEncAlg", message="'twofish' is not a known value")


def test_a_note_says_field_and_problem() -> None:
    """The row names the call, the time, the field and what is wrong with it."""
    failure = note_failure(NOTE, action="DescribeVpnConnections", at_ms=5)
    assert failure.message == "IkeConfig.IkeEncAlg 'twofish' is not a known value"
    assert (failure.kind, failure.action) == ("malformed", "DescribeVpnConnections")
    assert failure.at_ms == 5


def answer(tree: object) -> Response:
    return Response(200, {}, json.dumps(tree).encode())


def test_a_downloads_notes_name_the_download() -> None:
    """The connection has a column of its own."""
    tree = {"VpnConnectionConfig": {"Local": "192.0.2.1", "IkeConfig": {"IkeLifetime": "soon"}}}
    found = decode_download(answer(tree), vpn_connection_id="vco-1")
    failures = list(record_failures(found))
    assert {failure.action for failure in failures} == {"DownloadVpnConnectionConfig"}
    assert {failure.vpn_connection_id for failure in failures} == {"vco-1"}
    assert any("IkeConfig.IkeLifetime " in failure.message for failure in failures)


@pytest.mark.parametrize(
    ("action", "outer", "inner", "row", "start"),
    [
        (
            "DescribeVpnConnections",
            "VpnConnections",
            "VpnConnection",
            {"VpnConnectionId": "vco-1", "CreateTime": "soon"},
            "VpnConnections.VpnConnection[0].CreateTime ",
        ),
        (
            "DescribeVpnAttachments",
            "VpnAttachments",
            "VpnAttachment",
            {"InstanceId": "vco-1", "Name": [1]},
            "vco-1 VpnAttachments.VpnAttachment[0].Name ",
        ),
        (
            "DescribeVpnGateways",
            "VpnGateways",
            "VpnGateway",
            {"VpnGatewayId": "vpn-1", "CreateTime": "soon"},
            "vpn-1 VpnGateways.VpnGateway[0].CreateTime ",
        ),
        (
            "DescribeCustomerGateways",
            "CustomerGateways",
            "CustomerGateway",
            {"CustomerGatewayId": "cgw-1", "CreateTime": "soon"},
            "cgw-1 CustomerGateways.CustomerGateway[0].CreateTime ",
        ),
        (
            "DescribeVpcs",
            "Vpcs",
            "Vpc",
            {"VpcId": "vpc-1", "VpcName": [1]},
            "vpc-1 Vpcs.Vpc[0].VpcName ",
        ),
        (
            "DescribeVpnRouteEntries",
            "VpnRouteEntries",
            "VpnRouteEntry",
            {"RouteDest": "10.0.0.0/8", "Weight": "high"},
            "the route to 10.0.0.0/8: VpnRouteEntries.VpnRouteEntry[0].Weight ",
        ),
    ],
)
def test_a_rows_notes_name_its_list_and_its_resource(
    action: str, outer: str, inner: str, row: object, start: str
) -> None:
    """There is no column for a gateway, a VPC or a route, so the message names it."""
    page = decode_page(answer({outer: {inner: [row]}, "TotalCount": 1}), action=action)
    (record,) = page.rows
    failures = list(record_failures(record))
    assert {failure.action for failure in failures} == {action}
    assert any(failure.message.startswith(start) for failure in failures)
