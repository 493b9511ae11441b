FROM debian:bookworm-slim AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends g++ cmake ninja-build libssl-dev libspdlog-dev \
        libboost1.81-dev libboost-json1.81-dev libboost-program-options1.81-dev \
    && apt-get clean && rm -rf /var/lib/apt/lists/*
COPY CMakeLists.txt CMakePresets.json /source/
COPY scripts/cmake /source/scripts/cmake
COPY src /source/src
WORKDIR /source
RUN cmake --preset release -DSIGNALLER_TESTS=OFF -DSIGNALLER_BENCH=OFF \
    && cmake --build --preset release --target signaller \
    && strip build/release/signaller

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends libssl3 libspdlog1.10 libboost-json1.81.0 libboost-program-options1.81.0 \
    && apt-get clean && rm -rf /var/lib/apt/lists/* \
    && useradd --system --no-create-home --uid 999 --shell /usr/sbin/nologin signaller
COPY --from=build /source/build/release/signaller /usr/local/bin/signaller
COPY LICENSE /usr/share/doc/signaller/
# The container's own address is what others reach; everything else can be set in the environment or behind the image's name too.
ENV SIGNALLER_ADDRESS=0.0.0.0
EXPOSE 3012
USER signaller
# The exec form: the server is process 1, and SIGTERM ends it gracefully.
ENTRYPOINT ["/usr/local/bin/signaller"]
