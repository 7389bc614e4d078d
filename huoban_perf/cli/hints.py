"""What ``nocodb hooks`` does: the address with its secret, and the tables that are to call it."""

from __future__ import annotations

from collections.abc import Mapping

from huoban_perf.cli.deployed import owner_of, store_of, wish_of
from huoban_perf.cli.session import Settings
from huoban_perf.core.addresses import Address
from huoban_perf.core.errors import ProfileError
from huoban_perf.deploy import bindings_of, hush, standing, tell
from huoban_perf.profile import Site
from huoban_perf.service.endpoint import SECRET_LENGTH

CALLBACK_SECRET = "HUOBAN_PERF_CALLBACK_SECRET"  # noqa: S105 - the name of a variable


def arrange(settings: Settings, site: Site, *, address: str | None, apply: bool) -> Mapping[Address, bool]:
    """Have the tables with automations call the service, or take that away.

    Args:
        settings: The command's settings; their environment holds the secret part of the path.
        site: The connected workspace.
        address: Where the service listens; None takes the hints away.
        apply: Do it; otherwise only look.

    Returns:
        Table → whether it was, or would be, changed.

    Raises:
        ProfileError: The platform lets no program arrange hints, or the secret is missing or too short.
    """
    sink = site.connection.hints
    if sink is None:
        raise ProfileError("hooks.none", facts={"profile": site.profile.name})
    wish = wish_of(site.profile)
    bindings = bindings_of(store_of(site, wish).load(owner_of(site, wish)))
    if address is None:
        if apply:
            return hush(wish.schema, bindings=bindings, sink=sink)
        return standing(wish.schema, bindings=bindings, sink=sink)
    secret = settings.environ.get(CALLBACK_SECRET, "").strip()
    if len(secret) < SECRET_LENGTH:
        raise ProfileError("hooks.no_secret", facts={"variable": CALLBACK_SECRET, "length": SECRET_LENGTH})
    url = f"{address.rstrip('/')}/hook/{secret}"
    return tell(wish.schema, bindings=bindings, sink=sink, url=url, apply=apply)
