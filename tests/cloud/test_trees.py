"""Bodies to trees, and the errors they carry."""

from __future__ import annotations

import pytest
from helpers import response

from vpnframe.cloud.messages import Response
from vpnframe.cloud.trees import read_tree, write_tree
from vpnframe.errors import ResponseError, StatusError

HTML = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><hr></html>"
XHTML = b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><p>502</p></html>'
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    b"<R><Code>&b;</Code></R>"
)
EXTERNAL = b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><R><Name>&x;</Name></R>'

UNREADABLE = [
    ("empty", b"", "is empty"),
    ("blank", b" \r\n ", "is empty"),
    ("a BOM alone", b"\xef\xbb\xbf", "is empty"),
    ("cut JSON", b'{"VpnConnectionConfig": {"IkeConfig": {"Psk": "canary', "is cut off after"),
    ("text", b"canary: not an answer", "neither JSON nor XML"),
    ("trailing text", b'{"a": 1} canary', "neither JSON nor XML"),
    ("no UTF-8", b'{"Name": "\xff\xfecanary"}', "neither JSON nor XML"),
    ("JSON nested too deep", b'{"a":' * 9000 + b"1" + b"}" * 9000, "nested too deeply"),
    ("a list", b'["canary"]', "is JSON, but not an object"),
    ("a string", b'"canary"', "is JSON, but not an object"),
    ("null", b"null", "is JSON, but not an object"),
    ("cut XML", b"<R><Psk>canary</Ps", "XML that is cut off or not well-formed"),
    ("two roots", b"<a/><b/>", "XML that is cut off or not well-formed"),
    ("XML nested too deep", b"<a>" * 9000 + b"canary" + b"</a>" * 9000, "nested too deeply"),
    ("unknown encoding", b'<?xml version="1.0" encoding="x-canary"?><R/>', "XML that is cut off"),
    ("entity bomb", BOMB, "XML that is cut off or not well-formed"),
    ("external entity", EXTERNAL, "XML that is cut off or not well-formed"),
    ("HTML", HTML, "is an HTML page"),
    ("HTML in capitals", b"<HTML><BODY>canary<BR></BODY></HTML>", "is an HTML page"),
    ("XHTML", XHTML, "is an HTML page"),
]


@pytest.mark.parametrize("status", [200, 502])
@pytest.mark.parametrize(
    ("body", "said"), [r[1:] for r in UNREADABLE], ids=[r[0] for r in UNREADABLE]
)
def test_unreadable_bodies(body: bytes, said: str, status: int) -> None:
    """The message says what is wrong, keeps the status, and shows nothing of the body."""
    with pytest.raises(ResponseError, match=said) as caught:
        read_tree(response(body, status))
    assert caught.value.http_status == status
    assert ("(HTTP 502)" in str(caught.value)) == (status == 502)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "tree"),
    [
        (b'{"Name": "\\ud800x", "n": 5}', {"Name": "?x", "n": "5"}),
        (b'{"Load": NaN, "n": 5}', {"Load": None, "n": "5"}),
        (b'{"Load": -Infinity}', {"Load": None}),
        (b'{"Load": 1e999}', {"Load": "1e999"}),
    ],
)
def test_one_odd_value_does_not_cost_the_answer(body: bytes, tree: object) -> None:
    """What is no strict JSON in one value is read around."""
    assert read_tree(response(body))[0] == tree


@pytest.mark.parametrize("n", [300, 450, 600, 900])
def test_deep_nesting_is_read_or_refused(n: int) -> None:
    """No depth ends in anything but an answer or an error of ours."""
    for body in (b'{"a":' * n + b"1" + b"}" * n, b"<a>" * n + b"1" + b"</a>" * n):
        try:
            tree, _ = read_tree(response(body))
        except ResponseError:
            continue
        assert list(tree) == ["a"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("text", "root"), [('{"Name": "vpn连接"}', None), ("<R><Name>vpn连接</Name></R>", "R")]
)
def test_byte_order_marks(text: str, root: str | None, encoding: str) -> None:
    """As editors and shells save answers."""
    assert read_tree(response(text.encode(encoding))) == ({"Name": "vpn连接"}, root)


