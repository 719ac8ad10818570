"""Static files travel packed: a page and all its files stay below 250 KB on the wire."""

import gzip
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

_PACKED = ("text/css", "text/javascript", "application/javascript", "image/svg+xml")


class Packed:
    """
    Pack what a package's own static files weigh, each version once per process.

    Where files were collected (`STATIC_ROOT`), the collector may have packed them already;
    what has an encoding is left alone.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Stand in front of whoever serves the files."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer as the server of files does, but in fewer bytes."""
        response = self.get_response(request)
        is_file = request.path.startswith(settings.STATIC_URL)
        if not is_file or response.status_code != HTTPStatus.OK:
            return response
        if not response.get("Content-Type", "").startswith(_PACKED):
            return response
        patch_vary_headers(response, ("Accept-Encoding",))
        if response.has_header("Content-Encoding") or "Range" in request.headers:
            return response
        if request.method != "GET" or "gzip" not in request.headers.get("Accept-Encoding", ""):
            return response
        body = b"".join(response)
        response.close()
        packed = HttpResponse(_pack(body), headers=dict(response.items()))
        packed["Content-Encoding"] = "gzip"
        packed["Content-Length"] = str(len(packed.content))
        return packed


@lru_cache(maxsize=64)
def _pack(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=9, mtime=0)
