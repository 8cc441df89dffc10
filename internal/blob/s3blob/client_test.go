package s3blob_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"retrain/internal/blob"
	"retrain/internal/blob/s3blob"
	"retrain/internal/blob/s3blob/s3test"
	"retrain/internal/fault"
)

// TestConfigurationFromEnvironment works with nothing but the variables.
func TestConfigurationFromEnvironment(t *testing.T) {
	server := s3test.Fake(t)
	server.CreateBucket(t, "bucket")
	server.Setenv(t)
	for _, region := range []string{"eu-central-1", ""} {
		t.Setenv("AWS_REGION", region)
		t.Setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
		b := new(s3blob.Client).Bucket("bucket")
		if _, err := b.Put(t.Context(), "a/b", []byte("x"), blob.Condition{}); err != nil {
			t.Errorf("region %q: %v", region, err)
		}
	}
}

func TestConfigurationThatIsNone(t *testing.T) {
	server := s3test.Fake(t)
	server.Setenv(t)
	t.Run("no region", func(t *testing.T) {
		t.Setenv("AWS_REGION", "")
		t.Setenv("AWS_ENDPOINT_URL_S3", "")
		_, err := new(s3blob.Client).Bucket("bucket").Stat(t.Context(), "k")
		if !fault.Is(err, fault.Internal) || !strings.Contains(fault.From(err).Detail, "AWS_REGION") {
			t.Errorf("%v", err)
		}
	})
	t.Run("no credentials", func(t *testing.T) {
		t.Setenv("AWS_ACCESS_KEY_ID", "")
		_, err := new(s3blob.Client).Bucket("bucket").Stat(t.Context(), "k")
		if !fault.Is(err, fault.AccessDenied) || !strings.Contains(fault.From(err).Detail, "credentials") {
			t.Errorf("%v", err)
		}
	})
	t.Run("a configuration that cannot be read", func(t *testing.T) {
		t.Setenv("AWS_PROFILE", "none")
		_, err := new(s3blob.Client).Bucket("bucket").Stat(t.Context(), "k")
		if !fault.Is(err, fault.Internal) || strings.Contains(fault.From(err).Detail, os.DevNull) {
			t.Errorf("%v", err)
		}
	})
}

// TestAddresses checks where requests go: to a path at an address of one's own,
// which has no name for each bucket, and to the bucket's name at AWS.
func TestAddresses(t *testing.T) {
	for endpoint, want := range map[*string]string{
		aws.String("http://s3.test:9000"): "http://s3.test:9000/bucket/k",
		nil:                               "https://bucket.s3.eu-west-1.amazonaws.com/k",
	} {
		var got string
		client := &s3blob.Client{Load: func(context.Context) (aws.Config, error) {
			cfg := (&s3test.Server{Region: "eu-west-1", AccessKey: "a", SecretKey: "s"}).Config()
			cfg.BaseEndpoint = endpoint
			cfg.HTTPClient = &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
				got = r.URL.Scheme + "://" + r.URL.Host + r.URL.Path
				return answer(r, 200, ""), nil
			})}
			return cfg, nil
		}}
		if _, err := client.Bucket("bucket").Stat(t.Context(), "k"); err != nil || got != want {
			t.Errorf("the request went to %s, %v; want %s", got, err, want)
		}
	}
}

// TestChecksumsAreLeftOut follows AWS_REQUEST_CHECKSUM_CALCULATION, which some
// servers need, in large and small writes.
func TestChecksumsAreLeftOut(t *testing.T) {
	server := s3test.Fake(t)
	server.CreateBucket(t, "bucket")
	for _, when := range []aws.RequestChecksumCalculation{
		aws.RequestChecksumCalculationWhenSupported, aws.RequestChecksumCalculationWhenRequired,
	} {
		var sums atomic.Int64
		client := &s3blob.Client{Load: func(context.Context) (aws.Config, error) {
			cfg := server.Config()
			cfg.RequestChecksumCalculation = when
			cfg.HTTPClient = &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
				if r.Method == http.MethodPut && r.Header.Get("x-amz-checksum-crc32") != "" {
					sums.Add(1)
				}
				return http.DefaultTransport.RoundTrip(r)
			})}
			return cfg, nil
		}}
		b := client.Bucket("bucket")
		_, errPut := b.Put(t.Context(), "k", []byte("v"), blob.Condition{})
		_, errSmall := b.Upload(t.Context(), "k", strings.NewReader("v"))
		_, errLarge := b.Upload(t.Context(), "k", bytes.NewReader(make([]byte, 9<<20)))
		if err := errors.Join(errPut, errSmall, errLarge); err != nil {
			t.Fatal(err)
		}
		want := map[aws.RequestChecksumCalculation]int64{aws.RequestChecksumCalculationWhenSupported: 4}[when]
		if sums.Load() != want {
			t.Errorf("%d of the 4 writes had a checksum, want %d", sums.Load(), want)
		}
	}
}

// TestLoadIsLazyAndRepeated loads nothing before the first call, and loads
// again after a failure but not after a success.
func TestLoadIsLazyAndRepeated(t *testing.T) {
	server := s3test.Fake(t)
	server.CreateBucket(t, "bucket")
	loads := 0
	client := &s3blob.Client{Load: func(context.Context) (aws.Config, error) {
		if loads++; loads == 1 {
			return aws.Config{}, errors.New("not yet")
		}
		return server.Config(), nil
	}}
	b := client.Bucket("bucket")
	for call, want := range []struct {
		loads int
		err   error
	}{{1, fault.New(fault.Internal, "")}, {2, blob.ErrNotFound}, {2, blob.ErrNotFound}} {
		if call == 0 && loads != 0 {
			t.Error("loaded before the first call")
		}
		_, err := b.Stat(t.Context(), "k")
		if loads != want.loads || fault.Is(want.err, fault.Internal) != fault.Is(err, fault.Internal) {
			t.Errorf("call %d: %d loads, %v; want %d, %v", call, loads, err, want.loads, want.err)
		}
	}
}

// TestListsOfManyPages lists more than the 1,000 keys of one page, and leaves
// out what other tools may put beside them.
func TestListsOfManyPages(t *testing.T) {
	server := s3test.Fake(t)
	server.CreateBucket(t, "bucket")
	b := server.Client(nil).Bucket("bucket")
	want := make([]string, 2100)
	for i := range want {
		key := fmt.Sprintf("p/%04d", i)
		want[i] = key
		if _, err := b.Put(t.Context(), key, nil, blob.Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	api := s3.NewFromConfig(server.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	for _, foreign := range []string{"p/", "p/0100/", "p//x"} {
		_, err := api.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: &foreign})
		if err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for info, err := range b.List(t.Context(), "p/") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, info.Key)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d keys listed, want %d", len(got), len(want))
	}
}

// TestFoldersOfManyPages does the same with folders.
func TestFoldersOfManyPages(t *testing.T) {
	server := s3test.Fake(t)
	server.CreateBucket(t, "bucket")
	b := server.Client(nil).Bucket("bucket")
	want := make([]string, 1100)
	for i := range want {
		want[i] = fmt.Sprintf("%04d", i)
		if _, err := b.Put(t.Context(), "p/"+want[i]+"/k", nil, blob.Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for name, err := range b.Folders(t.Context(), "p/") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d folders told, want %d", len(got), len(want))
	}
}
