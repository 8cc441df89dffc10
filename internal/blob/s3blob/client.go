// Package s3blob is the Bucket in Amazon S3, or in another server that speaks
// its protocol. It alone knows the AWS SDK, and turns the SDK's errors into
// those of package blob and into faults; it knows nothing of what is stored.
package s3blob

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"retrain/internal/fault"
)

// Client is what the Buckets of one configuration share: connections and
// credentials. The zero Client reads the configuration as every AWS tool does,
// from the environment, the shared files, or the platform (AWS_REGION,
// AWS_ENDPOINT_URL_S3, AWS_REQUEST_CHECKSUM_CALCULATION, …), and does so at
// the first call to a Bucket: a process that needs no S3 pays nothing.
type Client struct {
	// Load returns the configuration; nil stands for the default above.
	Load func(ctx context.Context) (aws.Config, error)

	mu     sync.Mutex
	loaded *connection
}

// connection is a Client's loaded state.
type connection struct {
	api      *s3.Client
	transfer *transfermanager.Client
}

// Bucket returns the named bucket, which is not looked at before it is used.
func (c *Client) Bucket(name string) *Bucket { return &Bucket{client: c, name: name} }

// connect loads the configuration once. A load that failed is tried again by
// the next call.
func (c *Client) connect(ctx context.Context) (*connection, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loaded != nil {
		return c.loaded, nil
	}
	load := c.Load
	if load == nil {
		load = loadDefault
	}
	cfg, err := load(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fault.Wrap(fault.Internal, err, "The service's AWS configuration cannot be read.")
	}
	if c.loaded, err = newConnection(cfg); err != nil {
		return nil, err
	}
	return c.loaded, nil
}

// headerTimeout and readTimeout end requests to a server that accepts them and
// then falls silent, so that they are tried again instead of lasting until the
// caller's own deadline.
const (
	headerTimeout = time.Minute
	readTimeout   = 30 * time.Second
)

func loadDefault(ctx context.Context) (aws.Config, error) {
	patient := awshttp.NewBuildableClient().WithReadTimeout(readTimeout).
		WithTransportOptions(func(t *http.Transport) { t.ResponseHeaderTimeout = headerTimeout })
	return config.LoadDefaultConfig(ctx, config.WithHTTPClient(patient))
}

// The memory that an upload may use: partSize for each of its connections, and
// one part that is being read. S3 allows 10,000 parts, hence 80 GB an object.
const (
	partSize          = 8 << 20
	uploadConnections = 3
)

func newConnection(cfg aws.Config) (*connection, error) {
	if cfg.Credentials != nil {
		cfg.Credentials = namedCredentials{cfg.Credentials}
	}
	api := s3.NewFromConfig(cfg, func(o *s3.Options) {
		custom := o.BaseEndpoint != nil
		// Servers at an address of their own have no DNS name per bucket, and
		// care little for the region, which the signature must name.
		o.UsePathStyle = custom
		if custom && o.Region == "" {
			o.Region = "us-east-1"
		}
		o.DisableLogOutputChecksumValidationSkipped = true // a ranged read has none
	})
	if api.Options().Region == "" {
		return nil, fault.New(fault.Internal, "The service knows no AWS region; set AWS_REGION.")
	}
	transfer := transfermanager.New(api, func(o *transfermanager.Options) {
		o.PartSizeBytes = partSize
		o.MultipartUploadThreshold = partSize
		o.Concurrency = uploadConnections
		o.RequestChecksumCalculation = api.Options().RequestChecksumCalculation
		o.FailTimeout = 10 * time.Second // to abort an upload whose context has ended
	})
	return &connection{api: api, transfer: transfer}, nil
}

// namedCredentials gives a name to the failure to find any credentials, which
// the SDK reports in words only.
type namedCredentials struct{ aws.CredentialsProvider }

func (n namedCredentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	found, err := n.CredentialsProvider.Retrieve(ctx)
	if err != nil && ctx.Err() == nil {
		err = fault.Wrap(fault.AccessDenied, err, "The service found no usable AWS credentials.")
	}
	return found, err
}
