"""Security and cache headers of all responses."""

from flask import Flask, Response, g, request

from clinic.core.settings import settings

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    # With no-referrer a browser sends "Origin: null" over plain http, and the CSRF check would refuse people.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


def headers_of_all() -> dict[str, str]:
    """Return the headers that every response gets, static files included."""
    if settings().site_url.startswith("https://"):
        return HEADERS | {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
    return HEADERS


def init_headers(app: Flask) -> None:
    """Add the headers to each response."""

    @app.after_request
    def add_headers(response: Response) -> Response:
        if frames := g.get("frame_sources"):
            response.headers.setdefault("Content-Security-Policy", f"{CONTENT_SECURITY_POLICY}; frame-src {frames}")
        for name, value in headers_of_all().items():
            response.headers.setdefault(name, value)
        if "Cache-Control" not in response.headers:
            is_open = (
                request.method in ("GET", "HEAD")
                and response.status_code == 200
                and "Set-Cookie" not in response.headers
            )
            response.headers["Cache-Control"] = "public, max-age=0, must-revalidate" if is_open else "no-store"
        return response
