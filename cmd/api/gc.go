package main

import (
	"fmt"
	"io"
	"time"

	"retrain/internal/modelstore"
)

// gcCommand deletes from the store what nothing can reach any more. It is a
// person's command: the deployed function cannot delete.
type gcCommand struct {
	output
	DryRun    bool          `help:"Tell what would be deleted, and how much, and delete nothing."`
	Keep      int           `default:"5" placeholder:"N" help:"Versions of each model that stay though they never were champion, the newest (${default})."`
	OlderThan time.Duration `default:"168h" placeholder:"DURATION" help:"What was written to more recently stays; at least 24h (${default})."`
	Model     string        `placeholder:"NAME" help:"Clean up this model only, and no runs (default: all models and runs)."`
}

// Help says what the flags cannot.
func (*gcCommand) Help() string {
	return `Champions stay, and so does every version in a champion's history, each that may be promoted over the champion that stands, and their evaluations
and reports. Runs (processed data, checkpoints) stay while a challenger that stays needs their holdout.

It may run beside retrainings. In AWS it needs s3:DeleteObject on the store, which template.yaml gives to no function on purpose: run it as yourself.`
}

// Run cleans up the store.
func (c *gcCommand) Run(s *surroundings) error {
	steps, err := s.registry()
	if err != nil {
		return err
	}
	done, err := steps.Registry.Store.GC(s.ctx, modelstore.Retention{
		ModelName: c.Model, Keep: c.Keep, OlderThan: c.OlderThan, DryRun: c.DryRun,
	})
	return c.show(s, done, err, func(to io.Writer) { describeCleaning(to, &done) })
}

func describeCleaning(to io.Writer, done *modelstore.Cleaning) {
	if len(done.Removed) > 0 {
		fmt.Fprintln(to, "WHAT\tMODEL\tNAME\tLAST WRITTEN\tOBJECTS\tBYTES")
	}
	for _, g := range done.Removed {
		fmt.Fprintf(to, "%s\t%s\t%.40s\t%s\t%d\t%d\n", g.Kind, orElse(g.ModelName, "-"), g.Name, moment(g.Modified), g.Objects, g.Bytes)
	}
	for _, g := range done.Kept {
		fmt.Fprintf(to, "Kept after all: version %.12s of %s, which has come into use.\n", g.Name, g.ModelName)
	}
	verb := "Deleted"
	if done.DryRun {
		verb = "Would delete"
	}
	fmt.Fprintf(to, "%s %d objects, %d bytes.\n", verb, done.Objects, done.Bytes)
}
