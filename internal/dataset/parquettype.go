package dataset

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/big"

	"github.com/parquet-go/parquet-go/format"
)

// meaning says what the stored values of a Parquet column stand for.
//
// https://github.com/apache/parquet-format/blob/master/LogicalTypes.md
type meaning uint8

const (
	unsupported meaning = iota
	asBoolean
	asInteger // INT32, INT64 of any width and sign, and columns of nulls
	asFloat   // FLOAT, DOUBLE, FLOAT16
	asDecimal // INT32, INT64, big-endian bytes: the nearest float64
	asClock   // TIME: the seconds since midnight
	asDays    // DATE
	asMoment  // TIMESTAMP: cut to microseconds; without a zone it is taken for UTC
	asInt96   // the former timestamp of Spark and Impala
	asUUID    // text, in the usual form with dashes
	asText    // STRING, ENUM, JSON, and bytes that are UTF-8
)

// Fields of the LogicalType and TimeUnit unions.
var (
	logicalString    = (*format.StringType)(nil).FieldID()
	logicalEnum      = (*format.EnumType)(nil).FieldID()
	logicalJSON      = (*format.JsonType)(nil).FieldID()
	logicalDecimal   = (*format.DecimalType)(nil).FieldID()
	logicalDate      = (*format.DateType)(nil).FieldID()
	logicalTime      = (*format.TimeType)(nil).FieldID()
	logicalTimestamp = (*format.TimestampType)(nil).FieldID()
	logicalInteger   = (*format.IntType)(nil).FieldID()
	logicalNull      = (*format.NullType)(nil).FieldID()
	logicalUUID      = (*format.UUIDType)(nil).FieldID()
	logicalFloat16   = (*format.Float16Type)(nil).FieldID()

	unitMillis = (*format.MilliSeconds)(nil).FieldID()
	unitMicros = (*format.MicroSeconds)(nil).FieldID()
	unitNanos  = (*format.NanoSeconds)(nil).FieldID()
)

// Members of ConvertedType, which older files have instead.
const (
	convertedNone            = -1
	convertedUTF8            = 0
	convertedEnum            = 4
	convertedDecimal         = 5
	convertedDate            = 6
	convertedTimeMillis      = 7
	convertedTimeMicros      = 8
	convertedTimestampMillis = 9
	convertedTimestampMicros = 10
	convertedUint8           = 11 // to 14, UINT_64, and from 15 to 18 the signed ones
	convertedInt64           = 18
	convertedJSON            = 19
)

// modernize gives a leaf that has a ConvertedType only the LogicalType that it
// means.
func (leaf *parquetLeaf) modernize() {
	if leaf.logical != 0 || leaf.converted == convertedNone {
		return
	}
	switch c := leaf.converted; {
	case c == convertedUTF8:
		leaf.logical = logicalString
	case c == convertedEnum:
		leaf.logical = logicalEnum
	case c == convertedJSON:
		leaf.logical = logicalJSON
	case c == convertedDecimal:
		leaf.logical = logicalDecimal
	case c == convertedDate:
		leaf.logical = logicalDate
	case c == convertedTimeMillis:
		leaf.logical, leaf.unit = logicalTime, unitMillis
	case c == convertedTimeMicros:
		leaf.logical, leaf.unit = logicalTime, unitMicros
	case c == convertedTimestampMillis:
		leaf.logical, leaf.unit = logicalTimestamp, unitMillis
	case c == convertedTimestampMicros:
		leaf.logical, leaf.unit = logicalTimestamp, unitMicros
	case c >= convertedUint8 && c <= convertedInt64:
		leaf.logical, leaf.unsigned = logicalInteger, c < convertedUint8+4
	default:
		leaf.logical = math.MaxInt16
	}
}

