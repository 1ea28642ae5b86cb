"""Who the emulator lets in: keys, clock, nonces, tokens, and the documented refusals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from test_emulator_client import NOW, Signer, code_of, signer_of

from vpnframe.cloud.messages import Request
from vpnframe.emulator import State, handle, make_fleet, make_state
from vpnframe.emulator.gate import NonceLedger


@pytest.fixture
def state() -> State:
    """An emulator without connections."""
    return make_state(make_fleet(connections=0, regions=2))


@pytest.fixture
def signer(state: State) -> Signer:
    """The first account's signer."""
    return signer_of(state)


def without(request: Request, name: str) -> Request:
    """Leave one header out."""
    headers = {key: value for key, value in request.headers.items() if key != name}
    return replace(request, headers=headers)


def refused(state: State, request: Request, *, now: float = NOW) -> str:
    """Ask, and give the code of the refusal, or nothing."""
    if "accept" not in request.headers and "Format=JSON" not in request.url:
        request = replace(request, headers=dict(request.headers) | {"accept": "application/json"})
    return code_of(handle(state, request, now))[1]


def test_both_schemes_are_let_in(state: State, signer: Signer) -> None:
    """A true signature of either scheme gets its answer."""
    assert refused(state, signer.acs3("DescribeRegions")) == ""
    assert refused(state, signer.v1("DescribeRegions")) == ""


def test_v1_in_a_form_body_is_let_in(state: State, signer: Signer) -> None:
    """A v1 call may bring all its parameters in a form body."""
    assert refused(state, signer.v1("DescribeRegions", is_form=True)) == ""


def test_acs3_form_body_is_read(state: State, signer: Signer) -> None:
    """An ACS3 call may bring its parameters in a form body, covered by its hash."""
    form = {"content-type": "application/x-www-form-urlencoded"}
    request = signer.acs3("DescribeVpnGateways", headers=form, body=b"RegionId=cn-hangzhou")
    assert handle(state, request, NOW).status == 200


def test_unknown_key(state: State) -> None:
    """A key that nobody was given is refused with 404."""
    request = Signer("LTAI5tnobody", "secret").acs3("DescribeRegions")
    assert code_of(handle(state, request, NOW)) == (404, "InvalidAccessKeyId.NotFound")


def test_wrong_secret(state: State, signer: Signer) -> None:
    """A known key with another secret is refused with 400."""
    request = Signer(signer.access_key_id, "wrong").acs3("DescribeRegions")
    assert code_of(handle(state, request, NOW)) == (400, "SignatureDoesNotMatch")


@pytest.mark.parametrize("is_form", [False, True])
def test_wrong_secret_under_v1(state: State, signer: Signer, is_form: bool) -> None:
    """The older scheme is checked as strictly."""
    request = Signer(signer.access_key_id, "wrong").v1("DescribeRegions", is_form=is_form)
    assert refused(state, request) == "SignatureDoesNotMatch"


@pytest.mark.parametrize("name", ["host", "x-acs-action", "x-acs-version"])
def test_lost_header(state: State, signer: Signer, name: str) -> None:
    """A header that was signed and does not arrive breaks the signature."""
    request = without(signer.acs3("DescribeRegions"), name)
    assert refused(state, request) == "SignatureDoesNotMatch"


@pytest.mark.parametrize("name", ["x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"])
def test_missing_signing_header(state: State, signer: Signer, name: str) -> None:
    """What signing itself needs is named when it is missing."""
    request = without(signer.acs3("DescribeRegions"), name)
    assert refused(state, request) == "MissingParameter"


def test_unsigned_x_acs_header(state: State, signer: Signer) -> None:
    """Every x-acs header has to be signed."""
    request = signer.acs3("DescribeRegions")
    headers = dict(request.headers) | {"x-acs-extra": "1"}
    assert refused(state, replace(request, headers=headers)) == "IncompleteSignature"


def test_malformed_authorization(state: State, signer: Signer) -> None:
    """An authorization that is none of ours is incomplete."""
    request = signer.acs3("DescribeRegions", headers={})
    headers = dict(request.headers) | {"authorization": "Bearer token"}
    assert refused(state, replace(request, headers=headers)) == "IncompleteSignature"


