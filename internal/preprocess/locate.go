package preprocess

import (
	"context"
	"errors"
	"io"
	"strings"

	"retrain/internal/blob"
	"retrain/internal/dataset"
	"retrain/internal/fault"
	"retrain/internal/processed"
)

// maxFiles bounds the files of a table.
const maxFiles = 10_000

// found is an object that data is read from.
type found struct {
	root blob.Root
	info blob.Info
	name string // as the request names it
}

// locate finds the objects that the request names, and pins their tags, so that
// data which changes under way is an error and not a mixture.
func (j *job) locate(ctx context.Context) error {
	objects, err := j.objects(ctx)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, o := range objects {
		uri := o.root.URI(o.info.Key)
		if seen[uri] {
			return fault.New(fault.InvalidRequest, "The data paths name an object twice.").
				At("An object is named twice", "value_error", "body", "more_data_paths")
		}
		seen[uri] = true
	}
	j.take(objects)
	return nil
}

// pin finds the objects again that a plan names.
func (j *job) pin(planned []plannedFile) error {
	var objects []found
	for _, f := range planned {
		root, key, err := j.Data.Resolve(f.URI)
		if err != nil {
			return err
		}
		objects = append(objects, found{root, blob.Info{Key: key, ETag: f.ETag, Size: f.Size}, f.Name})
	}
	j.take(objects)
	return nil
}

// take makes the objects the files of the table.
func (j *job) take(objects []found) {
	var files []dataset.Source
	for _, o := range objects {
		uri := o.root.URI(o.info.Key)
		j.sources = append(j.sources, processed.Source{URI: uri, ETag: o.info.ETag, Size: o.info.Size})
		j.planned = append(j.planned, plannedFile{uri, o.name, o.info.ETag, o.info.Size})
		files = append(files, dataset.Source{Name: o.name, Open: o.open})
	}
	j.open = dataset.Files(files)
}

// objects returns what data_path and more_data_paths stand for.
func (j *job) objects(ctx context.Context) ([]found, error) {
	all, err := j.below(ctx, j.req.DataPath, "body", "data_path")
	if err != nil {
		return nil, err
	}
	for i, path := range j.req.MoreDataPaths {
		objects, err := j.below(ctx, path, "body", "more_data_paths", i)
		if err != nil {
			return nil, err
		}
		if all = append(all, objects...); len(all) > maxFiles {
			return nil, errTooManyFiles()
		}
	}
	return all, nil
}

func errTooManyFiles() error {
	return fault.New(fault.TooLarge, "The data lies in more than %d files, which is the limit.", maxFiles).
		At("Too many files", "too_many_files", "data")
}

// below returns the object that a path names, or, if that ends in a slash, all
// objects below it in the order of their keys.
func (j *job) below(ctx context.Context, path string, loc ...any) ([]found, error) {
	root, key, err := j.Data.Resolve(path)
	if err != nil {
		return nil, fault.Locate(err, loc...)
	}
	if key == "" || strings.HasSuffix(key, "/") {
		return listBelow(ctx, root, key, path, loc)
	}
	info, err := root.Stat(ctx, key)
	if errors.Is(err, blob.ErrNotFound) {
		return nil, fault.Wrap(fault.DataNotFound, err, "There is no data at %s.", loc[1]).
			At("No such object, bucket or file; a folder or prefix ends in a slash", "not_found", loc...)
	}
	if err != nil {
		return nil, fault.Locate(err, loc...)
	}
	return []found{{root, info, path}}, nil
}

func listBelow(ctx context.Context, root blob.Root, prefix, path string, loc []any) ([]found, error) {
	var objects []found
	for info, err := range root.List(ctx, prefix) {
		if err != nil {
			return nil, fault.Locate(err, loc...)
		}
		rest := strings.TrimPrefix(info.Key, prefix)
		if info.Size == 0 || isHidden(rest) {
			continue
		}
		if objects = append(objects, found{root, info, strings.TrimSuffix(path, "/") + "/" + rest}); len(objects) > maxFiles {
			return nil, errTooManyFiles()
		}
	}
	if len(objects) == 0 {
		return nil, fault.New(fault.DataNotFound, "There is no data below %s.", loc[1]).
			At("No object below this prefix", "not_found", loc...)
	}
	return objects, nil
}

// isHidden reports whether a key is none of data: _SUCCESS, _temporary/…,
// .part.crc and the like, as Spark and Hive leave them beside it.
func isHidden(key string) bool {
	for _, element := range strings.Split(key, "/") {
		if strings.HasPrefix(element, "_") || strings.HasPrefix(element, ".") {
			return true
		}
	}
	return false
}

// object is the data as dataset reads it: a stream, and, for the formats that
// need it, any part of it.
type object struct {
	io.ReadCloser
	*blob.ReaderAt
}

// Close closes both ways of reading.
func (o object) Close() error {
	return errors.Join(o.ReadCloser.Close(), o.ReaderAt.Close())
}

func (f found) open(ctx context.Context) (io.ReadCloser, error) {
	stream, _, err := f.root.Open(ctx, f.info.Key, blob.Span{ETag: f.info.ETag})
	if err != nil {
		return nil, f.explainChange(err)
	}
	parts, err := blob.NewReaderAt(ctx, f.root, f.info, blob.Window{})
	if err != nil {
		return nil, errors.Join(f.explainChange(err), stream.Close())
	}
	return object{stream, parts}, nil
}

// explainChange says what it means that pinned data is gone or another.
func (f found) explainChange(err error) error {
	if errors.Is(err, blob.ErrChanged) || errors.Is(err, blob.ErrNotFound) {
		return fault.Wrap(fault.InvalidData, err, "The data at %s changed while it was being read.", f.name)
	}
	return err
}

// digested notes the digests of what was read.
func (j *job) digested(t *dataset.Tally) {
	if len(t.Files) == 0 {
		j.sources[0].SHA256 = t.SHA256
		return
	}
	for i, f := range t.Files {
		j.sources[i].SHA256 = f.SHA256
	}
}
