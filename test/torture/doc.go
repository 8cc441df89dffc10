// Package torture tries to break the promotion protocol from outside: with the
// real AWS SDK over a network that loses answers, and with the real binary that
// is killed at random instants.
//
// It is a Go module of its own, so that what only it needs (porcupine, which
// checks histories for linearizability) is no dependency of the service. It
// knows nothing of how a promotion is carried out: only what the store answers,
// and what stands in it afterwards. Its size is set by flags; run.sh has the
// sizes that count.
package torture
