//! The five figures of a back-test. Each shows what happened in ink, the chosen model in its colour, and the best rule of thumb in its own;
//! the other models are in the tables, where near-equal lines can be told apart. Called by `page`.

use super::months::month_ticks;
use super::svg::Drawing;
use super::words::{Subject, grouped, percent};
use crate::cli::day;
use crate::clv::backtest::Week;

/// Pixels: over the whole page, half of it, and on a telephone.
const FULL: (f64, f64) = (984.0, 330.0);
const HALF: (f64, f64) = (468.0, 300.0);
const NARROW: (f64, f64) = (330.0, 260.0);

/// More weeks than these stand too close for dots.
const DOTTED_WEEKS_MAX: usize = 110;

/// A drawing for wide screens and one for narrow ones.
fn both(wide: (f64, f64), name: &str, draw: impl Fn(f64, f64) -> Drawing) -> String {
    let narrow = draw(NARROW.0, NARROW.1).finish("narrow", name);
    draw(wide.0, wide.1).finish("wide", name) + &narrow
}

/// Repeat purchases by week: before the split the model's fit, after it its forecast.
pub fn weekly(subject: &Subject<'_>) -> String {
    let weeks = &subject.report.weeks;
    let place = subject.report.verdict.chosen;
    let top = weeks.iter().map(|week| week.expected[place].max(week.actual as f64)).fold(0.0, f64::max);
    both(FULL, "repeat purchases per week, actual and expected", |width, height| {
        let mut drawing = week_frame(subject, width, height, top);
        drawing.line(weeks.iter().map(|week| (week.to_ms as f64, week.actual as f64)), "actual");
        drawing.line(weeks.iter().map(|week| (week.to_ms as f64, week.expected[place])), "model");
        adjusted_line(subject, &mut drawing, 0.0, |week| week.expected[place]);
        if width > NARROW.0 && weeks.len() <= DOTTED_WEEKS_MAX {
            for week in weeks {
                let hint = format!("week to {}: {} bought, {:.1} expected", day(week.to_ms), week.actual, week.expected[place]);
                drawing.dot(week.to_ms as f64, week.actual as f64, "actual small", &hint);
            }
        }
        drawing
    })
}

/// The same, added up from the first week.
pub fn cumulative(subject: &Subject<'_>) -> String {
    let weeks = &subject.report.weeks;
    let place = subject.report.verdict.chosen;
    let actual = running(weeks, |week| week.actual as f64);
    let expected = running(weeks, |week| week.expected[place]);
    let top = actual.iter().chain(&expected).map(|point| point.1).fold(0.0, f64::max);
    both(HALF, "repeat purchases added up, actual and expected", |width, height| {
        let mut drawing = week_frame(subject, width, height, top);
        drawing.line(actual.iter().copied(), "actual");
        drawing.line(expected.iter().copied(), "model");
        let known: f64 = weeks.iter().filter(|week| !week.is_held_out).map(|week| week.expected[place]).sum();
        let mut sum = 0.0;
        let factor = factor(subject).unwrap_or(1.0);
        if factor != 1.0 {
            let held_out = weeks.iter().filter(|week| week.is_held_out).map(|week| {
                sum += week.expected[place] * factor;
                (week.to_ms as f64, known + sum)
            });
            drawing.line(held_out.collect::<Vec<_>>().into_iter(), "model adjusted");
        }
        drawing
    })
}

fn running(weeks: &[Week], value: impl Fn(&Week) -> f64) -> Vec<(f64, f64)> {
    let mut sum = 0.0;
    let mut add = |week: &Week| {
        sum += value(week);
        (week.to_ms as f64, sum)
    };
    weeks.iter().map(&mut add).collect()
}

/// The chosen model's seasonal factor, if there is one.
fn factor(subject: &Subject<'_>) -> Option<f64> {
    Some(subject.chosen().model.as_ref()?.season.as_ref()?.factor)
}

fn adjusted_line(subject: &Subject<'_>, drawing: &mut Drawing, base: f64, value: impl Fn(&Week) -> f64) {
    let Some(factor) = factor(subject) else { return };
    let held_out = subject.report.weeks.iter().filter(|week| week.is_held_out);
    drawing.line(held_out.map(|week| (week.to_ms as f64, base + factor * value(week))), "model adjusted");
}

