package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows on stderr how far a retraining has come: as a bar on a
// terminal, else as a line for each step.
type progress struct {
	to      io.Writer
	bar     *progressbar.ProgressBar // nil without a terminal
	mu      sync.Mutex
	current share
}

// share is a step's part of the bar.
type share struct {
	title    string
	from, to float64
}

// shares are rough: training takes most of the time, and the bar need not be
// exact, only move and never go back.
var shares = map[string]share{
	"preprocess":   {"reading and cleaning the data", 0, 0.3},
	"train":        {"training the challenger", 0.3, 0.9},
	"evaluate":     {"comparing it with the champion", 0.9, 0.98},
	"update-model": {"updating the champion", 0.98, 1},
}

// barUnits is how finely the bar moves.
const barUnits = 1000

func newProgress(to io.Writer) *progress {
	p := &progress{to: to}
	file, ok := to.(*os.File)
	if ok && term.IsTerminal(int(file.Fd())) {
		p.bar = progressbar.NewOptions(barUnits, progressbar.OptionSetWriter(to), progressbar.OptionSetWidth(24),
			progressbar.OptionSetPredictTime(false), progressbar.OptionThrottle(50*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	return p
}

// begin says that a step begins.
func (p *progress) begin(step string) {
	next := shares[step]
	next.from = max(next.from, p.current.to) // after the candidates of a search
	p.enter(next)
}

// candidate says that a candidate of a search begins to be trained. All of them
// have the larger part of the training's share.
func (p *progress) candidate(candidate, of int) {
	training := shares["train"]
	width := 0.8 * (training.to - training.from) / float64(of)
	from := training.from + width*float64(candidate)
	p.enter(share{fmt.Sprintf("training candidate %d of %d", candidate+1, of), from, from + width})
}

func (p *progress) enter(next share) {
	p.mu.Lock()
	p.current = next
	p.mu.Unlock()
	if p.bar == nil {
		fmt.Fprintf(p.to, "%s …\n", next.title)
		return
	}
	p.bar.Describe(fmt.Sprintf("%-31s", next.title))
	p.done(0)
}

// done says how much of the current step is done, from 0 to 1. It may be called
// from any goroutine.
func (p *progress) done(part float64) {
	if p.bar == nil {
		return
	}
	p.mu.Lock()
	at := p.current.from + part*(p.current.to-p.current.from)
	p.mu.Unlock()
	_ = p.bar.Set(int(math.Round(at * barUnits))) // a bar that cannot be drawn is no reason to stop
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
