package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Run asks the server that listens on this machine. Containers use it as their
// health check: the image has neither curl nor a shell.
func (c *healthCommand) Run(s *surroundings) error {
	ctx, cancel := context.WithTimeout(s.ctx, 10*time.Second)
	defer cancel()
	url := "http://" + reachable(c.Listen) + "/health"
	if c.Deep {
		url += "?deep=1"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return misuse{fmt.Errorf("--listen: %w", err)}
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("the server does not answer: %w", err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(s.stdout, io.LimitReader(response.Body, 1<<20)); err != nil {
		return err
	}
	fmt.Fprintln(s.stdout)
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the server is not healthy: %s", response.Status)
	}
	return nil
}

// reachable turns the address that a server listens on into one to connect to:
// a server on all addresses is asked on this machine's own.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
