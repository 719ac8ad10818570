"""
Spans to an OpenTelemetry collector, where an instance has one (`OTEL_EXPORTER_OTLP_ENDPOINT`).

Off by default: nothing of OpenTelemetry is even imported then. Requests, providers,
subscriptions and webhooks make their spans through `kernel.tracing`; the database driver
and Celery make theirs here.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from fintech.kernel import tracing

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

SERVICE = "fintech"


def configure() -> None:
    """Export spans from this process, if the instance says where to."""
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or tracing.is_on():
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.celery import CeleryInstrumentor
    from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    name = os.environ.get("OTEL_SERVICE_NAME", SERVICE)
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    CeleryInstrumentor().instrument(tracer_provider=provider)  # type: ignore[no-untyped-call]
    PsycopgInstrumentor().instrument(tracer_provider=provider)
    tracing.install(Spans(provider))


class Spans:
    """Makes spans of OpenTelemetry's."""

    def __init__(self, provider: "TracerProvider") -> None:
        """Make them with a provider, which says where they go."""
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._tracer = provider.get_tracer(SERVICE)
        self._form = TraceContextTextMapPropagator()
        self._kinds = {kind.name.lower(): kind for kind in SpanKind}

    def span(
        self, name: str, *, kind: str, parent: str, facts: Mapping[str, Any]
    ) -> AbstractContextManager[str]:
        """Make a span for as long as the context lasts, and say its place."""
        return self._lasting(name, kind, parent, facts)

    @contextmanager
    def _lasting(
        self, name: str, kind: str, parent: str, facts: Mapping[str, Any]
    ) -> Iterator[str]:
        # Our own place is where OpenTelemetry's is too, unless the parent is somebody else's.
        around = self._form.extract({"traceparent": parent}) if parent else None
        with self._tracer.start_as_current_span(
            name, context=around, kind=self._kinds[kind], attributes=dict(facts)
        ):
            told: dict[str, str] = {}
            self._form.inject(told)
            yield told["traceparent"]
