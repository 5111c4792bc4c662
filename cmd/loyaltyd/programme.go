package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	stdsync "sync"

	"loyaltyd/config"
	"loyaltyd/internal/database"
	"loyaltyd/sync"
	"loyaltyd/sync/program"
)

// Where the programme in force comes from.
const (
	fromFile      = "file" // or the environment, or flags
	fromWordPress = "wordpress"
	fromDefaults  = "defaults"
)

// inForce is the programme that counts now. It is read only.
type inForce struct {
	config config.Config // the configuration, with that programme
	origin string
	// problem says why the programme in WordPress is not used; the last good
	// one holds on.
	problem string

	looked bool
	text   string // of the option, when it was looked at

	encode stdsync.Once
	stored program.Stored
}

// programmeOption holds the programme that was edited in WordPress, as JSON.
const programmeOption = "loyaltyd_program"

// programmePlace is what messages call it.
const programmePlace = "the programme in WordPress"

// configured returns the programme of the configuration alone.
func configured(c config.Config) *inForce {
	if c.HasProgram() {
		return &inForce{config: c, origin: fromFile}
	}
	return &inForce{config: c, origin: fromDefaults}
}

// locked says that the configuration has a programme, so that WordPress's does
// not count.
func (p *inForce) locked() bool { return p.origin == fromFile }

// programme returns the programme in force, as it was looked at last.
func (a *app) programme() *inForce { return a.inForce.Load() }

// lookAtProgramme finds out which programme is in force: that of the
// configuration if it has one, else that in WordPress, else the defaults. One
// in WordPress that is wrong is refused as a whole.
func (a *app) lookAtProgramme(ctx context.Context) error {
	if a.config.HasProgram() {
		return nil
	}
	options, err := a.store.Options(ctx, programmeOption)
	if err != nil {
		return err
	}
	return a.useProgramme(ctx, options[programmeOption])
}

// useProgramme makes the programme in a text of WordPress's option the one in
// force, unless the configuration has one.
func (a *app) useProgramme(ctx context.Context, text string) error {
	if a.config.HasProgram() {
		return nil
	}
	a.looking.Lock()
	defer a.looking.Unlock()
	was := a.programme()
	if was.looked && was.text == text {
		return nil
	}
	next, err := a.readProgramme(ctx, was, text)
	if err != nil {
		return err
	}
	switch {
	case next.problem != "":
		a.log.Warn("the programme in WordPress is not used; the last good one stays in force", "problem", next.problem)
	case was.looked:
		a.log.Info("the programme in WordPress changed", "origin", next.origin)
	}
	a.inForce.Store(next)
	return nil
}

func (a *app) readProgramme(ctx context.Context, was *inForce, text string) (*inForce, error) {
	if text == "" {
		return &inForce{config: a.config, origin: fromDefaults, looked: true}, nil
	}
	read, err := withProgramme(a.config, text)
	if err == nil {
		return &inForce{config: read, origin: fromWordPress, looked: true, text: text}, nil
	}
	if !was.looked {
		if was, err = a.lastGood(ctx); err != nil {
			return nil, err
		}
		_, err = withProgramme(a.config, text)
	}
	return &inForce{config: was.config, origin: was.origin, problem: printable(err.Error()), looked: true, text: text}, nil
}

// withProgramme returns a configuration with the programme in a JSON text.
func withProgramme(c config.Config, text string) (config.Config, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		return config.Config{}, errors.New("it is not a JSON object: save it again in WordPress")
	}
	return c.WithProgram([]byte(text), programmePlace)
}

// lastGood returns the programme that was in force when a daemon or a command
// last recorded it, or that of the configuration.
func (a *app) lastGood(ctx context.Context) (*inForce, error) {
	recorded, _, err := a.reports.State(ctx, stateProgram)
	const noTable = 1146
	if err != nil && database.Code(err) != noTable {
		return nil, err
	}
	var state programState
	if recorded == nil || json.Unmarshal(recorded, &state) != nil {
		return configured(a.config), nil
	}
	read, err := a.config.WithProgram(state.Document, "the last good programme")
	if err != nil {
		return configured(a.config), nil // of another version's making
	}
	return &inForce{config: read, origin: state.Origin}, nil
}

// programState is what the site is told of the programme.
type programState struct {
	Document json.RawMessage `json:"document"`
	Origin   string          `json:"origin"`
	Locked   bool            `json:"locked"`
	Error    string          `json:"error"`
}

func (p *inForce) state() programState {
	return programState{Document: p.config.Program.Document(), Origin: p.origin, Locked: p.locked(), Error: p.problem}
}

// forEngine returns what the engine needs of the programme.
func (p *inForce) forEngine() sync.Programme {
	c := p.config
	// Once for all runs: of thousands of rules it takes longer than most runs do.
	p.encode.Do(func() { p.stored = c.Program.Rules.Stored() })
	return sync.Programme{
		Rules:       c.Program.Rules,
		Stored:      &p.stored,
		Exclusion:   program.Exclusion{Roles: c.Program.Exclude.Roles, Users: c.Program.Exclude.Users},
		GiveBack:    c.Program.Redeem.GiveBack,
		Clamp:       c.Program.NegativeBalance == program.NegativeClamp,
		KeepDeleted: c.Program.DeletedOrders == program.DeletedKeep,
		Brake:       sync.BrakeLimits{Percent: c.Brake.Percent, Entries: c.Brake.Entries},
	}
}

// says tells people where the programme comes from.
func (p *inForce) says() string {
	switch p.origin {
	case fromFile:
		return "from the configuration; the one in WordPress does not count"
	case fromWordPress:
		return "from WordPress"
	}
	return "the defaults"
}

// checkProgramme returns what is wrong with a programme's document, by its keys
// within the programme.
func checkProgramme(c config.Config, document []byte) (config.Config, []config.Problem) {
	read, err := withProgramme(c, string(document))
	var invalid *config.InvalidError
	switch {
	case errors.As(err, &invalid):
		problems := make([]config.Problem, len(invalid.Problems))
		for i, p := range invalid.Problems {
			p.Key = strings.TrimPrefix(strings.TrimPrefix(p.Key, "program"), ".")
			problems[i] = p
		}
		return config.Config{}, problems
	case err != nil:
		return config.Config{}, []config.Problem{{Message: fmt.Sprint(err)}}
	}
	return read, nil
}
