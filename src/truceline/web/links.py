"""Where links in answers point: the address the operator gave, or the one the connection came in by.

The Host header is what the client says and is not repeated: a cached answer could lead others astray.
"""

from __future__ import annotations

from starlette.requests import Request


def base_url(request: Request) -> str:
    """Return the address of the service's root, without a slash at its end."""
    public = str(request.app.state.settings.public_url)
    if public:
        return public.rstrip("/")
    scheme = str(request.scope.get("scheme", "http"))
    host, port = request.scope.get("server") or ("127.0.0.1", None)
    if ":" in host:
        host = f"[{host}]"
    usual = {"http": 80, "https": 443}.get(scheme)
    return f"{scheme}://{host}" if port in (None, usual) else f"{scheme}://{host}:{port}"
