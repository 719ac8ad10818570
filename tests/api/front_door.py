"""The second door: the same steps without a framework, as the ASGI callable takes them."""

from urllib.parse import unquote

from fintech.api import errors, front
from tests.api.conftest import Answered, Api
from tests.api.contract import violations


class Front(Api):
    """A merchant's program that comes in without the framework."""

    def send(self, method, path, content=b"", *, content_type="application/json", headers=None):
        bare, _, query = path.partition("?")
        credentials = {"Authorization": f"Bearer {self.secret}"} if self.secret else {}
        body_headers = {"Content-Type": content_type} if content else {}
        given = {**credentials, **body_headers, **self.headers, **(headers or {})}

        def read(limit: int) -> bytes:
            if len(content) > limit:
                raise errors.RequestTooLarge(limit)
            return content

        told = front.answer(
            front.Asked(
                method=method,
                path=unquote(bare, errors="replace"),
                query=query,
                headers=front.Headers(given.items()),
                read=read,
            )
        )
        made = Answered(told.status, told.headers, told.content)
        assert violations(method, bare, made.status, made.body) == [], f"{method} {bare}"
        return made
