# Two images, for compose.yaml and for Kubernetes:
#
#   docker build --target argus --tag argus-otel:0.1.0 .
#   docker build --target collector --tag argus-otelcol:0.161.0 .

# argus-otel with what the demo, `run` and `clickhouse migrate` need. An image of your bot may begin with
# `FROM argus-otel:0.1.0` and add what the bot needs.
FROM python:3.13-slim-bookworm AS argus
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY src src
COPY examples/bot.py examples/bot.py
# What `argus-otel export` writes.
COPY docs/runbooks.md docs/runbooks.md
COPY collector-config collector-config
COPY grafana grafana
COPY prometheus prometheus
RUN pip install --no-cache-dir --disable-pip-version-check ".[all]" && rm -rf /src/*
RUN useradd --system --uid 10001 bot && install -d -o bot -m 0700 /var/lib/bot
USER bot
WORKDIR /var/lib/bot
ENV PYTHONUNBUFFERED=1
ENTRYPOINT ["argus-otel"]

# The Collector: the official release, beside a shell's tools, without which it cannot be asked for its health from inside,
# and a directory for its queues that is its own. (`make collector` builds a smaller one, if you would rather have that.)
FROM otel/opentelemetry-collector-contrib:0.161.0 AS release

FROM alpine:3.22 AS collector
COPY --from=release /otelcol-contrib /usr/local/bin/argus-otelcol
RUN apk add --no-cache ca-certificates \
    && adduser -D -H -u 10001 collector \
    && install -d -o collector -g collector -m 0700 /var/lib/argus-otelcol
COPY collector-config /etc/argus-otelcol
USER collector
VOLUME /var/lib/argus-otelcol
ENTRYPOINT ["argus-otelcol"]
CMD ["--config", "/etc/argus-otelcol/single.yaml"]
