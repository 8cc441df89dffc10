package blob

import (
	"path/filepath"
	"strings"

	"retrain/internal/fault"
)

// OpenRoot makes the root that a configuration names: "./folder", "/srv/data",
// "file:///srv/data" or "s3://bucket/prefix". It asks s3 for the bucket. A
// folder need not exist. Errors are fault.InvalidRequest.
func OpenRoot(spec string, s3 func(bucket string) (Bucket, error)) (Root, error) {
	at, err := parse(spec)
	if err != nil {
		return Root{}, err
	}
	name := strings.TrimSuffix(at.path, "/")
	if at.base == "" {
		return Root{Bucket: NewFolder(filepath.Join("/", name)), Base: name}, nil
	}
	bucket, err := s3(strings.TrimPrefix(at.base, "s3://"))
	if err != nil {
		return Root{}, err
	}
	return Root{Bucket: Prefix(bucket, strings.TrimPrefix(name, "/")), Base: at.base + name}, nil
}

// OpenRoots is OpenRoot for a list that is separated by commas.
func OpenRoots(specs string, s3 func(bucket string) (Bucket, error)) (Roots, error) {
	var roots Roots
	for spec := range strings.SplitSeq(specs, ",") {
		if strings.TrimSpace(spec) == "" {
			continue
		}
		root, err := OpenRoot(strings.TrimSpace(spec), s3)
		if err != nil {
			return nil, err
		}
		roots = append(roots, root)
	}
	if len(roots) == 0 {
		return nil, fault.New(fault.InvalidRequest, "The list of roots must name at least one.")
	}
	return roots, nil
}