def test_no_signature_at_all(state: State) -> None:
    """A bare request is told what it lacks."""
    request = Request("GET", "https://vpc.aliyuncs.com/?Action=DescribeRegions&Format=JSON")
    assert refused(state, request) == "MissingParameter"


def test_changed_body(state: State, signer: Signer) -> None:
    """A body that does not have the signed hash is refused."""
    request = replace(signer.acs3("DescribeRegions"), body=b"x=1")
    assert refused(state, request) == "SignatureDoesNotMatch"


@pytest.mark.parametrize(("offset_s", "code"), [(-900, ""), (900, ""), (-901, "E"), (901, "E")])
def test_clock(state: State, signer: Signer, offset_s: int, code: str) -> None:
    """A clock may be fifteen minutes off, either way, and no more."""
    expected = code and "InvalidTimeStamp.Expired"
    assert refused(state, signer.acs3("DescribeRegions", now=NOW + offset_s)) == expected


def test_unreadable_date(state: State, signer: Signer) -> None:
    """A date in another form is named as such."""
    request = signer.acs3("DescribeRegions", headers={"x-acs-date": "yesterday"})
    assert refused(state, request) == "InvalidTimeStamp.Format"


@pytest.mark.parametrize("scheme", [Signer.acs3, Signer.v1], ids=["acs3", "v1"])
def test_resent_request(
    state: State, signer: Signer, scheme: Callable[[Signer, str], Request]
) -> None:
    """The same signed request is accepted once."""
    request = scheme(signer, "DescribeRegions")
    assert refused(state, request) == ""
    assert refused(state, request, now=NOW + 600) == "SignatureNonceUsed"


def test_refused_request_keeps_its_nonce(state: State, signer: Signer) -> None:
    """A forged request cannot use up a nonce of somebody else."""
    good = signer.acs3("DescribeRegions")
    forged = replace(good, url=good.url + "&PageSize=1")
    assert refused(state, forged) == "SignatureDoesNotMatch"
    assert refused(state, good) == ""


def test_nonces_are_forgotten() -> None:
    """A nonce is kept as long as its request could be accepted, and not forever."""
    ledger = NonceLedger()
    ledger.use("key", "first", now=0.0)
    ledger.use("key", "second", now=1800.0)
    assert len(ledger) == 2
    ledger.use("key", "third", now=1801.0)
    assert len(ledger) == 2


def session_of(state: State, *, expires_at: float = NOW + 60) -> Signer:
    """Issue temporary credentials."""
    credential = state.add_session(state.fleet.accounts[0].account_id, expires_at=expires_at)
    return Signer(credential.access_key_id, credential.access_key_secret, credential.security_token)


@pytest.mark.parametrize("scheme", [Signer.acs3, Signer.v1], ids=["acs3", "v1"])
def test_session(state: State, scheme: Callable[[Signer, str], Request]) -> None:
    """Temporary credentials with their token are let in."""
    assert refused(state, scheme(session_of(state), "DescribeRegions")) == ""


def test_session_without_token(state: State) -> None:
    """A temporary key without its token is told so."""
    session = replace(session_of(state), security_token=None)
    assert refused(state, session.acs3("DescribeRegions")) == "MissingSecurityToken"


def test_session_with_unknown_token(state: State) -> None:
    """A token that nobody issued is malformed."""
    session = replace(session_of(state), security_token="CAISnone")
    assert refused(state, session.v1("DescribeRegions")) == "InvalidSecurityToken.Malformed"


def test_session_with_another_token(state: State) -> None:
    """A token of another session does not fit."""
    session = replace(session_of(state), security_token=session_of(state).security_token)
    code = refused(state, session.acs3("DescribeRegions"))
    assert code == "InvalidSecurityToken.MismatchWithAccessKey"


def test_expired_session(state: State) -> None:
    """A session that is over is refused, whatever its signature."""
    session = session_of(state, expires_at=NOW)
    assert refused(state, session.acs3("DescribeRegions")) == "InvalidSecurityToken.Expired"
