# The binary alone on a base without a shell. `docker build -t lifetide .`; nothing is fetched but the base images and crates of Cargo.lock.
FROM rust:1.90-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY src src
COPY config config
# dependencies stay compiled between builds; the binary is copied out, since a cache is no layer
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --locked --release --bin lifetide && cp target/release/lifetide /lifetide

FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="lifetide" \
      org.opencontainers.image.description="Customer lifecycle stages, lifetime value and abandoned-cart actions from Kafka to Kafka, exactly once" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /lifetide /usr/local/bin/lifetide
USER 65532:65532
EXPOSE 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["/usr/local/bin/lifetide", "health"]
ENTRYPOINT ["/usr/local/bin/lifetide"]
CMD ["run"]
