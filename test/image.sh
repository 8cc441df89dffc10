#!/usr/bin/env bash
# Builds the container image and looks at what is in it. There is no container
# engine and no image registry here: Debian's buildah builds the Dockerfile in a
# chroot, on stand-ins for the two base images. The stand-in for the compiler's image
# is busybox with this machine's Go mounted into it; the one for Lambda's is empty
# but for busybox. Modules and compiled packages come from this machine's caches.
#
# Needs root and apt-get. What this cannot show: the real base images, and arm64 run.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
scratch=$(mktemp -d)
export BUILDAH_ISOLATION=chroot
buildah() { command buildah --root "$scratch/images" --runroot "$scratch/run" "$@"; }
emulator='' server=''
stop() { # ends a process group that setsid began
  [ -z "$1" ] || kill -- "-$1" 2>/dev/null || kill "$1" 2>/dev/null || true
  wait
}
cleanup() {
  stop "$emulator"
  stop "$server"
  buildah umount --all >/dev/null 2>&1 || true
  buildah rm --all >/dev/null 2>&1 || true
  umount "$scratch/images/overlay" 2>/dev/null || true # which buildah leaves mounted
  chmod -R u+w "$scratch/modules" 2>/dev/null || true
  rm -rf "$scratch"
}
trap cleanup EXIT
fail() { echo "image: $*" >&2; exit 1; }

if ! command -v buildah >/dev/null || ! [ -x /bin/busybox ]; then
  echo "installing buildah and busybox"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends buildah busybox-static >/dev/null
fi

# stand_in NAME [VARIABLE=value...]: an image with busybox in it.
stand_in() {
  local name=$1 container mounted tool setting
  shift
  container=$(buildah from scratch)
  mounted=$(buildah mount "$container")
  mkdir -p "$mounted/bin" "$mounted/tmp" "$mounted/etc"
  chmod 1777 "$mounted/tmp"
  cp /bin/busybox "$mounted/bin/busybox"
  for tool in sh mkdir ln find touch; do ln -s busybox "$mounted/bin/$tool"; done
  for setting in "$@"; do buildah config --env "$setting" "$container"; done
  buildah umount "$container" >/dev/null
  buildah commit --quiet --rm "$container" "localhost/$name" >/dev/null
}

echo "making stand-ins for the base images"
go mod download
stand_in builder PATH=/usr/local/go/bin:/bin HOME=/tmp GOTOOLCHAIN=local GOSUMDB=off \
  GOPROXY=file:///modules GOMODCACHE=/tmp/modules GOCACHE=/tmp/build
stand_in lambda PATH=/usr/local/bin:/bin LAMBDA_TASK_ROOT=/var/task

version=image-test
commit=0123456789ab
build() { # build ARCH TAG
  buildah build --quiet --layers=false --network none --timestamp 0 --platform "linux/$1" \
    --volume "$(go env GOROOT):/usr/local/go:ro" --volume "$(go env GOMODCACHE)/cache/download:/modules:ro" \
    --volume "$scratch/modules:/tmp/modules" --volume "$(go env GOCACHE):/tmp/build" \
    --build-arg BUILD_IMAGE=localhost/builder --build-arg RUN_IMAGE=localhost/lambda \
    --build-arg VERSION=$version --build-arg COMMIT=$commit --tag "$2" . >/dev/null
}
echo "building the image for $(go env GOARCH)"
mkdir "$scratch/modules"
build "$(go env GOARCH)" localhost/retrain:test
digest() { buildah inspect --type image --format '{{.FromImageDigest}}' "$1"; }
echo "building it again: two builds have one digest"
sleep 1 # whatever writes the time down has another one now
build "$(go env GOARCH)" localhost/retrain:again
[ -n "$(digest localhost/retrain:test)" ] || fail 'the image has no digest'
[ "$(digest localhost/retrain:test)" = "$(digest localhost/retrain:again)" ] || fail 'a second build of the same source is another image'

echo "looking at the image"
container=$(buildah from --pull-never localhost/retrain:test)
mounted=$(buildah mount "$container")
binary=$mounted/usr/local/bin/api
config() { buildah inspect --type image --format "{{$1}}" localhost/retrain:test; }
expect() { [ "$2" = "$3" ] || fail "$1 is '$2', want '$3'"; }
expect entrypoint "$(config .OCIv1.Config.Entrypoint)" '[/usr/local/bin/api]'
case $(config .OCIv1.Config.Env) in *RETRAIN_LISTEN=0.0.0.0:8080*) ;; *) fail 'it does not listen on port 8080 of all interfaces' ;; esac
expect user "$(config .OCIv1.Config.User)" 65532:65532
expect 'working folder' "$(config .OCIv1.Config.WorkingDir)" /data
expect 'version label' "$(config '(index .OCIv1.Config.Labels "org.opencontainers.image.version")')" $version
expect bootstrap "$(readlink "$mounted/var/runtime/bootstrap")" /usr/local/bin/api
expect 'mode of the binary' "$(stat -c %a "$binary")" 755
expect 'time of the binary' "$(stat -c %Y "$binary")" 0
expect 'owner of /data' "$(stat -c %u:%g "$mounted/data")" 65532:65532
! grep -aq 'ld-linux' "$binary" || fail 'the binary is linked dynamically'
go version -m "$binary" | grep -q 'CGO_ENABLED=0' || fail 'the binary was built with cgo'
if [ -e "$mounted/src" ] || [ -e "$mounted/usr/local/go" ]; then fail 'the image has the build in it'; fi
size=$(stat -c %s "$binary")
[ "$size" -le $((32 << 20)) ] || fail "the binary has $size bytes, over 32 MiB"

