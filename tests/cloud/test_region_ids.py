"""Which folders name a region."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import vpnframe as vf

_REGIONS_TEXT = """
    cn-qingdao cn-beijing cn-zhangjiakou cn-huhehaote cn-wulanchabu cn-hangzhou cn-shanghai
    cn-nanjing cn-fuzhou cn-shenzhen cn-heyuan cn-guangzhou cn-chengdu cn-hongkong cn-wuhan-lr
    cn-zhengzhou-jva cn-zhongwei cn-heyuan-acdr-1 cn-wulanchabu-gic-1 cn-north-2-gov-1
    cn-beijing-finance-1 cn-shanghai-finance-1 cn-shenzhen-finance-1 cn-hangzhou-finance
    ap-northeast-1 ap-northeast-2 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-5
    ap-southeast-6 ap-southeast-7 ap-south-1 us-east-1 us-west-1 us-southeast-1 na-south-1
    eu-central-1 eu-west-1 eu-west-2 me-east-1 me-central-1 rus-west-1-pop eu-west-1-oxs
    cn-shanghai-et15-b01 cn-hangzhou-bj-b01 cn-hangzhou-internal-test-1 cn-zhangbei-na61-b01
    cn-edge-1 cn-yushanfang cn-fujian cn-qingdao-nebula cn-haidian-cm12-c01
"""
REGIONS = _REGIONS_TEXT.split()
_OTHERS_TEXT = """
    us-backup eu-prod cn-old us-east us-1 us-east-one us-east-1a us-east-1-old eu-west-1-backup
    cn-test cn-prod cn-2024 cn-hangzhou-old cn-hangzhou-test-1 cn-hangzhou-2024 cn-shanghai-h
    cn-data cn-demo ap-south ap-staging me-too na sa-2 af-x hangzhou CN-HANGZHOU xx-east-1 cn- -1
    us-east-1-
"""
OTHERS = _OTHERS_TEXT.split()


@pytest.mark.parametrize("name", REGIONS)
def test_a_folder_named_as_a_region(name: str, tmp_path: Path) -> None:
    """Of the vendor's own lists, those of its SDK too."""
    assert region_of(name, tmp_path) == [name]


@pytest.mark.parametrize("name", OTHERS)
def test_a_folder_named_otherwise(name: str, tmp_path: Path) -> None:
    """A beginning as a region has it makes none."""
    assert region_of(name, tmp_path) == [None]


def region_of(name: str, tmp_path: Path) -> list[str | None]:
    path = tmp_path / name / "vco-1.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"VpnConnectionConfig": {"LocalSubnet": "10.0.0.0/8"}}))
    path.chmod(0o600)
    found = vf.load(tmp_path).connections["region_id"]
    return found.astype(object).where(found.notna(), None).tolist()
