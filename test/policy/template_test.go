package policy

import (
	"os"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// The names that stand for the deployment's buckets.
const (
	storeBucket = "the-store"
	dataBucket  = "the-data"
)

// statement is a statement of an IAM policy.
type statement struct {
	Sid       string                       `yaml:"Sid"`
	Effect    string                       `yaml:"Effect"`
	Action    list                         `yaml:"Action"`
	Resource  list                         `yaml:"Resource"`
	Condition map[string]map[string]string `yaml:"Condition"`
}

// list is a string or several.
type list []string

func (l *list) UnmarshalYAML(n *yaml.Node) error {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	for _, item := range items {
		*l = append(*l, resolved(item))
	}
	return nil
}

// resolved returns a scalar of the template as a deployment has it.
func resolved(n *yaml.Node) string {
	value := n.Value
	if n.Tag == "!GetAtt" || n.Tag == "!Ref" {
		value = "${" + value + "}"
	}
	return strings.NewReplacer(
		"${StoreBucket.Arn}", "arn:aws:s3:::"+storeBucket, "${DataBucket.Arn}", "arn:aws:s3:::"+dataBucket,
	).Replace(value)
}

// template is what is read of template.yaml.
type template struct {
	Resources struct {
		Function struct {
			Properties struct {
				Policies []struct {
					Statement []statement `yaml:"Statement"`
				} `yaml:"Policies"`
			} `yaml:"Properties"`
		} `yaml:"Function"`
		StoreBucketPolicy bucketPolicy `yaml:"StoreBucketPolicy"`
		DataBucketPolicy  bucketPolicy `yaml:"DataBucketPolicy"`
	} `yaml:"Resources"`
}

type bucketPolicy struct {
	Properties struct {
		PolicyDocument struct {
			Statement []statement `yaml:"Statement"`
		} `yaml:"PolicyDocument"`
	} `yaml:"Properties"`
}

// policies returns what the function may do in S3, and what nobody may do in
// the buckets.
func policies(t *testing.T) (allowed, denied []statement) {
	t.Helper()
	raw, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc template
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	for _, p := range doc.Resources.Function.Properties.Policies {
		for _, s := range p.Statement {
			if strings.HasPrefix(s.Action[0], "s3:") {
				allowed = append(allowed, s)
			}
		}
	}
	for _, p := range []bucketPolicy{doc.Resources.StoreBucketPolicy, doc.Resources.DataBucketPolicy} {
		denied = append(denied, p.Properties.PolicyDocument.Statement...)
	}
	if len(allowed) == 0 || len(denied) == 0 {
		t.Fatal("the template has no policies for the function and its buckets")
	}
	return allowed, denied
}