echo "running it: version, bill of materials, a retraining with its exit codes"
buildah run "$container" -- /usr/local/bin/api version | grep -q "$version.*$commit" || fail 'version is not what was built'
buildah run "$container" -- /usr/local/bin/api version --sbom >"$scratch/sbom.json"
grep -q '"bomFormat": "CycloneDX"' "$scratch/sbom.json" || fail 'the bill of materials is none'
linked=$(go version -m "$binary" | grep -c '^\sdep\s')
expect 'modules in the bill of materials' "$(grep -c '"type": "library"' "$scratch/sbom.json")" $((linked + 1))
task() { # task CODE ARGUMENT...: a task of ECS or Batch ends with the code
  local want=$1 code=0
  shift
  buildah run "$container" -- /usr/local/bin/api retrain "$@" >/dev/null 2>"$scratch/task.log" || code=$?
  [ "$code" = "$want" ] || { cat "$scratch/task.log"; fail "retrain $* ended with $code, want $want"; }
}
cp examples/churn.csv "$mounted/data/churn.csv"
task 0 churn.csv --target churn --params '{"max_iter":20,"max_leaf_nodes":4}' --store /data/store
task 1 churn.csv --target nonsense --store /data/store
task 2 churn.csv --nonsense
user=$(buildah run "$container" -- /bin/busybox id -u)
expect 'user while running' "$user" 65532

echo "running it as a service, with SageMaker's argument and routes"
# The image listens on port 8080, which may be taken here.
touch "$scratch/serve.log"
setsid buildah --root "$scratch/images" --runroot "$scratch/run" run --env RETRAIN_LISTEN=127.0.0.1:0 --env RETRAIN_STORE=/data/store \
  "$container" -- /usr/local/bin/api serve >"$scratch/serve.log" 2>&1 &
server=$!
for _ in $(seq 100); do
  address=$(sed -n 's|^Listening on http://\([0-9.:]*\).*|\1|p' "$scratch/serve.log")
  [ -z "$address" ] || break
  sleep 0.1
done
[ -n "$address" ] || { cat "$scratch/serve.log"; fail 'the server did not say where it listens'; }
buildah run --env "RETRAIN_LISTEN=$address" "$container" -- /usr/local/bin/api health >/dev/null || fail 'the server is not healthy'
/bin/busybox wget -q -O /dev/null "http://$address/ping" || fail '/ping does not answer 200'
head -2 examples/churn.csv >"$scratch/row.csv"
label=$(/bin/busybox wget -q -O - --header 'Content-Type: text/csv' --header 'Accept: text/csv' \
  --post-file "$scratch/row.csv" "http://$address/invocations") || fail '/invocations does not answer'
case $label in Yes | No) ;; *) fail "/invocations answered '$label'" ;; esac
stop "$server"
server=

echo "running it on a root that is mounted read-only"
mkdir "$scratch/data"
cp examples/churn.csv "$scratch/data"
chown -R 65532:65532 "$scratch/data"
unshare --mount --propagation private sh -euc '
  mount --bind "$1" "$1"
  mount --bind "$2" "$1/data"
  mount -o remount,bind,ro "$1"
  ! touch "$1/tmp/written" 2>/dev/null || { echo "the root can be written to"; exit 1; }
  exec chroot --userspec 65532:65532 "$1" /usr/local/bin/api retrain /data/churn.csv --data-roots /data --target churn --store /data/store
' sh "$mounted" "$scratch/data" >/dev/null 2>"$scratch/task.log" || { cat "$scratch/task.log"; fail 'it does not run on a read-only root'; }
[ -e "$scratch/data/store/models/default/champion.json" ] || fail 'on a read-only root it left no champion'

echo "running it as a Lambda function"
go build -o "$scratch/lambdaemu" ./internal/lambda/runtimetest/lambdaemu
mkfifo "$scratch/open" # the emulator ends when its input does
exec 3<>"$scratch/open"
setsid "$scratch/lambdaemu" -name retrain -env RETRAIN_STORE="$scratch/store" -- "$mounted/usr/local/bin/api" \
  <&3 >"$scratch/address" 2>"$scratch/lambda.log" &
emulator=$!
for _ in $(seq 100); do [ -s "$scratch/address" ] && break; sleep 0.1; done
call=$(head -1 "$scratch/address")/2015-03-31/functions/retrain/invocations
answer=$(/bin/busybox wget -q -O - --post-data '{"path":"/health"}' "$call") || fail 'the function did not answer'
case $answer in *'"healthy"'*"$version"*) ;; *) fail "the function answered $answer" ;; esac

other=arm64
[ "$(go env GOARCH)" = amd64 ] || other=amd64
echo "building the image for $other"
build $other localhost/retrain:other
container=$(buildah from --pull-never --platform "linux/$other" localhost/retrain:other)
go version -m "$(buildah mount "$container")/usr/local/bin/api" | grep -q "GOARCH=$other" || fail "the $other image has another binary"

echo "image: ok; the $(go env GOARCH) binary has $((size >> 10)) KiB"
