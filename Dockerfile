# One image for all three ways to run: as a Lambda function, as a service
# (docker run -p 8080:8080), and as a task (docker run IMAGE retrain ...).
# The base images are arguments, so that a mirror or a stand-in can replace them.
ARG BUILD_IMAGE=golang:1.26
ARG RUN_IMAGE=public.ecr.aws/lambda/provided:al2023

# The compiler runs on the builder's own platform and targets the image's.
FROM --platform=${BUILDPLATFORM:-linux/amd64} ${BUILD_IMAGE} AS build
ARG TARGETOS=linux
ARG TARGETARCH=amd64
ARG VERSION=dev
ARG COMMIT=unknown
ARG SOURCE_DATE_EPOCH=0
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY cmd cmd
COPY internal internal
RUN mkdir -p /out/usr/local/bin /out/var/runtime && \
    CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH} go build -trimpath -buildvcs=false -tags lambda.norpc \
      -ldflags "-s -w -X main.version=${VERSION} -X main.commit=${COMMIT}" -o /out/usr/local/bin/api ./cmd/api && \
    ln -s /usr/local/bin/api /out/var/runtime/bootstrap && \
    mkdir /data && \
    find /out /data -exec touch -h -d "@${SOURCE_DATE_EPOCH}" {} +

FROM ${RUN_IMAGE}
ARG VERSION=dev
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="retrain" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${COMMIT}"
# The binary, and the name under which the base image's own entrypoint looks for it.
COPY --from=build /out/ /
# Outside of Lambda: a folder to work in, an unprivileged user, all interfaces.
# Lambda has a user of its own and a read-only root; there RETRAIN_STORE names S3.
COPY --from=build --chown=65532:65532 /data /data
WORKDIR /data
USER 65532:65532
ENV RETRAIN_LISTEN=0.0.0.0:8080
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/api"]
