# The platform without its sandbox. Two stages: one builds, the other holds what runs.
# Linted by `make check`; the build itself was never run where this was written (no engine there).
FROM python:3.13-slim AS build
WORKDIR /build
COPY pyproject.toml requirements.lock ./
COPY sandbox ./sandbox
# The lock is for everything; `whole` gets all of it, `runtime` what the platform needs of it.
RUN python -m venv whole \
    && whole/bin/pip install --no-cache-dir --require-hashes --only-binary :all: \
        -r requirements.lock \
    && whole/bin/python sandbox/runtime_lock.py > runtime.lock \
    && python -m venv /opt/platform/.venv \
    && /opt/platform/.venv/bin/pip install --no-cache-dir --require-hashes --no-deps \
        --only-binary :all: -r runtime.lock
ENV PATH=/build/whole/bin:$PATH

FROM python:3.13-slim
RUN useradd --system --uid 65532 --no-create-home --shell /usr/sbin/nologin platform \
    && install -d -o platform /var/lib/platform/objects
WORKDIR /opt/platform
COPY --from=build /opt/platform/.venv .venv
COPY manage.py ./
COPY config ./config
COPY fintech ./fintech
ENV PATH=/opt/platform/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OBJECTS_DIR=/var/lib/platform/objects \
    WAKE_SUBSCRIBERS=1 \
    COMBINE=1
USER 65532
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/livez', timeout=3)"]
CMD ["gunicorn", "config.asgi:application", "--worker-class", "config.web_worker.Worker", \
     "--bind", "0.0.0.0:8000", "--workers", "2", "--keep-alive", "60", "--no-control-socket"]
