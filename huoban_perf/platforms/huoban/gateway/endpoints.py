"""Every endpoint of the automation gateway that we call.

Deleting is known from code and was never reported as tried; enabling and disabling were not recovered. Neither is here:
what an automation no longer needed becomes is a person's step.
"""

from __future__ import annotations

from huoban_perf.platforms.huoban.endpoints import Endpoint, Mark

AUTOMATION_CREATE = Endpoint(
    name="gateway.automation.create",
    method="POST",
    path="/paas/automation/{sort}",
    safe_to_repeat=False,  # a repeat makes a second automation
    writes=True,
    mark=Mark.VERIFIED,
    source="automation-plane.md §3.1",
)
AUTOMATION_READ = Endpoint(
    name="gateway.automation.read",
    method="GET",
    path="/paas/automation/{automation_id}",
    safe_to_repeat=True,
    writes=False,
    mark=Mark.VERIFIED,
    source="automation-plane.md §3.1",
)
AUTOMATION_UPDATE = Endpoint(
    name="gateway.automation.update",
    method="PUT",
    path="/paas/automation/{automation_id}",
    safe_to_repeat=True,  # the same document again
    writes=True,
    mark=Mark.VERIFIED,
    source="automation-plane.md §3.1",
)
AUTOMATION_LIST = Endpoint(
    name="gateway.automation.list",
    method="GET",
    path="/paasapi/admin/space/{space_id}/source_type/automation/layout?automation_table_id={table_id}",
    safe_to_repeat=True,
    writes=False,
    mark=Mark.CODE,
    source="automation-plane.md §3.1",
)

GATEWAY = (AUTOMATION_CREATE, AUTOMATION_READ, AUTOMATION_UPDATE, AUTOMATION_LIST)
"""All of them."""

EDITOR = "https://app.huoban.com/admin/spaces/{space}/tables/{table}/automations/{sort}/{automation_id}/edit"
"""Where a person opens an automation. Source: automation-plane.md §2 [code A3]."""
