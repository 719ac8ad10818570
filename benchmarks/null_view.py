"""A DRF view that does nothing, served as the platform is: the yardstick of the API."""

from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config import asgi, urls


class Nothing(APIView):
    """Parses a form and answers."""

    def post(self, request: Request) -> Response:
        """Answer with nothing."""
        return Response({"ok": bool(request.data)})


urls.urlpatterns.insert(0, path("null", Nothing.as_view()))
application = asgi.application
