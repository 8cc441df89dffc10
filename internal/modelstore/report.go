package modelstore

import (
	"context"
	"errors"

	"retrain/internal/fault"
)

// maxReport bounds a report. It is less than what a Lambda function may answer.
const maxReport = 4 << 20

// putReport stores the page of an evaluation that is about to be stored, and
// describes what then stands: the first page that was written, since a page is
// as immutable as the verdict that it shows. A page without its evaluation, as
// a process leaves it that dies between the two, is shown to nobody.
func (s *Store) putReport(ctx context.Context, e *Evaluation) (File, error) {
	if e.Page == nil {
		return File{}, nil
	}
	if len(e.Page) > maxReport {
		return File{}, fault.New(fault.TooLarge, "The report is larger than %d bytes.", maxReport)
	}
	stands, err := s.create(ctx, reportKey(e.ModelName, e.ID()), e.Page, maxReport)
	return File{SHA256: Digest(stands), Size: int64(len(stands))}, err
}

// Report returns an evaluation's page. One that does not exist is a
// fault.DataNotFound, one that is not as it was written a fault.InvalidData.
func (s *Store) Report(ctx context.Context, name, id string) ([]byte, error) {
	e, err := s.Evaluation(ctx, name, id)
	if err != nil {
		return nil, err
	}
	if e.Report == (File{}) {
		return nil, fault.New(fault.DataNotFound, "This evaluation has no report.")
	}
	page, err := s.read(ctx, reportKey(name, id), maxReport)
	switch {
	case fault.Is(err, fault.DataNotFound):
		return nil, fault.Wrap(fault.DataNotFound, err, "The report of this evaluation is no longer in the store.")
	case err != nil:
		return nil, err
	case Digest(page) != e.Report.SHA256:
		return nil, damaged(errors.New("the bytes do not have their digest"), "report")
	}
	return page, nil
}
