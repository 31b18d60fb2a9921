package report

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/ragft/eval"
)

// Headline says in one or two sentences, with intervals, what the tuned system of Info
// changed compared with the base; "" if there are no such systems.
func (r *Results) Headline() string {
	base, tuned, err := reportPair(r, r.info())
	if err != nil {
		return ""
	}
	return headline(r, base, tuned)
}

func headline(e *Results, base, tuned *eval.SystemResult) string {
	c := e.Comparison(base.Name, tuned.Name)
	if c == nil {
		if !tuned.Estimate(metric.Correct).Defined() { // no question is answerable
			return ""
		}
		return fmt.Sprintf(
			"%s answers %s%% of the answerable questions correctly.",
			tuned.Name,
			figures.Percent(tuned.Estimate(metric.Correct).Value),
		)
	}
	text := ""
	if base.Model == tuned.Model { // no adapter: two arms
		text = fmt.Sprintf("%s, compared with %s.", tuned.Name, base.Name)
	}
	for _, part := range []struct{ key, name string }{
		{metric.MadeUp, "Made-up answers to unanswerable questions"},
		{metric.Correct, "Correct answers to answerable ones"},
	} {
		from, to, d := base.Estimate(part.key), tuned.Estimate(part.key), c.Difference(part.key)
		if !from.Defined() || !to.Defined() {
			continue
		}
		if text != "" {
			text += " "
		}
		text += fmt.Sprintf("%s: from %s%% to %s%%, %s points (95%% interval %s), %s.", part.name,
			figures.Percent(from.Value), figures.Percent(to.Value), figures.SignedMetric(d.Estimate.Value, true),
			strings.Replace(figures.SignedInterval(d.Estimate, true), "..", " to ", 1), d.Finding)
	}
	return text
}

// reportPair returns the two systems that the report is about.
func reportPair(e *Results, info Info) (base, tuned *eval.SystemResult, err error) {
	if len(e.Systems) == 0 {
		return nil, nil, errors.New("the evaluation has no systems")
	}
	if info.Base == "" && info.Tuned == "" && len(e.Comparisons) > 0 {
		info.Base, info.Tuned = e.Comparisons[0].Base, e.Comparisons[0].Other
	}
	if info.Base == "" {
		info.Base = e.Systems[0].Name
	}
	if info.Tuned == "" {
		info.Tuned = e.Systems[len(e.Systems)-1].Name
	}
	if base = e.System(info.Base); base == nil {
		return nil, nil, fmt.Errorf("no system %q in the evaluation", info.Base)
	}
	if tuned = e.System(info.Tuned); tuned == nil {
		return nil, nil, fmt.Errorf("no system %q in the evaluation", info.Tuned)
	}
	return base, tuned, nil
}
