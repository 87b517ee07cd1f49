# Two images, for compose.yaml and for Kubernetes:
#
#   docker build --target argus --tag argus-otel:0.1.0 .
#   docker build --target collector --tag argus-otelcol:0.161.0 .
#
# All inputs are pinned: images by digest, packages by the hashes of uv.lock and constraints/. (Packages of Alpine's apk
# are signed by Alpine.) Dependabot proposes updates.

FROM python:3.13.14-slim-bookworm@sha256:67a1e1f215ccda113cfc024e8639049257e88f273898f595b61476d128d387e8 AS python

# argus-otel and discord-simulator as wheels, and their requirements from uv.lock.
FROM python AS wheel
COPY constraints constraints
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: -r constraints/uv.txt
ENV UV_PYTHON_DOWNLOADS=never
WORKDIR /src
COPY pyproject.toml uv.lock README.md LICENSE ./
COPY src src
COPY packages packages
COPY examples/bot.py examples/bot.py
# The files that `argus-otel export` writes.
COPY docs/runbooks docs/runbooks
COPY collector-config collector-config
COPY grafana grafana
COPY prometheus prometheus
RUN uv export --quiet --locked --no-default-groups --extra all --no-emit-workspace --output-file /wheel/requirements.txt \
    && uv build --quiet --all-packages --wheel --build-constraint /constraints/build.txt --require-hashes --out-dir /wheel

# argus-otel with the requirements of the demo, `run` and `store migrate`. An image of your bot may begin with
# `FROM argus-otel:0.1.0` and add the bot's packages.
FROM python AS argus
RUN --mount=type=bind,from=wheel,source=/wheel,target=/wheel \
    pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: -r /wheel/requirements.txt \
    && pip install --no-cache-dir --disable-pip-version-check --no-deps /wheel/*.whl
RUN useradd --system --uid 10001 bot && install -d -o bot -m 0700 /var/lib/bot
USER bot
WORKDIR /var/lib/bot
ENV PYTHONUNBUFFERED=1
ENTRYPOINT ["argus-otel"]

# The Collector: the official release, with a shell's tools for health checks from inside, and its own directory for the
# queues. (`make collector` builds a smaller one.)
FROM otel/opentelemetry-collector-contrib:0.161.0@sha256:fd328de2552466ad78385e1b1289c3f2402b1c45f265b252aab1955b42845ac1 AS release
FROM alpine:3.22@sha256:14358309a308569c32bdc37e2e0e9694be33a9d99e68afb0f5ff33cc1f695dce AS collector
COPY --from=release /otelcol-contrib /usr/local/bin/argus-otelcol
RUN apk add --no-cache ca-certificates \
    && adduser -D -H -u 10001 collector \
    && install -d -o collector -g collector -m 0700 /var/lib/argus-otelcol
COPY collector-config /etc/argus-otelcol
USER collector
VOLUME /var/lib/argus-otelcol
ENTRYPOINT ["argus-otelcol"]
CMD ["--config", "/etc/argus-otelcol/single.yaml"]
