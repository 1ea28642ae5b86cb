"""From the cloud to tables: the place where the network half and the table half meet."""

from vpnframe.fetching.beforehand import aplan, doctor, plan
from vpnframe.fetching.whole import afetch, fetch

__all__ = ["afetch", "aplan", "doctor", "fetch", "plan"]
