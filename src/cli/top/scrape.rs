//! The text of `/metrics` as numbers: series by name and labels, added up and subtracted.
//!
//! It knows no name of a metric. What is no line of Prometheus' text format is left out: another version of lifetide may write what this
//! one does not know. Used by `picture`.

use std::collections::BTreeMap;

type Labels = BTreeMap<String, String>;

/// One look at an instance, or what several add up to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scrape(BTreeMap<String, BTreeMap<Labels, f64>>);

impl Scrape {
    pub fn read(text: &str) -> Scrape {
        let mut scrape = Scrape::default();
        for (name, labels, value) in text.lines().filter_map(series) {
            scrape.0.entry(name.to_owned()).or_default().insert(labels, value);
        }
        scrape
    }

    /// What has been counted since; a process that began anew counts from nothing.
    pub fn since(&self, before: &Scrape) -> Scrape {
        let mut since = self.clone();
        for (name, of_name) in &mut since.0 {
            for (labels, value) in of_name.iter_mut() {
                let former = before.0.get(name).and_then(|of_name| of_name.get(labels)).copied().unwrap_or_default();
                *value -= if *value >= former { former } else { 0.0 };
            }
        }
        since
    }

    pub fn times(mut self, factor: f64) -> Scrape {
        self.0.values_mut().flat_map(BTreeMap::values_mut).for_each(|value| *value *= factor);
        self
    }

    pub fn add(&mut self, other: &Scrape) {
        for (name, of_name) in &other.0 {
            let mine = self.0.entry(name.clone()).or_default();
            of_name.iter().for_each(|(labels, value)| *mine.entry(labels.clone()).or_default() += value);
        }
    }

    /// Over all labels.
    pub fn total(&self, name: &str) -> f64 {
        self.0.get(name).map_or(0.0, |of_name| of_name.values().sum())
    }

    /// Added up by some of the labels, those of the largest value first.
    pub fn by(&self, name: &str, labels: &[&str]) -> Vec<(Vec<String>, f64)> {
        let mut sums: BTreeMap<Vec<String>, f64> = BTreeMap::new();
        for (of_series, value) in self.0.get(name).into_iter().flatten() {
            let key = labels.iter().map(|label| of_series.get(*label).cloned().unwrap_or_default()).collect();
            *sums.entry(key).or_default() += value;
        }
        let mut sums: Vec<_> = sums.into_iter().collect();
        sums.sort_by(|a, b| b.1.total_cmp(&a.1));
        sums
    }

    /// The value that so large a share of what a histogram counted is below, between the bounds of its bucket; `None`: it counted nothing.
    pub fn quantile(&self, name: &str, share: f64) -> Option<f64> {
        let bound = |key: &[String]| if key[0] == "+Inf" { Some(f64::INFINITY) } else { key[0].parse().ok() };
        let buckets = self.by(&format!("{name}_bucket"), &["le"]);
        let mut buckets: Vec<(f64, f64)> = buckets.iter().filter_map(|(key, count)| Some((bound(key)?, *count))).collect();
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let wanted = buckets.last()?.1 * share;
        let (mut low, mut below) = (0.0, 0.0);
        for (high, count) in buckets {
            if count >= wanted && count > 0.0 {
                let part = if count > below { (wanted - below) / (count - below) } else { 0.0 };
                return Some(if high.is_finite() { low + (high - low) * part } else { low });
            }
            (low, below) = (high, count);
        }
        None
    }
}

/// `name{label="value"} 1`, also without labels.
fn series(line: &str) -> Option<(&str, Labels, f64)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let Some((name, rest)) = line.split_once('{') else {
        let (name, value) = line.split_once(' ')?;
        return Some((name, Labels::new(), value.trim().parse().ok()?));
    };
    let (mut labels, mut rest) = (Labels::new(), rest);
    while !rest.starts_with('}') {
        let (label, after) = rest.split_once("=\"")?;
        let (value, after) = quoted(after)?;
        labels.insert(label.to_owned(), value);
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    Some((name, labels, rest[1..].trim().parse().ok()?))
}

/// Up to the closing quote, and what is behind it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match letters.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_read_with_what_labels_may_hold() {
        let scrape = Scrape::read("# HELP a b\na 3\nb{x=\"1\",y=\"a\\\"}{\\\\\"} 2.5\nb{x=\"1\",y=\"z\"} 1e3\nnonsense\nc{x=\"1 4\n");
        assert_eq!((scrape.total("a"), scrape.total("b"), scrape.total("c")), (3.0, 1002.5, 0.0));
        assert_eq!(scrape.by("b", &["y"])[1], (vec!["a\"}{\\".to_owned()], 2.5));
    }

    #[test]
    fn a_process_that_began_anew_counts_from_nothing() {
        let (before, now) = (Scrape::read("a 10\nb{x=\"1\"} 5"), Scrape::read("a 4\nb{x=\"1\"} 8\nb{x=\"2\"} 1"));
        let since = now.since(&before);
        assert_eq!((since.total("a"), since.total("b")), (4.0, 4.0));
    }

    #[test]
    fn quantiles_lie_between_the_bounds_of_their_bucket() {
        let text = "h_bucket{le=\"1\"} 50\nh_bucket{le=\"2\"} 90\nh_bucket{le=\"+Inf\"} 100\n";
        let scrape = Scrape::read(text);
        let found = [0.25, 0.5, 0.7, 0.9, 0.99].map(|share| scrape.quantile("h", share).unwrap());
        assert_eq!(found, [0.5, 1.0, 1.5, 2.0, 2.0]);
        assert_eq!(Scrape::read("h_bucket{le=\"1\"} 0\nh_bucket{le=\"+Inf\"} 0").quantile("h", 0.5), None);
    }
}
