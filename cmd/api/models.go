package main

import (
	"fmt"
	"io"
	"maps"
	"os/user"
	"slices"
	"text/tabwriter"
	"time"

	"retrain/internal/api"
	"retrain/internal/modelstore"
)

// modelsCommand looks at the store without a server. Each part prints a text,
// or the document that the route of the same purpose answers.
type modelsCommand struct {
	List     modelsList     `cmd:"" default:"withargs" help:"Which models there are (the default)."`
	Show     modelsShow     `cmd:"" help:"A model's champion."`
	Versions modelsVersions `cmd:"" help:"A model's stored versions."`
	History  modelsHistory  `cmd:"" help:"Who was champion, when and why."`
	Report   modelsReport   `cmd:"" help:"An evaluation as an HTML page, on stdout."`
	Export   modelsExport   `cmd:"" help:"A version's model file, on stdout."`
	Rollback modelsRollback `cmd:"" help:"Make the model of an earlier version champion again."`
}

// output is how a part of the command answers.
type output struct {
	JSON bool `name:"json" help:"Print a JSON document."`
}

type modelName struct {
	Name string `arg:"" help:"The model's name."`
}

type (
	modelsList struct {
		output
		After string `placeholder:"NAME" help:"Go on behind this name."`
	}
	modelsShow struct {
		output
		modelName
	}
	modelsVersions struct {
		output
		modelName
		After string `placeholder:"DIGEST" help:"Go on behind this version."`
	}
	modelsHistory struct {
		output
		modelName
		Before int64 `placeholder:"VERSION" help:"Go on before this version."`
	}
	modelsReport struct {
		modelName
		Evaluation string `placeholder:"ID" help:"Which one (default: the one that let the champion in)."`
	}
	modelsExport struct {
		modelName
		Digest string `placeholder:"SHA256" help:"Which version (default: the champion's)."`
		Compat string `enum:",ml3" default:"" help:"ml3 writes it for ONNX Runtime before about 1.21."`
	}
	modelsRollback struct {
		output
		modelName
		To     int64  `required:"" placeholder:"VERSION" help:"The version to go back to."`
		Reason string `required:"" placeholder:"TEXT" help:"Why, for the history."`
		By     string `placeholder:"WHO" help:"Who asks, for the history (default: the user of this machine)."`
		Expect *int64 `placeholder:"VERSION" help:"Refuse if another version is champion."`
	}
)

// show prints a document as JSON or, by write, as a text.
func (o output) show(s *surroundings, document any, err error, write func(io.Writer)) error {
	if err != nil && o.JSON {
		return s.failDocument(err)
	}
	if err != nil {
		return s.fail(err)
	}
	if !o.JSON {
		table := tabwriter.NewWriter(s.stdout, 0, 0, 3, ' ', 0)
		write(table)
		return table.Flush()
	}
	text, err := api.EncodeIndented(document)
	if err != nil {
		return s.fail(err)
	}
	_, err = fmt.Fprintf(s.stdout, "%s\n", text)
	return err
}

// registry wires no more than the store.
func (s *surroundings) registry() (api.Steps, error) {
	s.common.defaultDataRoots(s.common.Store)
	return wire(s.common, hooks{})
}

// Run lists the models.
func (c *modelsList) Run(s *surroundings) error {
	steps, err := s.registry()
	if err != nil {
		return err
	}
	list, err := steps.Registry.Models(s.ctx, modelstore.Page{After: c.After, Limit: modelstore.MaxPage})
	return c.show(s, list, err, func(to io.Writer) {
		if len(list.Models) == 0 {
			fmt.Fprintln(to, "The store has no models yet.")
			return
		}
		fmt.Fprintln(to, "MODEL\tCHAMPION\tSINCE\tDIGEST")
		for _, m := range list.Models {
			switch {
			case m.Problem != "":
				fmt.Fprintf(to, "%s\t?\t%s\n", m.ModelName, m.Problem)
			case m.Version == nil:
				fmt.Fprintf(to, "%s\tnone yet\n", m.ModelName)
			default:
				fmt.Fprintf(to, "%s\tversion %d\t%s\t%.12s\n", m.ModelName, *m.Version, moment(*m.Since), m.SHA256)
			}
		}
		goOn(to, "--after", list.Next)
	})
}

// Run shows a champion.
func (c *modelsShow) Run(s *surroundings) error {
	steps, err := s.registry()
	if err != nil {
		return err
	}
	m, err := steps.Registry.Model(s.ctx, c.Name)
	return c.show(s, m, err, func(to io.Writer) {
		fmt.Fprintf(to, "Model\t%s predicts %s (%s)\n", m.ModelName, m.Target, m.Task)
		fmt.Fprintf(to, "Champion\tversion %d since %s, by %s\n", m.Version, moment(m.Since), m.Kind)
		if m.Reason != "" || m.By != "" {
			fmt.Fprintf(to, "Asked for\t%s\n", note(m.HistoryEntry))
		}
		fmt.Fprintf(to, "Learner\t%s, %d rows trained on, %d held out\n", m.Algorithm, m.Data.TrainRows, m.Data.HoldoutRows)
		fmt.Fprintf(to, "SHA-256\t%s\n", m.SHA256)
		fmt.Fprintf(to, "File\t%s (%d bytes)\n", m.ModelURI, m.Size)
		for _, name := range slices.Sorted(maps.Keys(m.Metrics)) {
			fmt.Fprintf(to, "  %s\t%s\n", name, figure(m.Metrics[name]))
		}
	})
}

