package rowset

import (
	"bytes"
	"encoding/json"
	"errors"

	"retrain/internal/fault"
)

// A set is stored as one line of JSON and, behind it, the filter's bytes.

// format is the version of that form.
const format = 1

// head is the line.
type head struct {
	Format   int      `json:"format"`
	Columns  []string `json:"columns"`
	Rows     int64    `json:"rows"`
	Distinct int      `json:"distinct"` // of the rows in the sample
	Shift    int      `json:"shift"`    // one row in 2^shift is in the sample
	Seed     uint64   `json:"seed"`
	Length   uint32   `json:"segment_length"`
	Segments uint32   `json:"segments"`
}

// Encode returns the set's stored form.
func (s *Set) Encode() ([]byte, error) {
	line, err := json.Marshal(s.head)
	if err != nil {
		return nil, err
	}
	return append(append(line, '\n'), s.fingerprints...), nil
}

// Decode reads a set's stored form. What is not one is a fault.InvalidData.
func Decode(data []byte) (*Set, error) {
	line, fingerprints, _ := bytes.Cut(data, []byte{'\n'})
	s := &Set{fingerprints: fingerprints}
	err := json.Unmarshal(line, &s.head)
	if err == nil {
		err = s.check()
	}
	if err != nil {
		return nil, fault.Wrap(fault.InvalidData, err, "The stored set of rows is not one.")
	}
	return s, nil
}

// check makes sure that every place that a key can have is there.
func (s *Set) check() error {
	switch {
	case s.Format != format:
		return errors.New("another format")
	case s.Distinct < 0 || s.Distinct > MaxRows || int64(s.Distinct) > s.head.Rows:
		return errors.New("a wrong number of rows")
	case s.Shift < 0 || s.Shift > maxShift:
		return errors.New("a wrong sample")
	case s.Length < 1 || s.Length > maxLength || s.Length&(s.Length-1) != 0 || s.Segments < 1 || s.Segments > 2*MaxRows:
		return errors.New("wrong dimensions")
	case (uint64(s.Segments)+2)*uint64(s.Length) != uint64(len(s.fingerprints)):
		return errors.New("a wrong length")
	}
	return nil
}
