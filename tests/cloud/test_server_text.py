"""What a server says is kept, but for what could be a key."""

from __future__ import annotations

import json
import random
import string

import pytest

from vpnframe.cloud.messages import Response
from vpnframe.cloud.redaction import redact_answer
from vpnframe.cloud.server_text import safe_message
from vpnframe.cloud.trees import read_tree
from vpnframe.emulator import refusals
from vpnframe.errors import StatusError

SAID = [value.message for value in vars(refusals).values() if isinstance(value, refusals.Refusal)]
SAID += [refusals.missing_parameter("RegionId").message, refusals.throttled().message]
SAID += [
    "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
    'The specified InstanceId "vco-bp1ax3cl0f4rcnupyf2nx" of cn-hangzhou is not found.',
    "user acs:ram::1505344690023712:user/bob may not call vpc:DescribeVpnConnections",
    "The value of IkeConfig.IkeLifetime must be between 0 and 86400.",
]
ECHOES = (
    "The specified Psk {} is invalid.",
    "The specified Psk is invalid: {}",
    'The value "{}" of IkeConfig.Psk does not match.',
    "The value '{}' is not supported.",
    "Psk={}",
    '{{"Psk":"{}"}} cannot be parsed',
    "<Psk>{}</Psk>",
    "The pre-shared key {} was used",
    "password: {} is too short",
)
KEYS = ("correct horse battery", "hunter", "Sup3r-S3cret!", "correcthorsebatterystaple", "ab\ncd12")


@pytest.mark.parametrize("message", SAID)
def test_what_a_server_says_is_kept(message: str) -> None:
    """Every documented message, with the names and ids in it."""
    assert safe_message(message) == message


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_masked(echo: str, key: str) -> None:
    """No word of it is left, quoted or not."""
    said = safe_message(echo.format(key))
    assert "***" in said
    assert not [word for word in key.split() if word in said]


def test_random_keys_are_masked_anywhere() -> None:
    """Even where nothing says that it is one."""
    chance = random.Random(3)
    alphabet = string.ascii_letters + string.digits + "!#$%&()*+-./:<=>?@[]^_{|}~"
    for _ in range(2_000):
        key = "".join(chance.choices(alphabet, k=chance.randint(16, 60)))
        assert key not in safe_message(f"the thing {key} is wrong")


def test_the_echo_of_a_signed_request_is_left_out() -> None:
    """It can hold a security token."""
    message = "Specified signature is not matched. server string to sign is:POST&%2F&token"
    assert safe_message(message) == "Specified signature is not matched."


def test_no_error_holds_what_its_answer_echoed() -> None:
    """Neither message nor code nor request id; nor the answer once it is redacted."""
    secret = "Sup3r-S3cret!"
    answer = {"Code": f"Bad {secret}", "Message": f"Psk {secret}", "RequestId": f"<{secret}>"}
    response = Response(400, {}, json.dumps(answer).encode())
    with pytest.raises(StatusError) as caught:
        read_tree(response)
    told = (str(caught.value), caught.value.code, caught.value.request_id)
    assert told == ("***: Psk ***!", "***", None)
    assert secret.encode() not in redact_answer(response)
