package dataset

import (
	"math"
	"strings"
	"time"
)

// Form is how the dates and times of a column are written. It is settled over
// all cells of the column; a column that mixes forms is text, and so is one
// with slashes whose days are all up to 12, since nothing tells which of day and
// month comes first. In the forms other than FormISO, leading zeros of day and
// month may be left out.
//
// A time of day may follow a date, after a blank or T: 15:04, 15:04:05 or
// 15:04:05.999999999, and after it an offset, with or without a blank before
// it: Z, UTC, +01:00, +0100 or +01. A time without an offset is taken for UTC.
//
// ISO 8601-1:2019; RFC 3339, section 5.6.
type Form uint8

// The forms. Those that a cell fits are a set of bits.
const (
	FormISO        Form = 1 << iota // 2006-01-02, 2006/01/02, and 2006-01 of the years 1900 to 2099
	FormDotted                      // 02.01.2006
	FormDayFirst                    // 02/01/2006
	FormMonthFirst                  // 01/02/2006

	anyForm = FormISO | FormDotted | FormDayFirst | FormMonthFirst
)

// one reports whether the forms are exactly one.
func (f Form) one() bool { return f != 0 && f&(f-1) == 0 }

// moment is a point in time, in microseconds since 1970-01-01T00:00:00Z. What
// is finer is cut off.
type moment int64

const microsecond = 1_000_000 // in a second

// seconds returns the seconds since 1970, as the values of a Time column are:
// the nearest float64 to the whole seconds plus that of the fraction. Up to the
// year 2242 it tells every microsecond apart.
func (m moment) seconds() float64 {
	whole, part := floorDiv(int64(m), microsecond)
	return float64(whole) + float64(part)/microsecond
}

// momentOf is the inverse of seconds, which must be finite and less than 2^53.
func momentOf(seconds float64) moment {
	whole := math.Floor(seconds)
	return moment(int64(whole)*microsecond + int64(math.Round((seconds-whole)*microsecond)))
}

// floorDiv returns the quotient, rounded down, and the remainder, not negative.
func floorDiv(a, b int64) (quotient, remainder int64) {
	quotient, remainder = a/b, a%b
	if remainder < 0 {
		quotient, remainder = quotient-1, remainder+b
	}
	return quotient, remainder
}

// parseMoment reads a date or time in any of the wanted forms, blanks around
// it left out, and returns those forms that it fits: none if it is no time.
// Where FormDayFirst and FormMonthFirst both fit, the moment is that of the
// first.
func parseMoment(b []byte, want Form) (moment, Form) {
	if b = trim(b); len(b) < len("1/1/2006") || len(b) > len("2006-01-02T15:04:05.999999999 +01:00") || b[0]-'0' > 9 {
		return shortMoment(b, want)
	}
	year, month, day, fits, rest := parseDate(b)
	if fits &= want; fits == 0 {
		return 0, 0
	}
	if fits == FormMonthFirst {
		month, day = day, month
	}
	clock, ok := parseClock(rest)
	if !ok || !validDate(year, month, day) {
		return 0, 0
	}
	return moment(daysFromCivil(year, month, day)*24*3600*microsecond + clock), fits
}

// shortMoment reads a year and a month.
func shortMoment(b []byte, want Form) (moment, Form) {
	if len(b) != len("2006-01") || b[4] != '-' || want&FormISO == 0 {
		return 0, 0
	}
	year, ok1 := digits(b[:4])
	month, ok2 := digits(b[5:])
	if !ok1 || !ok2 || year < 1900 || year > 2099 || month < 1 || month > 12 {
		return 0, 0
	}
	return moment(daysFromCivil(year, month, 1) * 24 * 3600 * microsecond), FormISO
}

// parseDate reads a date of at least eight bytes, and returns the forms that
// it fits and what follows it. Of two numbers between slashes the first is
// returned as the day.
func parseDate(b []byte) (year, month, day int64, fits Form, rest []byte) {
	if b[1]-'0' <= 9 && b[2]-'0' <= 9 {
		if len(b) < len("2006-01-02") || b[4] != '-' && b[4] != '/' || b[7] != b[4] {
			return 0, 0, 0, 0, nil
		}
		y, ok1 := digits(b[:4])
		m, ok2 := digits(b[5:7])
		d, ok3 := digits(b[8:10])
		if !ok1 || !ok2 || !ok3 {
			return 0, 0, 0, 0, nil
		}
		return y, m, d, FormISO, b[10:]
	}
	day, first := oneOrTwo(b)
	if first == 0 || b[first] != '.' && b[first] != '/' {
		return 0, 0, 0, 0, nil
	}
	separator := b[first]
	month, second := oneOrTwo(b[first+1:])
	at := first + 1 + second
	if second == 0 || len(b) < at+5 || b[at] != separator {
		return 0, 0, 0, 0, nil
	}
	year, ok := digits(b[at+1 : at+5])
	if !ok {
		return 0, 0, 0, 0, nil
	}
	if fits = FormDotted; separator == '/' {
		fits = slashed(day, month)
	}
	return year, month, day, fits, b[at+5:]
}

