# Needs Go and make; nothing else for demo, test and build.

BINARY   := bin/api
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT   ?= $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
LDFLAGS  := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)
BUILD    := CGO_ENABLED=0 go build -trimpath -tags lambda.norpc -ldflags '$(LDFLAGS)'

IMAGE    ?= ml-retraining-api
TAG      ?= $(VERSION)
PLATFORM ?= linux/amd64

.PHONY: demo test race lint bench bench-data bench-learners bench-quality bench-dirt bench-coldstart bench-checkpoint bench-predict build image push deploy graph validate e2e fuzz torture mutants clean

demo: build  ## one whole retraining story on real data, over HTTP
	@go run ./examples/demo $(BINARY)

test:  ## all tests that need only Go
	go vet ./...
	go test ./...

race:  ## the same under the race detector (needs a C compiler)
	go test -race ./...

lint:  ## golangci-lint at the version that CI uses
	go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 run --allow-parallel-runners ./...

bench:  ## Go benchmarks; bench/README.md has the whole retraining
	go test -run '^$$' -bench . -benchtime 2s ./internal/...

ROWS     ?= 100000
REPEAT   ?= 3
VENV     := .cache/bench/bin/python
bench-data: build $(VENV)  ## the data path and whole retrainings beside Python's (ROWS=1000000 REPEAT=5)
	CGO_ENABLED=0 go build -o bin/bench ./bench/ours
	$(VENV) bench/data.py --rows $(ROWS) --repeat $(REPEAT) $(if $(MEMORY),--memory $(MEMORY))

bench-learners: $(VENV)  ## the learners beside Python's (ROWS=100000,1000000 REPEAT=5)
	CGO_ENABLED=0 go build -o bin/bench ./bench/ours
	$(VENV) bench/learners.py --rows $(ROWS) --repeat $(REPEAT)

SPLITS   ?= 10
bench-quality: build $(VENV)  ## models at everybody's defaults over many data sets (SPLITS=10; DATA=FOLDER adds sets)
	$(VENV) bench/quality.py --splits $(SPLITS) $(if $(DATA),--data $(DATA))

bench-dirt: $(VENV)  ## polluted tables, beside pandas and DuckDB
	$(VENV) bench/pollution.py

STARTS   ?= 20
bench-coldstart: build $(VENV)  ## process start to the first answer, and memory then, beside FastAPI (STARTS=20)
	CGO_ENABLED=0 go build -o bin/lambdaemu ./internal/lambda/runtimetest/lambdaemu
	$(VENV) bench/coldstart.py --repeat $(STARTS)

bench-checkpoint: build $(VENV)  ## what a training in several calls loses in each (ROWS=200000)
	CGO_ENABLED=0 go build -o bin/lambdaemu ./internal/lambda/runtimetest/lambdaemu
	$(VENV) bench/checkpoint.py --rows $(ROWS)

REQUESTS ?= 1000
bench-predict: build $(VENV)  ## latency and rows a second of predictions beside ONNX Runtime, scikit-learn and LightGBM
	$(VENV) bench/predict.py --requests $(REQUESTS)
	go test -run '^$$' -bench 'Row' -benchtime 2s ./internal/predict

$(VENV): bench/requirements.txt
	python3 -m venv .cache/bench
	.cache/bench/bin/pip install --quiet --disable-pip-version-check -r bench/requirements.txt
	touch $(VENV)

fuzz:  ## each fuzz target for a few seconds
	bash test/fuzz.sh 10s

torture:  ## the registry under lost answers and kill -9, at full size (half an hour)
	bash test/torture/run.sh full

mutants:  ## take safeguards away from the registry one at a time: its tests must fail
	cd test && go run ./torture/mutants

build:  ## the static binary
	$(BUILD) -o $(BINARY) ./cmd/api

e2e:  ## state machine engines, ONNX Runtime, S3 server, container (installs what it needs)
	bash .ci/run

# Lambda takes a plain manifest only, not the index that attestations need. The commit's
# time stands for that of the build, so that two builds of one commit are the same.
image:  ## the Lambda container image
	docker build --platform $(PLATFORM) --provenance=false --sbom=false \
	  --build-arg SOURCE_DATE_EPOCH=$(shell git log -1 --format=%ct) --build-arg VERSION=$(VERSION) --build-arg COMMIT=$(COMMIT) -t $(IMAGE):$(TAG) .

# make push ACCOUNT=123456789012 REGION=eu-central-1
REGISTRY = $(ACCOUNT).dkr.ecr.$(REGION).amazonaws.com
push: image  ## log in to ECR, create the repository if need be, tag and push
	@test -n "$(ACCOUNT)" -a -n "$(REGION)" || { echo "usage: make push ACCOUNT=… REGION=…"; exit 2; }
	aws ecr get-login-password --region $(REGION) | docker login --username AWS --password-stdin $(REGISTRY)
	aws ecr describe-repositories --region $(REGION) --repository-names $(IMAGE) >/dev/null 2>&1 || \
	  aws ecr create-repository --region $(REGION) --repository-name $(IMAGE) --image-tag-mutability IMMUTABLE
	docker tag $(IMAGE):$(TAG) $(REGISTRY)/$(IMAGE):$(TAG)
	docker push $(REGISTRY)/$(IMAGE):$(TAG)

# make deploy ACCOUNT=… REGION=… [STACK=ml-retraining] [PARAMETERS="Target=churn RetrainOnNewData=true"]
STACK ?= ml-retraining
ARCHITECTURE = $(if $(findstring arm64,$(PLATFORM)),arm64,x86_64)
deploy: push  ## everything in template.yaml, with this image (needs the AWS SAM command line)
	sam deploy --template-file template.yaml --stack-name $(STACK) --region $(REGION) \
	  --resolve-s3 --image-repository $(REGISTRY)/$(IMAGE) --capabilities CAPABILITY_IAM --no-fail-on-empty-changeset \
	  --parameter-overrides ImageUri=$(REGISTRY)/$(IMAGE):$(TAG) Architecture=$(ARCHITECTURE) $(PARAMETERS)

graph:  ## the state machines' pictures, from their definitions (needs Node)
	cd test/asl && { [ -d node_modules ] || npm ci --no-audit --no-fund --loglevel=error; } && \
	  for name in definition distributed; do node graph.mjs ../../statemachine/$$name.asl.json > ../../statemachine/$$name.svg || exit 1; done

validate:  ## template and state machines, offline (needs Python and Node)
	bash test/validate.sh

clean:
	rm -rf bin