// findMeaning tells what the column's values are.
func (leaf *parquetLeaf) findMeaning() meaning {
	leaf.modernize()
	if leaf.logical == logicalDecimal {
		return leaf.decimal()
	}
	switch leaf.physical {
	case format.Boolean:
		return map[int16]meaning{0: asBoolean, logicalNull: asBoolean}[leaf.logical]
	case format.Int32:
		return map[int16]meaning{
			0: asInteger, logicalInteger: asInteger, logicalNull: asInteger, logicalDate: asDays, logicalTime: asClock,
		}[leaf.logical]
	case format.Int64:
		return map[int16]meaning{
			0: asInteger, logicalInteger: asInteger, logicalNull: asInteger, logicalTime: asClock, logicalTimestamp: asMoment,
		}[leaf.logical]
	case format.Int96:
		return map[int16]meaning{0: asInt96}[leaf.logical]
	case format.Float, format.Double:
		return map[int16]meaning{0: asFloat, logicalNull: asFloat}[leaf.logical]
	case format.ByteArray:
		return map[int16]meaning{0: asText, logicalString: asText, logicalEnum: asText, logicalJSON: asText, logicalNull: asText}[leaf.logical]
	case format.FixedLenByteArray:
		switch {
		case leaf.logical == logicalFloat16 && leaf.length == 2:
			return asFloat
		case leaf.logical == logicalUUID && leaf.length == 16:
			return asUUID
		}
	}
	return unsupported
}

// maxDecimalBytes has room for 76 digits, the most that any engine writes.
const maxDecimalBytes = 32

func (leaf *parquetLeaf) decimal() meaning {
	fits := leaf.scale >= 0 && leaf.scale <= 76
	switch leaf.physical {
	case format.Int32, format.Int64, format.ByteArray:
	case format.FixedLenByteArray:
		fits = fits && leaf.length >= 1 && leaf.length <= maxDecimalBytes
	default:
		fits = false
	}
	if !fits {
		return unsupported
	}
	return asDecimal
}

// kind returns what the column becomes; "" is unsupported.
func (leaf *parquetLeaf) kind() Kind {
	switch leaf.meaning {
	case asBoolean:
		return Boolean
	case asInteger:
		return Integer
	case asDecimal:
		if leaf.scale == 0 {
			return Integer
		}
		return Float
	case asFloat, asClock:
		return Float
	case asDays, asMoment, asInt96:
		return Time
	case asUUID, asText:
		return Text
	}
	return ""
}

// width returns the bytes of a plain value, 0 if they are not always as many.
func (leaf *parquetLeaf) width() int {
	switch leaf.physical {
	case format.Int32, format.Float:
		return 4
	case format.Int64, format.Double:
		return 8
	case format.Int96:
		return 12
	case format.FixedLenByteArray:
		return int(leaf.length)
	}
	return 0
}

// convert turns plain values into float64: NaN is missing, what no float64 or
// no Time holds is out of range and missing, a negative zero is zero.
func (c *columnDecoder) convert(dst []float64, b []byte) {
	switch c.leaf.physical {
	case format.Double:
		for i := range dst {
			dst[i] = c.finite(math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:])))
		}
	case format.Float:
		for i := range dst {
			dst[i] = c.finite(float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))))
		}
	case format.Int32:
		for i := range dst {
			dst[i] = c.integer(int64(int32(binary.LittleEndian.Uint32(b[4*i:]))))
		}
	case format.Int64:
		for i := range dst {
			dst[i] = c.integer(int64(binary.LittleEndian.Uint64(b[8*i:])))
		}
	default:
		width := c.leaf.width()
		for i := range dst {
			dst[i] = c.bytesNumber(b[i*width : (i+1)*width])
		}
	}
}

// integer converts a value of INT32 or INT64.
func (c *columnDecoder) integer(v int64) float64 {
	switch c.leaf.meaning {
	case asDays:
		return c.time(v, 24*3600*microsecond, 1)
	case asMoment:
		perMicro, micros := c.leaf.perUnit()
		return c.time(v, micros, perMicro)
	case asClock:
		perMicro, micros := c.leaf.perUnit()
		return float64(v) / float64(microsecond*perMicro/micros)
	case asDecimal:
		return c.scaled(v)
	}
	switch {
	case c.leaf.unsigned && c.leaf.physical == format.Int32:
		return float64(uint32(v))
	case c.leaf.unsigned:
		return float64(uint64(v))
	}
	return float64(v)
}