/// Axes over all weeks, with the hold-out shaded.
fn week_frame(subject: &Subject<'_>, width: f64, height: f64, top: f64) -> Drawing {
    let weeks = &subject.report.weeks;
    let first = weeks.first().map_or(0, |week| week.to_ms);
    let last = weeks.last().map_or(1, |week| week.to_ms);
    let mut drawing = Drawing::new(width, height, (first as f64, last as f64), top);
    drawing.shade(subject.report.split.calibration_end_ms as f64, "held out");
    drawing.y_axis(count);
    for (at_ms, label) in month_ticks(first, last, if width > FULL.0 - 1.0 { 10 } else { 5 }) {
        drawing.x_tick(at_ms as f64, &label);
    }
    drawing.x_name("week ending");
    drawing
}

/// Mean purchases in the hold-out by repeats before it.
pub fn frequency(subject: &Subject<'_>) -> String {
    let report = subject.report;
    let (model, rule) = (report.verdict.chosen, report.verdict.best_baseline);
    let classes = &report.classes;
    let top = classes.iter().map(|class| class.actual.max(class.expected[model]).max(class.expected[rule])).fold(0.0, f64::max);
    let last = classes.len() - 1;
    both(HALF, "mean purchases in the hold-out by repeats before it", |width, height| {
        let mut drawing = Drawing::new(width, height, (-0.5, last as f64 + 0.5), top);
        drawing.y_axis(short);
        for (place, class) in classes.iter().enumerate() {
            let at = place as f64;
            let name = if place == last { format!("{}+", class.repeats) } else { class.repeats.to_string() };
            let hint = |who: &str, value: f64| format!("{} customers with {name} repeats: {value:.3} {who}", class.customers);
            drawing.bar(at - 0.32, at + 0.32, class.actual, "actual", &hint("bought on average", class.actual));
            drawing.x_tick(at, &name);
        }
        drawing.line(classes.iter().enumerate().map(|(place, class)| (place as f64, class.expected[rule])), "rule");
        drawing.line(classes.iter().enumerate().map(|(place, class)| (place as f64, class.expected[model])), "model");
        for (place, class) in classes.iter().enumerate() {
            for (forecast, style) in [(rule, "rule"), (model, "model")] {
                let hint = format!("{}: {:.3} expected", report.forecasts[forecast].name, class.expected[forecast]);
                drawing.dot(place as f64, class.expected[forecast], style, &hint);
            }
        }
        drawing.x_name("repeat purchases before the split");
        drawing
    })
}

/// How many customers are how likely to be there, and who of them came.
pub fn alive(subject: &Subject<'_>) -> String {
    let Some(model) = &subject.chosen().model else { return String::new() };
    let top = model.alive.iter().map(|bin| bin.customers).max().unwrap_or(0) as f64;
    both(HALF, "customers by P(alive) at the split, and who of them bought", |width, height| {
        let mut drawing = Drawing::new(width, height, (0.0, 1.0), top);
        drawing.y_axis(count);
        for bin in &model.alive {
            let (from, to) = (bin.from + 0.008, bin.from + 0.092);
            let hint = format!("P(alive) from {:.1}: {} customers, {} bought", bin.from, bin.customers, bin.bought);
            drawing.bar(from, to, bin.customers as f64, "quiet", &hint);
            drawing.bar(from, to, bin.bought as f64, "model", &hint);
        }
        for tick in [0.0, 0.2, 0.4, 0.6, 0.8, 1.0] {
            drawing.x_tick(tick, &short(tick));
        }
        drawing.x_name("P(alive) at the split");
        drawing
    })
}

/// Share of the value held by the best customers, as forecast and as it came.
pub fn equity(subject: &Subject<'_>) -> String {
    let curve = &subject.chosen().equity;
    both(HALF, "share of the value held by the best customers", |width, height| {
        let mut drawing = Drawing::new(width, height, (0.0, 1.0), 1.0);
        drawing.y_axis(percent_whole);
        drawing.line([(0.0, 0.0), (1.0, 1.0)].into_iter(), "chance");
        drawing.line(curve.iter().map(|point| (point.customers, point.actual)), "actual");
        drawing.line(curve.iter().map(|point| (point.customers, point.expected)), "model");
        for point in curve.iter().skip(2).step_by(2) {
            let who = format!("best {} of the customers", percent_whole(point.customers));
            drawing.dot(point.customers, point.actual, "actual", &format!("{who} spent {}", percent(point.actual)));
            drawing.dot(point.customers, point.expected, "model", &format!("{who}: {} of the value forecast", percent(point.expected)));
        }
        for tick in [0.0, 0.2, 0.4, 0.6, 0.8, 1.0] {
            drawing.x_tick(tick, &percent_whole(tick));
        }
        drawing.x_name("customers, best first");
        drawing
    })
}

fn percent_whole(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// As few digits as a tick needs.
fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Small shops have ticks between whole numbers.
fn count(value: f64) -> String {
    if value.fract() == 0.0 { grouped(value) } else { short(value) }
}
