# The server and its pages, built from this folder. docs/OPERATING.md describes how to run it. ./packaging/check runs the
# same steps without a container engine.

FROM rust:1.99.1-slim-trixie AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev nodejs npm python3 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN ./scripts/build
RUN DESTDIR=/out PREFIX=/usr ./packaging/install

FROM debian:trixie-slim
COPY --from=build /out/usr /usr
RUN useradd --system --uid 10001 --no-create-home modelferry \
    && install -d -o modelferry -g modelferry /models
ENV MODELFERRY_MODELS=/models
ENV MODELFERRY_LISTEN=0.0.0.0:3000
ENV MODELFERRY_LOG_FORMAT=json
USER modelferry
VOLUME /models
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s CMD ["/usr/lib/modelferry/healthy"]
ENTRYPOINT ["/usr/bin/modelferry"]