// slashed returns in which order two numbers can be day and month.
func slashed(first, second int64) Form {
	fits := Form(0)
	if second <= 12 {
		fits |= FormDayFirst
	}
	if first <= 12 {
		fits |= FormMonthFirst
	}
	return fits
}

// parseClock reads a time of day with its offset, in microseconds; nothing is
// midnight.
func parseClock(b []byte) (int64, bool) {
	if len(b) == 0 {
		return 0, true
	}
	if len(b) < len("T15:04") || b[0] != 'T' && b[0] != ' ' || b[3] != ':' {
		return 0, false
	}
	hour, ok1 := digits(b[1:3])
	minute, ok2 := digits(b[4:6])
	if !ok1 || !ok2 || hour > 23 || minute > 59 {
		return 0, false
	}
	micros := (hour*60 + minute) * 60 * microsecond
	b = b[6:]
	if len(b) > 0 && b[0] == ':' {
		if len(b) < 3 {
			return 0, false
		}
		second, ok := digits(b[1:3])
		if !ok || second > 59 {
			return 0, false
		}
		var part int64
		if part, b, ok = parseFraction(b[3:]); !ok {
			return 0, false
		}
		micros += second*microsecond + part
	}
	offset, ok := parseOffset(b)
	return micros - offset, ok
}

// parseFraction reads a point and up to nine digits, if b begins with them, as
// microseconds.
func parseFraction(b []byte) (micros int64, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '.' {
		return 0, b, true
	}
	i, unit := 1, int64(microsecond)
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		unit /= 10
		micros += int64(b[i]-'0') * unit
	}
	return micros, b[i:], 1 < i && i <= 10
}

// parseOffset reads the distance from UTC, in microseconds.
func parseOffset(b []byte) (int64, bool) {
	if len(b) > 1 && b[0] == ' ' {
		b = b[1:]
	}
	switch {
	case len(b) == 0, len(b) == 1 && b[0] == 'Z', string(b) == "UTC":
		return 0, true
	case len(b) < 3 || b[0] != '+' && b[0] != '-':
		return 0, false
	}
	minute, ok1 := int64(0), true
	hour, ok2 := digits(b[1:3])
	switch {
	case len(b) == 5:
		minute, ok1 = digits(b[3:])
	case len(b) == 6 && b[3] == ':':
		minute, ok1 = digits(b[4:])
	case len(b) != 3:
		return 0, false
	}
	micros := (hour*60 + minute) * 60 * microsecond
	if b[0] == '-' {
		micros = -micros
	}
	return micros, ok1 && ok2 && hour <= 23 && minute <= 59
}

// digits reads a number that consists of digits only.
func digits(b []byte) (int64, bool) {
	v := int64(0)
	for _, c := range b {
		if c-'0' > 9 {
			return 0, false
		}
		v = v*10 + int64(c-'0')
	}
	return v, true
}

// oneOrTwo reads a number of one or two digits from the beginning of b, which
// goes on behind it, and returns how many there are.
func oneOrTwo(b []byte) (int64, int) {
	switch {
	case len(b) < 3 || b[0]-'0' > 9:
		return 0, 0
	case b[1]-'0' > 9:
		return int64(b[0] - '0'), 1
	}
	return int64(b[0]-'0')*10 + int64(b[1]-'0'), 2
}

// validDate reports whether a year from 1 to 9999 has such a day.
func validDate(year, month, day int64) bool {
	if year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31 {
		return false
	}
	switch month {
	case 4, 6, 9, 11:
		return day <= 30
	case 2:
		leap := year%4 == 0 && (year%100 != 0 || year%400 == 0)
		return day <= 28 || day == 29 && leap
	}
	return true
}

// daysFromCivil returns the days from 1970-01-01 to a date of a positive year
// of the Gregorian calendar. The year begins in March, so that the leap day is
// its last (Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2013).
func daysFromCivil(year, month, day int64) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	dayOfYear := (153*(month-3)+2)/5 + day - 1
	return 365*year + year/4 - year/100 + year/400 + dayOfYear - 719468
}

// ParseTime reads a date or time in one of the forms that tell by themselves
// what is day and what is month: FormISO and FormDotted, and, if their order is
// known, in the form with slashes. It returns seconds since
// 1970-01-01T00:00:00Z, as the values of a Time column are.
func ParseTime(s string, order DateOrder) (seconds float64, ok bool) {
	d := Dialect{Order: order}
	m, fits := parseMoment([]byte(s), d.forms(true))
	return m.seconds(), fits != 0
}

// TimeText writes a value of a Time column in ISO 8601: without the time of day
// where it is midnight, and without an offset, for it is UTC.
func TimeText(seconds float64) string {
	at := time.UnixMicro(int64(momentOf(seconds))).UTC()
	return strings.TrimSuffix(at.Format("2006-01-02T15:04:05.999999"), "T00:00:00")
}