// Run lists a model's versions.
func (c *modelsVersions) Run(s *surroundings) error {
	steps, err := s.registry()
	if err != nil {
		return err
	}
	list, err := steps.Registry.Versions(s.ctx, c.Name, modelstore.Page{After: c.After, Limit: modelstore.MaxPage})
	return c.show(s, list, err, func(to io.Writer) {
		fmt.Fprintln(to, "DIGEST\tCHAMPION AS\tLEARNER\tMETRICS")
		for _, v := range list.Versions {
			as := "never"
			if len(v.Versions) > 0 {
				as = fmt.Sprint(v.Versions)
			}
			if v.Champion {
				as += " now"
			}
			fmt.Fprintf(to, "%.12s\t%s\t%s\t%s\n", v.SHA256, as, orElse(v.Algorithm, v.Problem), headline(v.Metrics))
		}
		goOn(to, "--after", list.Next)
	})
}

// headline shows the metrics that tell most: those of the gate's default.
func headline(metrics modelstore.Scores) string {
	text := ""
	for _, name := range []string{"accuracy", "roc_auc", "rmse", "r2"} {
		if x, ok := metrics[name]; ok {
			text += fmt.Sprintf("%s %s  ", name, figure(x))
		}
	}
	return text
}

// Run lists the changes of a model's champion.
func (c *modelsHistory) Run(s *surroundings) error {
	steps, err := s.registry()
	if err != nil {
		return err
	}
	list, err := steps.Registry.History(s.ctx, c.Name, c.Before, modelstore.MaxPage)
	return c.show(s, list, err, func(to io.Writer) {
		if len(list.History) == 0 {
			fmt.Fprintln(to, "The model has had no champion yet.")
			return
		}
		fmt.Fprintln(to, "VERSION\tSINCE\tBY\tDIGEST\tNOTE")
		for _, h := range list.History {
			kind := string(h.Kind)
			if h.RestoredVersion > 0 {
				kind = fmt.Sprintf("rollback to %d", h.RestoredVersion)
			}
			fmt.Fprintf(to, "%d\t%s\t%s\t%.12s\t%s\n", h.Version, moment(h.Since), kind, h.SHA256, note(h))
		}
		if list.Next > 0 {
			goOn(to, "--before", fmt.Sprint(list.Next))
		}
	})
}

// Run writes an evaluation's page.
func (c *modelsReport) Run(s *surroundings) error {
	steps, err := s.registry()
	if err != nil {
		return err
	}
	page, err := steps.Registry.Report(s.ctx, c.Name, c.Evaluation)
	if err != nil {
		return s.fail(err)
	}
	_, err = s.stdout.Write(page)
	return err
}

// Run writes a model file.
func (c *modelsExport) Run(s *surroundings) error {
	steps, err := s.registry()
	if err != nil {
		return err
	}
	file, err := steps.Registry.Export(s.ctx, c.Name, c.Digest, c.Compat)
	if err != nil {
		return s.fail(err)
	}
	_, err = s.stdout.Write(file)
	return err
}

// Run goes back to an earlier champion.
func (c *modelsRollback) Run(s *surroundings) error {
	steps, err := s.registry()
	if err != nil {
		return err
	}
	r, err := steps.Rollback(s.ctx, modelstore.RollbackRequest{
		ModelName: c.Name, ToVersion: c.To, Reason: c.Reason, By: orElse(c.By, whoami()), ExpectedChampionVersion: c.Expect,
	})
	return c.show(s, r, err, func(to io.Writer) {
		if r.AlreadyCurrent {
			fmt.Fprintf(to, "The model of version %d is champion already, as version %d; nothing changed.\n", r.RestoredVersion, r.Version)
		} else {
			fmt.Fprintf(to, "The model of version %d is champion again, as version %d; it replaced version %d.\n", r.RestoredVersion, r.Version, r.PreviousVersion)
		}
		for _, warning := range r.Warnings {
			fmt.Fprintf(to, "Warning: %s\n", warning)
		}
	})
}

// whoami returns the name of the machine's user, or "".
func whoami() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}

// moment writes a time as people read it, in UTC as the store has it.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// note joins who asked for a change and why.
func note(h modelstore.HistoryEntry) string {
	switch {
	case h.By == "":
		return h.Reason
	case h.Reason == "":
		return h.By
	}
	return h.By + ": " + h.Reason
}

// goOn says how to see the rest of a list.
func goOn(to io.Writer, flag, next string) {
	if next != "" {
		fmt.Fprintf(to, "There are more: repeat with %s %s\n", flag, next)
	}
}
