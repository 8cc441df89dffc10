package api

import (
	"context"

	"retrain/internal/fault"
	"retrain/internal/preprocess"
)

// shareRoutes are /preprocess divided among many calls, for the state machine of
// large data.
func (s *service) shareRoutes() []routed {
	return []routed{
		s.plan(), s.reduce(),
		s.overShares("/preprocess/scan", s.steps.ScanShares, description{
			id: "preprocess-scan", order: 2, summary: "Scan shares for what their columns are",
			text: "Reads the files of some shares, and stores what is found in them. Shares may be scanned at the same time, in any order, " +
				"and again: what was stored first stands.",
		}),
		s.overShares("/preprocess/write", s.steps.WriteShares, description{
			id: "preprocess-write", order: 4, summary: "Write shares' parts of the processed data",
			text: "Reads the files of some shares a second time, splits their rows as /preprocess would, and writes a Parquet file for each share. " +
				"A file that changed since the plan is an error.",
		}),
		s.seal(),
	}
}

// sharesTag is their group in the documentation.
const sharesTag = "shares"

func (s *service) plan() routed {
	return step[preprocess.PlanRequest, preprocess.Plan]{
		path: "/preprocess/plan", run: s.steps.Plan,
		outcome: func(r *preprocess.Plan) (*[]string, string) { return &r.Warnings, r.RunID },
		doc: description{
			id: "preprocess-plan", order: 1, tag: sharesTag, summary: "Divide the files of the data into shares",
			text: "Takes what /preprocess takes, finds and pins the files, and puts them into shares, which are listed in the run's folder " +
				"for a distributed map. Then follow scan, reduce, write and seal, whose answer is that of /preprocess over the same files, " +
				"to the byte of the model that is trained from it.",
			examples: map[string]any{"All of a prefix": map[string]any{"data_path": "s3://ml-data/churn/", "model_params": map[string]any{}, "target": "churn"}},
			kinds:    []fault.Kind{fault.DataNotFound, fault.RunConflict},
		},
	}
}

func (s *service) reduce() routed {
	return step[preprocess.RunRequest, preprocess.Plan]{
		path: "/preprocess/reduce", run: s.steps.Reduce, heavy: true,
		outcome: func(r *preprocess.Plan) (*[]string, string) { return &r.Warnings, r.RunID },
		doc: description{
			id: "preprocess-reduce", order: 3, tag: sharesTag, summary: "Merge what was scanned, and decide what becomes of the columns",
			text: "Finds types, dictionaries, target and task of the whole table, and refuses what /preprocess would refuse. " +
				"Where a share shows that another one must be read in another way, the answer is `scan_again`, with the next round.",
			examples: map[string]any{"What plan answered": map[string]any{"run_id": "2f1c9a70", "round": 1}},
			kinds:    []fault.Kind{fault.InvalidData, fault.DataNotFound, fault.RunConflict, fault.Throttled},
		},
	}
}

func (s *service) seal() routed {
	return step[preprocess.RunRequest, preprocess.Result]{
		path: "/preprocess/seal", run: s.steps.Seal, heavy: true,
		outcome: func(r *preprocess.Result) (*[]string, string) { return &r.Warnings, r.RunID },
		told:    preprocessTold,
		doc: description{
			id: "preprocess-seal", order: 5, tag: sharesTag, summary: "Finish the run: recipe, digests and answer",
			text:     "Merges what the shares have fitted, and answers as /preprocess does. What it answers goes to /train.",
			examples: map[string]any{"What reduce answered": map[string]any{"run_id": "2f1c9a70"}},
			kinds:    []fault.Kind{fault.InvalidData, fault.DataNotFound, fault.RunConflict, fault.Throttled},
		},
	}
}

// overShares is a route that does something to each of some shares.
func (s *service) overShares(path string, run func(context.Context, preprocess.SharesRequest) (preprocess.SharesResult, error), doc description) routed {
	doc.tag = sharesTag
	doc.examples = map[string]any{"Two shares": map[string]any{
		"run_id": "2f1c9a70", "round": 1, "items": []map[string]any{{"share": 0}, {"share": 1}},
	}}
	doc.kinds = []fault.Kind{fault.InvalidData, fault.DataNotFound, fault.RunConflict, fault.Throttled}
	return step[preprocess.SharesRequest, preprocess.SharesResult]{
		path: path, run: run, heavy: true, doc: doc,
		outcome: func(r *preprocess.SharesResult) (*[]string, string) { return &r.Warnings, r.RunID },
	}
}
