# docker build -t signaller . ; scripts/check-image does it without a container engine, and tries the image.
FROM debian:trixie-slim AS build
WORKDIR /source
# The packages in a layer of their own: another source does not fetch them anew.
COPY scripts/lib/common.sh scripts/lib/
RUN bash -c '. scripts/lib/common.sh && need_package' && apt-get clean
COPY CMakeLists.txt CMakePresets.json README.md LICENSE ./
COPY scripts scripts
COPY src src
RUN cmake --workflow --preset package && mv build/package/signaller_*.deb /signaller.deb

FROM debian:trixie-slim
# The package names the libraries it needs.
RUN --mount=type=bind,from=build,source=/signaller.deb,target=/tmp/signaller.deb \
    apt-get update \
    && apt-get install -y --no-install-recommends /tmp/signaller.deb \
    && apt-get clean && rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/*
COPY scripts/package/health /usr/local/lib/signaller/health
# The container's own address is what others reach; everything else can be set in the environment or behind the image's name too.
ENV SIGNALLER_ADDRESS=0.0.0.0
EXPOSE 3012
# Nobody's: not root, and owner of nothing. Nothing is written, so the file system may be read-only.
USER 65534:65534
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/usr/local/lib/signaller/health"]
# The exec form: the server is process 1, and SIGTERM ends it gracefully.
ENTRYPOINT ["/usr/bin/signaller"]
