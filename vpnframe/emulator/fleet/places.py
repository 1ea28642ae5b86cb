"""List the emulated cloud's regions, and words for the names and tags of its resources."""

# ruff: noqa: RUF001  (the cloud writes its regions' names with full-width brackets)

from __future__ import annotations

from vpnframe.emulator.fleet.model import EmulatedRegion

# Region id, the cloud's name of the region, and the text after the hyphen with which ids begin.
_REGIONS = """
cn-hangzhou|华东1（杭州）|bp1
cn-shanghai|华东2（上海）|uf6
cn-beijing|华北2（北京）|2ze
cn-shenzhen|华南1（深圳）|wz9
ap-southeast-1|新加坡|t4n
eu-central-1|德国（法兰克福）|gw8
cn-hongkong|中国香港|j6c
us-east-1|美国（弗吉尼亚）|0xi
cn-zhangjiakou|华北3（张家口）|8vb
us-west-1|美国（硅谷）|rj9
ap-northeast-1|日本（东京）|6we
cn-chengdu|西南1（成都）|2vc
cn-guangzhou|华南3（广州）|7xv
ap-southeast-5|印度尼西亚（雅加达）|k1a
eu-west-1|英国（伦敦）|d7o
me-east-1|阿联酋（迪拜）|eb3
cn-qingdao|华北1（青岛）|m5e
ap-southeast-3|马来西亚（吉隆坡）|8ps
cn-huhehaote|华北5（呼和浩特）|hp3
cn-wulanchabu|华北6（乌兰察布）|0jl
cn-heyuan|华南2（河源）|f8z
cn-nanjing|华东5（南京）|gc7
ap-southeast-6|菲律宾（马尼拉）|5ts
ap-southeast-7|泰国（曼谷）|0jo
ap-northeast-2|韩国（首尔）|mj7
me-central-1|沙特（利雅得）|l4v
cn-fuzhou|华东6（福州）|gw0
cn-wuhan-lr|华中1（武汉）|n4a
cn-shanghai-finance-1|华东2 金融云|uf7
cn-shenzhen-finance-1|华南1 金融云|wz7
"""

CITIES = (
    *("shanghai", "beijing", "hangzhou", "shenzhen", "chengdu", "wuhan", "xian", "suzhou"),
    *("frankfurt", "hamburg", "lyon", "milano", "madrid", "porto", "krakow", "oslo"),
    *("singapore", "jakarta", "tokyo", "osaka", "seoul", "manila", "dubai", "mumbai"),
    *("austin", "denver", "seattle", "toronto", "bogota", "lima", "lagos", "nairobi"),
)
NATIVE_NAMES = (
    *("上海-办公室", "北京-机房", "深圳分公司", "杭州-总部", "成都-仓库", "武汉工厂"),
    *("東京-本社", "大阪支店", "서울-지사", "München-Büro", "São-Paulo-fábrica", "Zürich-DC"),
)
ROLES = ("office", "idc", "branch", "factory", "warehouse", "store", "dc1", "dc2", "lab")
OWNERS = ("network", "retail", "erp", "platform", "logistics", "finance")
ENVIRONMENTS = ("prod", "prod", "prod", "staging", "test", "dr")


def list_regions(n_regions: int) -> tuple[EmulatedRegion, ...]:
    """Return the first ``n_regions`` regions of the emulated cloud."""
    lines = _REGIONS.strip().splitlines()
    if not 1 <= n_regions <= len(lines):
        raise ValueError(f"the number of regions must be from 1 to {len(lines)}, not {n_regions}")
    return tuple(EmulatedRegion(*line.split("|")) for line in lines[:n_regions])
