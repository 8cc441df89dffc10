package dataset

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"

	"retrain/internal/fault"
)

// encodeUTF16 is the standard library's way.
func encodeUTF16(text string, order binary.AppendByteOrder) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, unit)
	}
	return string(out)
}

// encodeBytes writes text in an encoding of one byte a character.
func encodeBytes(t tester, text string, upper *[128]rune) string {
	var out []byte
	for _, r := range text {
		if r < utf8.RuneSelf {
			out = append(out, byte(r))
			continue
		}
		at := slices.Index(upper[:], r)
		if at < 0 {
			t.Fatalf("%q is not in the encoding", r)
		}
		out = append(out, byte(0x80+at))
	}
	return string(out)
}

// TestEncodingsReadAlike has one table in each encoding.
func TestEncodingsReadAlike(t *testing.T) {
	plain := "größe,preis\n" + strings.Repeat("süß,1\n„naïve“,2\n", 50)
	want := readAll(t, opens(plain), Options{})
	for name, c := range map[string]struct {
		data        string
		asked, want Encoding
	}{
		"utf-8":               {plain, "", UTF8},
		"utf-8 with mark":     {utf8BOM + plain, "", UTF8},
		"utf-16le with mark":  {utf16leBOM + encodeUTF16(plain, binary.LittleEndian), "", UTF16LE},
		"utf-16be with mark":  {utf16beBOM + encodeUTF16(plain, binary.BigEndian), "", UTF16BE},
		"utf-16le":            {encodeUTF16(plain, binary.LittleEndian), "", UTF16LE},
		"utf-16be":            {encodeUTF16(plain, binary.BigEndian), "", UTF16BE},
		"utf-16be asked for":  {utf16beBOM + encodeUTF16(plain, binary.BigEndian), UTF16, UTF16BE},
		"windows-1252":        {encodeBytes(t, plain, &windows1252), "", Windows1252},
		"windows-1252, asked": {encodeBytes(t, plain, &windows1252), Windows1252, Windows1252},
	} {
		t.Run(name, func(t *testing.T) {
			got := readAll(t, opensVia(c.data, iotest.HalfReader), Options{Dialect: Dialect{Encoding: c.asked}})
			if got.Schema.Dialect.Encoding != c.want {
				t.Errorf("taken for %s", got.Schema.Dialect.Encoding)
			}
			got.Schema.Dialect.Encoding = UTF8
			same(t, "schema", got.Schema, want.Schema)
			same(t, "rows", got.Rows, want.Rows)
			same(t, "lines", got.Lines, want.Lines)
		})
	}
	latin := readAll(t, opens("a\n\x80\xfc\n"), Options{Dialect: Dialect{Encoding: Latin1}})
	same(t, "latin-1", latin.Rows, [][]string{{"\u0080ü"}})
	_, _, err := Scan(context.Background(), opens(utf16leBOM+"a\x00"), Options{Dialect: Dialect{Encoding: UTF8}})
	fails(t, err, fault.InvalidData, "not in utf-8, the encoding that was asked for, but in utf-16le")
}

// TestDamageIsNoEncoding has bytes that are wrong in UTF-8 and do not make the
// table one in Windows-1252: its rows are rejected.
func TestDamageIsNoEncoding(t *testing.T) {
	for name, bad := range map[string]string{
		"beside other characters": "\xfc", "undefined": "\x81", "a mark of UTF-16": "\xff",
	} {
		data := "a,b\n1,x\n2," + bad + "\n"
		if name == "beside other characters" {
			data += "3,ü\n"
		}
		got := readAll(t, opens(data), Options{})
		same(t, name, got.Rejects, []Reject{{3, "b", ReasonUTF8, ""}})
	}
	isolated := "a,b\n" + strings.Repeat("1,x\n", 500) + "2\xe94,x\n" + strings.Repeat("1,x\n", 500)
	got := readAll(t, opens(isolated), Options{})
	same(t, "among digits", got.Rejects, []Reject{{502, "a", ReasonUTF8, ""}})
	same(t, "among digits", got.Schema.Columns[0].Kind, Integer)
	got = readAll(t, opens(encodeUTF16("a,b\n1,", binary.LittleEndian)+"\x00\xd8x\x00\n\x00"+encodeUTF16("2,y\n", binary.LittleEndian)+"3"), Options{})
	same(t, "lone surrogate, half a character", got.Rejects, []Reject{{2, "b", ReasonUTF8, ""}, {4, "a", ReasonUTF8, ""}})
}

// TestTranscoderAgreesWithTheStandardLibrary decodes any units, in pieces of
// any size.
func TestTranscoderAgreesWithTheStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		via := rapid.SampledFrom(readers).Draw(t, "reader")
		for _, e := range []Encoding{UTF16LE, UTF16BE} {
			order := binary.AppendByteOrder(binary.LittleEndian)
			if e == UTF16BE {
				order = binary.BigEndian
			}
			got, err := io.ReadAll(decoded(via(strings.NewReader(encodeUTF16(text, order))), e, nil))
			if err != nil || string(got) != string([]rune(text)) {
				t.Fatalf("%s: %q, want %q: %v", e, got, text, err)
			}
		}
	})
}

// FuzzUTF16 holds the transcoder against utf16.Decode, which has the
// replacement character for what we make an invalid byte.
func FuzzUTF16(f *testing.F) {
	for _, seed := range []string{"a\x00", "\x00\xd8\x00\xdc", "\x00\xd8a\x00", "\x00\xdc", "\x00\xd8\x00", "a"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := io.ReadAll(decoded(iotest.OneByteReader(bytes.NewReader(data)), UTF16LE, nil))
		if err != nil {
			t.Fatal(err)
		}
		units := make([]uint16, len(data)/2)
		for i := range units {
			units[i] = binary.LittleEndian.Uint16(data[2*i:])
		}
		want := string(utf16.Decode(units))
		if len(data)%2 == 1 {
			want += "\ufffd"
		}
		if s := strings.ReplaceAll(string(got), "\xff", "\ufffd"); s != want {
			t.Errorf("%q, want %q", s, want)
		}
	})
}
