package preprocess

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"

	"retrain/internal/dataset"
	"retrain/internal/fault"
	"retrain/internal/processed"
)

// written is what Write stores of a share: what it fitted and counted, and the
// part of the processed data that it wrote.
type written struct {
	Part      processed.Part
	Rejected  int64
	Listed    bool // there is a list of rejected rows
	Firsts    firstRejects
	Fit       *fit
	Sides     [2]storedSide
	Sentinels storedSentinels
}

// shareNames are the names of a share's objects; dataPart is that of its data
// among those of the others.
func shareNames(share int) names {
	return names{data: processed.DataFile + "/" + dataPart(share), rejects: fmt.Sprintf("shares/rejected-%05d.csv", share), digest: true}
}

func dataPart(share int) string { return fmt.Sprintf("part-%05d.parquet", share) }

// rowsName is the name of the hashes of a share's rows on a side.
func rowsName(share, side int) string {
	return fmt.Sprintf("shares/rows-%05d.%s", share, [2]string{"train", "holdout"}[side])
}

// Write reads shares a second time, and writes their parts of the processed data.
func (s *Step) Write(ctx context.Context, req SharesRequest) (SharesResult, error) {
	decided := false
	return s.eachShare(ctx, req, func(j *job, share int, part dataset.Part) (int64, error) {
		if done, err := j.has(ctx, writeResult(share)); err != nil || done {
			return 0, err
		}
		if !decided {
			if err := j.decide(ctx); err != nil {
				return 0, err
			}
			decided = true
		}
		rows, err := j.writeShare(ctx, share, part)
		return rows, j.report(ctx, writeResult(share), err)
	})
}

func (j *job) writeShare(ctx context.Context, share int, part dataset.Part) (rows int64, err error) {
	j.names = shareNames(share)
	w, hashes, err := j.beginRows(ctx)
	if err != nil {
		return 0, err
	}
	var logs [2]*hashLog
	for side := range logs {
		logs[side] = newHashLog(j.upload(ctx, rowsName(share, side)))
		j.sides[side].digest = logs[side]
	}
	options := j.options
	options.Part, options.Hashes, options.OnReject = part, hashes, w.out.reject
	tally, err := dataset.Read(ctx, j.open, j.schema, options, w.batch)
	if err == nil {
		err = j.checkUnchanged(tally, part)
	}
	for _, log := range logs {
		err = errors.Join(err, log.finish(err))
	}
	if err == nil {
		err = j.out.finish()
	}
	if err != nil {
		return 0, j.out.abort(err)
	}
	return tally.Read, j.keep(ctx, writeResult(share), j.written(share, w))
}

// checkUnchanged compares what was read with what was scanned.
func (j *job) checkUnchanged(tally *dataset.Tally, part dataset.Part) error {
	read := tally.Files
	if len(read) == 0 {
		read = []dataset.FileTally{{SHA256: tally.SHA256}}
	}
	for i, f := range read {
		if f.SHA256 != j.sources[part.From+i].SHA256 {
			return fault.New(fault.InvalidData, "The data changed between the scan and the writing of a share.").
				At("Data changed", "data_changed", "data")
		}
	}
	return nil
}

func (j *job) written(share int, w *rowWriter) *written {
	return &written{
		Part:     processed.Part{Name: dataPart(share), Size: j.out.data.size, SHA256: hex.EncodeToString(j.out.data.digest.Sum(nil))},
		Rejected: j.out.rejected, Listed: j.out.rejects != nil, Firsts: w.firsts,
		Fit: j.fit, Sides: [2]storedSide{j.sides[0].stored(), j.sides[1].stored()}, Sentinels: j.sentinels.stored(),
	}
}

// hashLog writes rows' hashes to the store, eight bytes each, the lowest first:
// what a side's digest is made of once all shares are there.
type hashLog struct {
	to     *upload
	buffer *bufio.Writer
}

func newHashLog(to *upload) *hashLog { return &hashLog{to, bufio.NewWriterSize(to, 64<<10)} }

// Add appends hashes. An error comes up in finish.
func (l *hashLog) Add(hashes ...uint64) {
	var text [8]byte
	for _, h := range hashes {
		binary.LittleEndian.PutUint64(text[:], h)
		_, _ = l.buffer.Write(text[:])
	}
}

func (l *hashLog) finish(why error) error {
	if why == nil {
		why = l.buffer.Flush()
	}
	return l.to.finish(why)
}

// counted is what an upload knows of its bytes, if somebody asks.
type counted struct {
	size   int64
	digest hash.Hash
}

func (c *counted) add(p []byte) {
	if c.digest != nil {
		c.size += int64(len(p))
		c.digest.Write(p)
	}
}