// perUnit returns how many units of a time are a microsecond, or how many
// microseconds are a unit; the other is 1.
func (leaf *parquetLeaf) perUnit() (units, micros int64) {
	switch leaf.unit {
	case unitMillis:
		return 1, 1000
	case unitNanos:
		return 1000, 1
	}
	return 1, 1
}

// The microseconds at which the year 1 begins and the year 9999 ends.
const (
	firstMoment = -62_135_596_800 * microsecond
	endOfTime   = 253_402_300_800 * microsecond
)

// time converts v units of so many microseconds, or of a part of one.
func (c *columnDecoder) time(v, micros, parts int64) float64 {
	v, _ = floorDiv(v, parts)
	if v < firstMoment/micros || v >= endOfTime/micros {
		c.outOfRange++
		return math.NaN()
	}
	return moment(v * micros).seconds()
}

// scaled returns the float64 nearest to a decimal. Up to 2^53, and with a power
// of ten that is exact, one division rounds correctly.
func (c *columnDecoder) scaled(v int64) float64 {
	if -maxInteger <= v && v <= maxInteger && c.leaf.scale < int64(len(powersOfTen)) {
		return float64(v) / powersOfTen[c.leaf.scale]
	}
	return c.scaledBig(big.NewInt(v))
}

func (c *columnDecoder) scaledBig(v *big.Int) float64 {
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(c.leaf.scale), nil)
	nearest, _ := new(big.Rat).SetFrac(v, power).Float64()
	return c.finite(nearest)
}

// bytesNumber converts a value that is stored as bytes: INT96, FLOAT16 or a
// decimal.
func (c *columnDecoder) bytesNumber(b []byte) float64 {
	switch {
	case c.leaf.meaning == asInt96:
		return c.int96(b)
	case c.leaf.meaning == asFloat:
		return c.finite(halfFloat(binary.LittleEndian.Uint16(b)))
	case len(b) == 0 || len(b) > maxDecimalBytes:
		c.outOfRange++
		return math.NaN()
	}
	return c.decimal(b)
}

// int96 converts the nanoseconds of a day and a Julian day.
func (c *columnDecoder) int96(b []byte) float64 {
	const (
		julianEpoch  = 2_440_588 // of 1970-01-01
		microsPerDay = 24 * 3600 * microsecond
	)
	micros := binary.LittleEndian.Uint64(b) / 1000
	day := int64(int32(binary.LittleEndian.Uint32(b[8:]))) - julianEpoch
	if micros >= microsPerDay {
		c.outOfRange++
		return math.NaN()
	}
	return c.time(day*microsPerDay+int64(micros), 1, 1)
}

// decimal converts a big-endian integer in two's complement.
func (c *columnDecoder) decimal(b []byte) float64 {
	small := int64(int8(b[0]))
	for i := 1; i < len(b) && i < 8; i++ {
		small = small<<8 | int64(b[i])
	}
	if len(b) <= 8 {
		return c.scaled(small)
	}
	v := new(big.Int).SetBytes(b)
	if b[0]&0x80 != 0 {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	if v.IsInt64() {
		return c.scaled(v.Int64())
	}
	return c.scaledBig(v)
}

// halfFloat returns the value of an IEEE 754 binary16.
func halfFloat(h uint16) float64 {
	sign, exponent, fraction := 1.0, int(h>>10&31), float64(h&1023)
	if h>>15 != 0 {
		sign = -1
	}
	switch {
	case exponent == 31 && fraction != 0:
		return math.NaN()
	case exponent == 31:
		return math.Inf(int(sign))
	case exponent == 0:
		return sign * math.Ldexp(fraction, -24)
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}

func (c *columnDecoder) finite(v float64) float64 {
	if v-v == 0 {
		return v + 0
	}
	if v == v {
		c.outOfRange++
	}
	return math.NaN()
}

// uuidText writes 16 bytes as RFC 9562 does.
func uuidText(b []byte) []byte {
	h := hex.EncodeToString(b)
	return []byte(h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:])
}
