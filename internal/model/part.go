package model

import "math"

// Part says which number a Number feature takes from its column's value.
type Part string

// The parts. A time is given in seconds since 1970-01-01T00:00:00Z, and its
// parts are those of the proleptic Gregorian calendar in UTC.
const (
	Whole   Part = ""        // the value itself
	Flag    Part = "boolean" // the value itself, which is 1 for true and 0 for false
	Epoch   Part = "epoch"   // the value itself, which is a time
	Year    Part = "year"
	Month   Part = "month"   // 1 to 12
	Day     Part = "day"     // of the month, 1 to 31
	Weekday Part = "weekday" // 0 is Monday, 6 Sunday
	Hour    Part = "hour"    // 0 to 23
)

// TimeParts are the parts of a time, in the order in which a recipe has them.
var TimeParts = []Part{Epoch, Year, Month, Day, Weekday, Hour}

// OfTime reports whether the part is one of a time.
func (p Part) OfTime() bool { return p != Whole && p != Flag }

// Of returns the part of a value; that of NaN is NaN.
//
// A model file computes the same with the operators Floor, Div, Mul, Sub and
// Add on doubles. Up to 2^53 every number on the way is whole, so both are exact.
func (p Part) Of(x float64) float64 {
	switch p {
	case Year, Month, Day:
		return calendar(x, p)
	case Weekday:
		days := math.Floor(math.Floor(x)/secondsPerDay) + 3 // 1970-01-01 was a Thursday
		return days - 7*math.Floor(days/7)
	case Hour:
		x = math.Floor(x)
		return math.Floor((x - secondsPerDay*math.Floor(x/secondsPerDay)) / 3600)
	}
	return x
}

const secondsPerDay = 24 * 3600

// calendar returns the year, month or day of a time. It counts in eras of 400
// years, and years that begin in March, so that the leap day is the last one
// (Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2013,
// civil_from_days).
func calendar(x float64, part Part) float64 {
	days := math.Floor(math.Floor(x)/secondsPerDay) + 719468 // since 0000-03-01
	era := math.Floor(days / 146097)
	day := days - 146097*era // of the era
	year := math.Floor((day - math.Floor(day/1460) + math.Floor(day/36524) - math.Floor(day/146096)) / 365)
	day -= 365*year + math.Floor(year/4) - math.Floor(year/100) // of the year
	month := math.Floor((5*day + 2) / 153)                      // 0 is March
	next := math.Floor(month / 10)                              // 1 in January and February, whose year is the next one
	switch part {
	case Year:
		return 400*era + year + next
	case Month:
		return month + 3 - 12*next
	}
	return day - math.Floor((153*month+2)/5) + 1
}
