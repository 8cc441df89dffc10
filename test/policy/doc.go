// Package policy holds what the service does in S3 against what template.yaml
// allows it, in both directions: nothing that it does is missing from the
// policies, and nothing that they allow goes unused.
package policy
