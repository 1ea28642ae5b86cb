"""Recognize region ids: a folder of saved responses may be named after a region."""

from __future__ import annotations

import re

# Outside China: a continent or country, a direction and a number. In China: mostly a city.
_DIRECTION = r"(?:(?:north|south)(?:east|west)?|east|west|central)-[0-9]{1,2}"
_ABROAD = rf"(?:ap|us|eu|me|na|sa|af|rus)-{_DIRECTION}"
# The places of current regions, and capitals and large cities that may become regions.
_PLACES = """
    beijing changchun changsha chengdu chongqing dalian dongguan foshan fujian fuzhou guangzhou
    guiyang haerbin haidian haikou hangzhou hefei heyuan hongkong huhehaote jinan kunming lanzhou
    lasa macau nanchang nanjing nanning nantong ningbo qingdao sanya shanghai shenyang shenzhen
    shijiazhuang suzhou taiyuan tianjin wenzhou wuhan wulanchabu wulumuqi wuxi xiamen xian xining
    xuzhou yinchuan yushanfang zhangbei zhangjiakou zhengzhou zhongwei zhuhai
"""
_CHINA = rf"cn-(?:{'|'.join(_PLACES.split())}|{_DIRECTION}|edge-[0-9]{{1,2}})"
# Suffixes of zones for one industry, for a partner, for the vendor or for one building.
_KIND = r"finance|gov|acdr|gic|nebula|internal-prod|internal-test"
_OWN = rf"lr|jva|finance|nebula|inner|oxs|pop|finance-pop|(?:{_KIND})-[0-9]{{1,3}}"
_BUILDING = r"[a-z]{2}(?:[0-9]{1,2})?-[a-z][0-9]{2}"
_REGION_ID = re.compile(rf"(?:{_ABROAD}|{_CHINA})(?:-(?:{_OWN}|{_BUILDING}))?")


def is_region_id(name: str) -> bool:
    """Check whether a name has the form of a region id."""
    return _REGION_ID.fullmatch(name) is not None
