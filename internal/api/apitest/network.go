// Package apitest is a network within the process, for tests of servers in a
// bubble of testing/synctest: there a time limit passes when everybody waits,
// and not when the machine is busy. Only tests import it.
package apitest

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// Network is the listener of one server. It may be used concurrently.
type Network struct {
	dialled chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

// NewNetwork returns a network on which nobody accepts connections yet.
func NewNetwork() *Network {
	return &Network{dialled: make(chan net.Conn), closed: make(chan struct{})}
}

// Client returns a client that reaches the network's server under any name.
func (n *Network) Client() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: n.dial}}
}

func (n *Network) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case n.dialled <- theirs:
		return ours, nil
	case <-n.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (n *Network) Accept() (net.Conn, error) {
	select {
	case conn := <-n.dialled:
		return conn, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (n *Network) Close() error {
	n.once.Do(func() { close(n.closed) })
	return nil
}

// Addr implements net.Listener.
func (n *Network) Addr() net.Addr { return address{} }

type address struct{}

func (address) Network() string { return "pipe" }
func (address) String() string  { return "pipe" }
