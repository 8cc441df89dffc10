package blob

import "retrain/internal/fault"

// Root is a place that requests may name objects in: a folder, or a bucket
// with a prefix. Its Bucket's keys are relative to it.
type Root struct {
	Bucket
	// Base is the root's own address without a trailing slash:
	// "s3://bucket/prefix" or an absolute folder name, "/srv/data".
	Base string
}

// URI returns the address of the object under the key.
func (r Root) URI(key string) string { return r.Base + "/" + key }

// Roots are the places that requests may read from.
type Roots []Root

// Resolve finds the root and key that an address names. Addresses are
// s3://bucket/key, file:///abs/path, or a plain path, which is taken relative
// to the working folder. The address is parsed first and compared then, never
// matched as text: one outside of all roots is a fault.AccessDenied, one of
// another scheme or malformed a fault.InvalidRequest. Where roots lie within
// each other, the innermost one is meant. A key may be "" or end in a slash:
// the root itself, or a folder or prefix in it.
func (rs Roots) Resolve(uri string) (Root, string, error) {
	at, err := parse(uri)
	if err != nil {
		return Root{}, "", err
	}
	best, key := -1, ""
	for i, root := range rs {
		rest, inside := at.below(root.Base)
		if inside && (best < 0 || len(root.Base) > len(rs[best].Base)) {
			best, key = i, rest
		}
	}
	if best < 0 {
		return Root{}, "", fault.New(fault.AccessDenied,
			"The address is outside of what this service may use: its store and its data roots (RETRAIN_STORE, RETRAIN_DATA_ROOTS).")
	}
	if err := checkAddressKey(key); err != nil {
		return Root{}, "", err
	}
	return rs[best], key, nil
}
