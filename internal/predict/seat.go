package predict

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"retrain/internal/fault"
	"retrain/internal/modelstore"
)

// seat holds the champion of one model name. A request that finds a champion
// there which was looked after lately takes it and asks nobody: that is one
// atomic load. Else one request, the one that gets the turn, reads the pointer,
// and loads the model if another one stands; all others go on with the old one
// meanwhile, and wait only if there is none. Nothing happens between requests,
// since a Lambda sleeps then.
type seat struct {
	champion atomic.Pointer[champion]
	looked   atomic.Int64  // when the pointer was last read, in nanoseconds
	used     atomic.Int64  // when it was last asked for, in nanoseconds
	turn     chan struct{} // of capacity 1, held while the store is read
	refused  refusal       // guarded by turn
}

// refusal remembers a champion that could not be loaded, so that its megabytes
// are not read again at every look.
type refusal struct {
	generation int64
	until      time.Time
	err        error
}

const (
	defaultCheckEvery = 5 * time.Second
	// lookTimeout bounds the reading of the pointer while a champion serves, and
	// loadTimeout the loading of one.
	lookTimeout = 2 * time.Second
	loadTimeout = 30 * time.Second
	// refusalChecks is after how many looks a refused champion is tried again:
	// somebody may have repaired it.
	refusalChecks = 12
	// maxSeats is how many champions are kept at the same time.
	maxSeats = 8
)

func (p *Predictor) every() time.Duration {
	if p.CheckEvery > 0 {
		return p.CheckEvery
	}
	return defaultCheckEvery
}

func (p *Predictor) now() time.Time {
	if p.Now != nil {
		return p.Now()
	}
	return time.Now()
}

func (p *Predictor) log() *slog.Logger {
	if p.Log != nil {
		return p.Log
	}
	return slog.Default()
}

// champion returns the champion to score with.
func (p *Predictor) champion(ctx context.Context, name string) (*champion, error) {
	if err := modelstore.CheckName(name); err != nil {
		return nil, err
	}
	s := p.seat(name)
	c := s.champion.Load()
	if c != nil && p.fresh(s) {
		return c, nil
	}
	if !s.takeTurn(ctx, c == nil) {
		if c != nil {
			return c, nil // another request is looking
		}
		return nil, ctx.Err()
	}
	defer func() { <-s.turn }()
	if c := s.champion.Load(); c != nil && p.fresh(s) {
		return c, nil // the request before us has looked
	}
	return p.look(ctx, name, s)
}

// fresh reports whether the seat was looked after lately. A clock that was put
// back counts as long ago.
func (p *Predictor) fresh(s *seat) bool {
	age := p.now().UnixNano() - s.looked.Load()
	return 0 <= age && age < int64(p.every())
}

// takeTurn reports whether the caller may read the store. It waits for its turn
// only if it must.
func (s *seat) takeTurn(ctx context.Context, wait bool) bool {
	select {
	case s.turn <- struct{}{}:
		return true
	default:
	}
	if !wait {
		return false
	}
	select {
	case s.turn <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// look brings the seat up to date. If that fails the champion that served goes
// on serving, and the log is told. What is begun is finished though the request
// that began it may be cancelled: others wait for it.
func (p *Predictor) look(ctx context.Context, name string, s *seat) (*champion, error) {
	ctx = context.WithoutCancel(ctx)
	serving := s.champion.Load()
	next, err := p.standing(ctx, name, s, serving)
	s.looked.Store(p.now().UnixNano())
	switch {
	case err == nil:
		s.champion.Store(next)
		return next, nil
	case serving == nil:
		return nil, err
	}
	p.log().ErrorContext(ctx, "the champion cannot be followed; the one before it goes on serving",
		"model_name", name, "serving_version", serving.version, "error", err.Error())
	return serving, nil
}

// standing returns the champion that stands: the serving one, if it is that.
func (p *Predictor) standing(ctx context.Context, name string, s *seat, serving *champion) (*champion, error) {
	pointer, err := p.pointer(ctx, name, serving != nil)
	switch {
	case err != nil:
		return nil, err
	case pointer == nil:
		return nil, modelstore.NoChampion()
	case serving != nil && pointer.Digest == serving.digest:
		if pointer.Generation == serving.version {
			return serving, nil
		}
		return serving.as(pointer.Generation), nil
	case pointer.Generation == s.refused.generation && p.now().Before(s.refused.until):
		return nil, s.refused.err
	}
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	next, err := load(ctx, p.Store, pointer)
	if fault.Is(err, fault.InvalidData) || fault.Is(err, fault.TooLarge) {
		s.refused = refusal{pointer.Generation, p.now().Add(refusalChecks * p.every()), err}
	}
	return next, err
}

// pointer reads the champion pointer, in little time if there is a champion to
// go on with.
func (p *Predictor) pointer(ctx context.Context, name string, serving bool) (*modelstore.Champion, error) {
	limit := loadTimeout
	if serving {
		limit = lookTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	pointer, _, err := p.Store.Champion(ctx, name)
	return pointer, err
}

// seat returns the seat of a name.
func (p *Predictor) seat(name string) *seat {
	p.mu.RLock()
	s := p.seats[name]
	p.mu.RUnlock()
	if s == nil {
		s = p.newSeat(name)
	}
	s.used.Store(p.now().UnixNano())
	return s
}

// newSeat makes room for a name. Requests that hold a seat which has to go are
// not disturbed.
func (p *Predictor) newSeat(name string) *seat {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.seats[name]; s != nil {
		return s
	}
	if p.seats == nil {
		p.seats = map[string]*seat{}
	}
	if len(p.seats) >= maxSeats {
		delete(p.seats, p.leastWanted())
	}
	s := &seat{turn: make(chan struct{}, 1)}
	p.seats[name] = s
	return s
}

// leastWanted returns the name whose seat is empty, or else was not used for
// the longest time.
func (p *Predictor) leastWanted() string {
	worst, since, empty := "", int64(0), false
	for name, s := range p.seats {
		used, vacant := s.used.Load(), s.champion.Load() == nil
		if worst == "" || vacant && !empty || vacant == empty && used < since {
			worst, since, empty = name, used, vacant
		}
	}
	return worst
}
