"""What stands before every page: session, forged posts, foreign hosts, sizes, headers.

The session is a signed cookie that this site alone gets back; its key is made anew with each server, so that nobody can
forge one and nothing is left behind. A post carries the session's own token, and comes from one of these pages.
"""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request, session

BODY_MAX_BYTES = 1024 * 1024
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
_ID_BELOW = 10**18
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; script-src 'none'"
)
_TOKEN_BYTES = 24
_KEY_BYTES = 32


def settle_session(app: Flask) -> None:
    """Give an application a session key of its own and strict cookies."""
    app.secret_key = secrets.token_bytes(_KEY_BYTES)
    app.config.update(
        SESSION_COOKIE_NAME="huoban_sandbox", SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Strict"
    )


def token() -> str:
    """Return the session's token for posts, made on first use."""
    if "token" not in session:
        session["token"] = secrets.token_urlsafe(_TOKEN_BYTES)
    return str(session["token"])


def check(hosts: frozenset[str] | None) -> None:
    """Refuse a request that no page of ours would make.

    Args:
        hosts: Names by which this site may be called, without port; None for any (it is not on loopback).

    Raises:
        HTTPException: 404 for an id of no form, 413 for a body too large, 403 for the rest.
    """
    if hosts is not None and request.host.rpartition(":")[0] not in hosts and request.host not in hosts:
        abort(403)
    if any(isinstance(value, int) and value >= _ID_BELOW for value in (request.view_args or {}).values()):
        abort(404)
    if request.method != "POST":
        return
    request.max_content_length = BODY_MAX_BYTES
    if (request.content_length or 0) > BODY_MAX_BYTES:
        abort(413)
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        abort(403)
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        abort(403)
    if not hmac.compare_digest(str(session.get("token", "")).encode(), request.form.get("token", "-").encode()):
        abort(403)


def harden(answer: Response) -> Response:
    """Add what tells a browser to run nothing, frame nothing, keep nothing."""
    answer.headers["Content-Security-Policy"] = _POLICY
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "same-origin"
    answer.headers["X-Frame-Options"] = "DENY"
    if request.endpoint != "web.static":
        answer.headers["Cache-Control"] = "no-store"
    return answer
