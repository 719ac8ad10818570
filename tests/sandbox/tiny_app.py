"""The smallest ASGI application, to see what becomes of the web server's workers."""

import asyncio
import os


async def application(scope, receive, send):
    """Say which process answers; `?wait=` is how many seconds it takes for that."""
    if scope["type"] == "http":
        _, _, seconds = scope["query_string"].partition(b"wait=")
        await asyncio.sleep(float(seconds or 0))
        told = str(os.getpid()).encode()
        headers = [(b"content-length", str(len(told)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": told})