def test_xml_looks_like_json() -> None:
    """Scalars are text, repeated elements a list, comments and a namespace nothing."""
    body = b'<R xmlns="urn:x"><!-- c --><A> 1 </A><B><C>2</C><C>3</C></B><D/></R>'
    assert read_tree(response(body)) == ({"A": "1", "B": {"C": ["2", "3"]}, "D": ""}, "R")


def test_of_doubled_keys_the_last_stands() -> None:
    """As every JSON reader has it."""
    assert read_tree(response(b'{"a": 1, "a": 2}'))[0] == {"a": 2}


@pytest.mark.parametrize("status", [200, 400, 429, 503])
@pytest.mark.parametrize(
    "body",
    [
        b'{"RequestId": "R-1", "Code": "Throttling.User", "Message": "slow down"}',
        b"<Error><RequestId>R-1</RequestId><Code>Throttling.User</Code>"
        b"<Message>slow down</Message></Error>",
    ],
    ids=["JSON", "XML"],
)
def test_an_error_is_known_by_its_code(body: bytes, status: int) -> None:
    """With any status, even 200."""
    with pytest.raises(StatusError) as caught:
        read_tree(response(body, status))
    error = caught.value
    assert (error.code, error.http_status, error.request_id) == ("Throttling.User", status, "R-1")
    assert str(error) == "Throttling.User: slow down"


@pytest.mark.parametrize("code", ["200", "OK", "Success", "", " ", None, 200])
def test_codes_that_are_no_errors(code: object) -> None:
    """Some products say that all is well."""
    assert read_tree(response({"Code": code, "Name": "n"}))[0]["Name"] == "n"


@pytest.mark.parametrize(
    "error", [{}, {"Message": None}, {"Message": ["canary"]}, {"RequestId": {"canary": 1}}]
)
def test_errors_with_odd_fields(error: dict[str, object]) -> None:
    """The code is enough."""
    with pytest.raises(StatusError, match=r"^Odd: no message$") as caught:
        read_tree(response({"Code": " Odd ", **error}))
    assert caught.value.request_id is None


def test_an_error_that_repeats_what_was_signed_is_cut() -> None:
    """A security token stands in the string to sign."""
    message = "Signature is not matched. server string to sign is:GET&SecurityToken%3Dcanary"
    with pytest.raises(StatusError) as caught:
        read_tree(response({"Code": "SignatureDoesNotMatch", "Message": message}, 400))
    assert str(caught.value) == "SignatureDoesNotMatch: Signature is not matched."


def test_an_endless_error_is_cut() -> None:
    """A message is a line in a table."""
    with pytest.raises(StatusError) as caught:
        read_tree(response({"Code": "C" * 9999, "Message": "m" * 9999}, 400))
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("status", [400, 404, 502])
def test_a_bad_status_without_a_code(status: int) -> None:
    """A tree that is no error, with the status of one."""
    with pytest.raises(ResponseError, match=f"HTTP status {status} and no Code") as caught:
        read_tree(response({"a": 1}, status))
    assert caught.value.http_status == status


def test_a_redirect_is_no_answer() -> None:
    """It is not followed, and has no body to read."""
    with pytest.raises(ResponseError, match=r"is empty \(HTTP 302\)"):
        read_tree(response(b"", 302))


def test_a_repeated_element_is_a_list() -> None:
    """Written as it is read."""
    tree = {"Tag": [{"Key": "a"}, {"Key": "b"}]}
    body = b"<Tags><Tag><Key>a</Key></Tag><Tag><Key>b</Key></Tag></Tags>"
    assert write_tree(tree, "Tags") == body
    assert read_tree(Response(200, {}, body)) == (tree, "Tags")
