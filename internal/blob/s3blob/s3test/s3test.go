// Package s3test starts S3 servers for tests: one in the process, and a real
// one. Only tests import it.
package s3test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"retrain/internal/blob/s3blob"
)

// Server is a running S3 server. It ends with the test that started it.
type Server struct {
	Endpoint  string // "http://127.0.0.1:port"
	Region    string
	AccessKey string
	SecretKey string
}

// Env returns the variables that lead an AWS SDK to the server, "NAME=value",
// for processes that a test starts.
func (s *Server) Env() []string {
	return []string{
		"AWS_ENDPOINT_URL_S3=" + s.Endpoint,
		"AWS_REGION=" + s.Region,
		"AWS_ACCESS_KEY_ID=" + s.AccessKey,
		"AWS_SECRET_ACCESS_KEY=" + s.SecretKey,
		"AWS_SESSION_TOKEN=",
		"AWS_CONFIG_FILE=" + os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true",
	}
}

// Setenv leads the test's own process to the server.
func (s *Server) Setenv(t testing.TB) {
	for _, variable := range s.Env() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
}

// Config returns the SDK's configuration for the server, with the SDK's
// defaults of 2025 for checksums.
func (s *Server) Config() aws.Config {
	return aws.Config{
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
		Region:                     s.Region,
		BaseEndpoint:               aws.String(s.Endpoint),
		Credentials:                credentials.NewStaticCredentialsProvider(s.AccessKey, s.SecretKey, ""),
	}
}

// Client returns a Client of the server. A transport that is not nil carries
// its requests, and may do so badly.
func (s *Server) Client(transport http.RoundTripper) *s3blob.Client {
	return &s3blob.Client{Load: func(context.Context) (aws.Config, error) {
		cfg := s.Config()
		if transport != nil {
			cfg.HTTPClient = &http.Client{Transport: transport}
		}
		return cfg, nil
	}}
}

// CreateBucket creates an S3 bucket.
func (s *Server) CreateBucket(t testing.TB, name string) {
	api := s3.NewFromConfig(s.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := api.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatalf("s3test: create bucket: %v", err)
	}
}

// Handler returns gofakes3 itself, which answers as S3 does: for tests that
// carry requests to it without a network.
func Handler() http.Handler {
	backend := s3mem.New()
	fake := gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog()))
	return corrected{fake.Server(), backend}
}

// Fake starts gofakes3 in the process: no authentication, objects in memory.
func Fake(t testing.TB) *Server {
	server := httptest.NewUnstartedServer(Handler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of clients that go away
	server.Start()
	t.Cleanup(server.Close)
	return &Server{Endpoint: server.URL, Region: "us-east-1", AccessKey: "test", SecretKey: "test"}
}

// VersityVariable names the environment variable that names the versitygw
// binary.
const VersityVariable = "RETRAIN_VERSITYGW"

// Versity starts versitygw, a real S3 server with signatures that keeps its
// objects in files. The test fails if there is no binary.
func Versity(t testing.TB) *Server {
	binary := os.Getenv(VersityVariable)
	if binary == "" {
		t.Fatalf("s3test: %s must name the versitygw binary", VersityVariable)
	}
	s := &Server{Region: "us-east-1", AccessKey: "retrain-test", SecretKey: "a secret of this test only"}
	for try := 1; ; try++ {
		err := s.runVersity(t, binary)
		if err == nil {
			return s
		}
		if try == 3 {
			t.Fatalf("s3test: %v", err)
		}
	}
}

// runVersity starts the server on a port that was free a moment ago.
func (s *Server) runVersity(t testing.TB, binary string) error {
	address, err := freeAddress()
	if err != nil {
		return err
	}
	dir := t.TempDir()
	logFile, err := os.Create(filepath.Join(t.TempDir(), "versitygw.log"))
	if err != nil {
		return err
	}
	defer logFile.Close()
	ctx, kill := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, binary, "--port", address, "--region", s.Region, "--keep-alive", "--quiet",
		"--health", "/health", "posix", dir)
	cmd.Env = []string{"ROOT_ACCESS_KEY=" + s.AccessKey, "ROOT_SECRET_KEY=" + s.SecretKey, "HOME=" + dir}
	cmd.Stdout, cmd.Stderr = logFile, logFile
	if err := cmd.Start(); err != nil {
		kill()
		return err
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	stop := func() { kill(); <-ended }
	s.Endpoint = "http://" + address
	if err := waitHealthy(s.Endpoint+"/health", ended); err != nil {
		stop()
		said, _ := os.ReadFile(logFile.Name())
		return fmt.Errorf("%w; versitygw said:\n%s", err, said)
	}
	t.Cleanup(stop)
	return nil
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

func waitHealthy(url string, ended <-chan struct{}) error {
	var err error
	for start := time.Now(); time.Since(start) < 20*time.Second; {
		var answer *http.Response
		if answer, err = http.Get(url); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
			err = fmt.Errorf("%s answers %s", url, answer.Status)
		}
		select {
		case <-ended:
			return fmt.Errorf("the server ended: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return err
}
