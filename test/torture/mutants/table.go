package main

// mutant takes one safeguard away: in a file of the model store, one text,
// which must stand there exactly once, is replaced by another.
type mutant struct {
	safeguard, change string
	file, old, new    string
}

// The places of several mutants.
const (
	lookup = `if change, ok := standing.find(in.id); ok {`
	bound  = `if standing.generation() != in.from || standing.digest() != in.fromDigest {`
	result = "	return Promotion{Change: next.Change, Standing: next.Generation}, in.refusal == nil, in.refusal\n"
	ready  = `	if !in.wrote {
		if err := in.ready(ctx); err != nil {
			return p, true, err
		}
	}
`
	attach = `	if err := s.attach(ctx, name, digest, attachments); err != nil {
		return Version{}, err
	}
`
	write = `	next := standing.succeed(in.name, in.change)
	in.wrote, in.refusal = true, s.replace(ctx, next, etag)
`
)

var mutants = []mutant{
	{"promotion id", "it is never looked up", "swap.go",
		lookup, `if change, ok := standing.find(""); ok {`},
	{"promotion id", "it is looked up before the first write only", "swap.go",
		lookup, `if change, ok := standing.find(in.id); ok && !in.wrote {`},
	{"promotion id", "it is looked up in the standing change only", "champion.go",
		"	for _, change := range c.changes() {\n		if change.PromotionID == promotionID {",
		"	for _, change := range c.changes()[:min(1, len(c.changes()))] {\n		if change.PromotionID == promotionID {"},
	{"promotion id", "a rollback's id does not say over which champion", "rollback.go",
		`fmt.Sprintf("%d\n%d", from, to)`, `fmt.Sprintf("%d", to)`},
	{"data before pointer", "the pointer moves before the data is inspected", "swap.go",
		ready + write, write + "	if err := in.ready(ctx); err != nil {\n		return p, true, err\n	}\n"},
	{"data before pointer", "the data is not inspected", "swap.go",
		ready, ""},
	{"data before pointer", "the manifest is written before the bytes", "version.go",
		"	stands, err := s.create(ctx, modelKey(name, digest), model, maxModel)\n	if err != nil {\n		return Version{}, err\n	}\n",
		"	if manifest, err = s.create(ctx, manifestKey(name, digest), manifest, maxDocument); err != nil {\n		return Version{}, err\n	}\n" +
			"	stands, err := s.create(ctx, modelKey(name, digest), model, maxModel)\n	if err != nil {\n		return Version{}, err\n	}\n"},
	{"data before pointer", "the manifest is written before the attachments", "version.go",
		attach, "	if manifest, err = s.create(ctx, manifestKey(name, digest), manifest, maxDocument); err != nil {\n		return Version{}, err\n	}\n" + attach},
	{"409", "the pointer's 409 is taken for a success", "swap.go",
		result, "	won := in.refusal == nil || errors.Is(in.refusal, blob.ErrConflict)\n	if won {\n		in.refusal = nil\n	}\n" +
			"	return Promotion{Change: next.Change, Standing: next.Generation}, won, in.refusal\n"},
	{"409", "the pointer's 409 is taken for a defeat", "swap.go",
		result, "	if errors.Is(in.refusal, blob.ErrConflict) {\n		return p, true, in.overtaken(standing)\n	}\n" + result},
	{"409", "a 409 ends the creation of an object", "create.go",
		`case !errors.Is(err, blob.ErrConflict):`, `default:`},
	{"412", "the pointer's 412 is taken for a defeat", "swap.go",
		result, "	if errors.Is(in.refusal, blob.ErrCondition) {\n		return p, true, in.overtaken(standing)\n	}\n" + result},
	{"lost answer", "an error is taken for a success", "swap.go",
		"in.refusal == nil, in.refusal\n", "true, nil\n"},
	{"digest", "a loaded model is not held against its digest", "version.go",
		`Digest(model) != digest || file.Size`, `file.Size`},
	{"digest", "an attachment is not held against its digest", "attachment.go",
		`case Digest(data) != listed.SHA256 || int64`, `case int64`},
	{"digest", "a manifest may be another version's", "attachment.go",
		`if m.Files[modelFile].SHA256 != digest {`, `if false {`},
	{"generation", "the champion may be another generation", "swap.go",
		bound, `if standing.digest() != in.fromDigest {`},
	{"generation", "the champion may be another model", "swap.go",
		bound, `if standing.generation() != in.from {`},
	{"generation", "the champion may be any", "swap.go",
		bound, `if false {`},
	{"compare-and-swap", "the pointer is replaced without If-Match", "swap.go",
		`condition = blob.IfMatch(etag)`, `condition = blob.Condition{}`},
	{"compare-and-swap", "the first pointer is written without If-None-Match", "swap.go",
		`condition := blob.IfAbsent()`, `condition := blob.Condition{}`},
	{"compare-and-swap", "what is immutable is written over", "create.go",
		`data, condition)`, `data, blob.Condition{})`},
	{"compare-and-swap", "a damaged verdict is written over whatever stands by then", "create.go",
		`condition = blob.IfMatch(info.ETag)`, `condition = blob.Condition{}`},
	{"compare-and-swap", "a sound verdict is taken for a damaged one", "create.go",
		`!errors.Is(check(stands), ErrDamaged)`, `false`},
	{"seal", "documents are not held against their seal", "document.go",
		`if Digest(body) != digest {`, `if false {`},
	{"seal", "the audit takes any evaluation of the name", "audit.go",
		`e.SHA256 != change.EvaluationSHA256 || `, ``},
	{"gate", "an evaluation that says no lets a model in", "promote.go",
		`if !e.ShouldUpdate {`, `if false {`},
	{"gate", "another model's evaluation lets a model in", "update.go",
		`case err == nil && e.ModelDigest != digest:`, `case false:`},
	{"gate", "golden rows are not scored", "update.go",
		"		return CheckGolden\n", "		return func([]byte, Manifest) error { return nil }\n"},
}
