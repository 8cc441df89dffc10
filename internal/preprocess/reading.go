package preprocess

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"retrain/internal/dataset"
	"retrain/internal/fault"
	"retrain/internal/settings"
)

// parseRead reads the request's read options, naming every key that is wrong.
// What is not given stays open: it is found from a sample of the data.
func parseRead(given map[string]any) (dataset.Dialect, error) {
	var d dataset.Dialect
	err := settings.Read(given, []settings.Field{
		{Name: "format", Value: choice(&d.Format, dataset.CSV, dataset.JSONLines, dataset.Parquet)},
		{Name: "encoding", Value: choice(&d.Encoding, dataset.UTF8, dataset.UTF16, dataset.UTF16LE, dataset.UTF16BE, dataset.Latin1, dataset.Windows1252)},
		{Name: "delimiter", Aliases: []string{"sep"}, Value: custom(func(v any) string { return storeDelimiter(&d, v) })},
		{Name: "quote", Aliases: []string{"quotechar"}, Value: choice(&d.Quote, `"`, "'", dataset.NoQuote)},
		{Name: "header", Value: custom(func(v any) string { return storeHeader(&d, v) })},
		{Name: "decimal", Value: custom(func(v any) string { return storeDecimal(&d, v) })},
		{Name: "thousands", Value: choice(&d.Thousands, dataset.Thousands()...)},
		{Name: "na_values", Value: custom(func(v any) string { return storeMissing(&d, v) })},
		{Name: "dayfirst", Value: custom(func(v any) string { return storeOrder(&d, v) })},
		{Name: "dtypes", Aliases: []string{"dtype"}, Value: custom(func(v any) string { return storeTypes(&d, v) })},
	}, "body", "read")
	bad := fault.New(fault.InvalidRequest, "The request is not valid.")
	settings.Collect(bad, err)
	if d.Decimal != 0 && d.Thousands == string(rune(d.Decimal)) {
		bad.At("decimal and thousands should differ", "value_error", "body", "read", "thousands")
	}
	return d, settings.Err(bad)
}

// choice is a setting that is one of a few texts.
func choice[T ~string](to *T, of ...T) settings.Value {
	return custom(func(v any) string {
		text, ok := v.(string)
		if !ok {
			return "Input should be a valid string"
		}
		if !slices.Contains(of, T(text)) {
			return "Input should be " + quoted(of)
		}
		*to = T(text)
		return ""
	})
}

func quoted[T ~string](texts []T) string {
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = fmt.Sprintf("'%s'", text)
	}
	if n := len(out) - 1; n > 0 {
		return strings.Join(out[:n], ", ") + " or " + out[n]
	}
	return out[0]
}

// custom is a setting that store takes, or says what is wrong with.
func custom(store func(v any) string) settings.Value {
	return settings.Custom{
		Store: func(v any) (string, string) { return store(v), "value_error" },
		Load:  func() any { return nil },
	}
}

func storeDelimiter(d *dataset.Dialect, v any) string {
	text, ok := v.(string)
	if !ok || len(text) != 1 || text[0] >= utf8.RuneSelf || strings.ContainsAny(text, "\"\r\n\x00\x01") {
		return "Input should be one ASCII character, and no quote or newline"
	}
	d.Delimiter = text[0]
	return ""
}

func storeHeader(d *dataset.Dialect, v any) string {
	switch v := v.(type) {
	case bool:
		d.Header = dataset.NoHeader
		if v {
			d.Header = 1
		}
		return ""
	case float64:
		if v >= 1 && v <= 100 && v == float64(int(v)) {
			d.Header = dataset.Header(v)
			return ""
		}
	case string:
		if v == "infer" {
			return ""
		}
	}
	return "Input should be true, false, 'infer', or a number of rows from 1 to 100, the last of which has the names"
}

func storeDecimal(d *dataset.Dialect, v any) string {
	if v != "." && v != "," {
		return "Input should be '.' or ','"
	}
	d.Decimal = v.(string)[0]
	return ""
}

// maxMissing bounds the texts that may be listed as missing values.
const maxMissing = 1000

func storeMissing(d *dataset.Dialect, v any) string {
	ok := true
	count := 0
	take := func(v any) []string {
		list, isList := v.([]any)
		if text, isText := v.(string); isText {
			list, isList = []any{text}, true
		}
		ok = ok && isList
		var texts []string
		for _, item := range list {
			text, isText := item.(string)
			if number, isNumber := item.(float64); isNumber {
				text, isText = fmt.Sprint(number), true
			}
			ok = ok && isText
			texts = append(texts, text)
		}
		count += len(texts)
		return texts
	}
	if columns, perColumn := v.(map[string]any); perColumn {
		d.NAIn = map[string][]string{}
		for _, name := range slices.Sorted(maps.Keys(columns)) {
			d.NAIn[name] = take(columns[name])
		}
	} else {
		d.NA = take(v)
	}
	if !ok || count > maxMissing {
		return fmt.Sprintf("Input should be a list of texts or numbers, or an object of such lists by column, of at most %d in all", maxMissing)
	}
	return ""
}

func storeOrder(d *dataset.Dialect, v any) string {
	dayFirst, ok := v.(bool)
	if !ok {
		return "Input should be a valid boolean"
	}
	if d.Order = dataset.OrderMonthFirst; dayFirst {
		d.Order = dataset.OrderDayFirst
	}
	return ""
}

func storeTypes(d *dataset.Dialect, v any) string {
	columns, ok := v.(map[string]any)
	if !ok {
		return "Input should be an object of types by column"
	}
	d.Types = map[string]dataset.Type{}
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		text, _ := columns[name].(string)
		if !slices.Contains(dataset.Types(), dataset.Type(text)) {
			return "Types should be " + quoted(dataset.Types())
		}
		d.Types[name] = dataset.Type(text)
	}
	return ""
}

// explainDialect warns of what was found about the data that its owner may not
// know, and that another finding would have read otherwise.
func (j *job) explainDialect() {
	d, given := &j.schema.Dialect, &j.dialect
	isWestern := func(f dataset.FileTally) bool { return f.Encoding == dataset.Windows1252 }
	if d.Format == dataset.Parquet {
		for _, name := range slices.Sorted(maps.Keys(j.req.Read)) {
			if name != "format" {
				j.warn(fmt.Sprintf("read.%s is about text, and has no effect on Parquet", name))
			}
		}
		return
	}
	if given.Encoding == "" && (d.Encoding == dataset.Windows1252 || slices.ContainsFunc(j.tally.Files, isWestern)) {
		j.warn(`the data is not in UTF-8 and was taken for Windows-1252 (Latin-1); pass "read":{"encoding":…} if it is something else`)
	}
	if given.Header == dataset.HeaderFound && d.Header == dataset.NoHeader {
		j.warn(`the first row looks like data and was taken for data; pass "read":{"header":true} if it names the columns`)
	}
	if given.Decimal == 0 && d.Decimal == ',' {
		j.warn(`numbers have a decimal comma; pass "read":{"decimal":"."} if they do not`)
	}
	if given.Thousands == "" && d.Thousands != "" && d.Thousands != dataset.NoThousands {
		j.warn(fmt.Sprintf(`numbers have %q between thousands; pass "read":{"thousands":"none"} if they do not`, d.Thousands))
	}
}
