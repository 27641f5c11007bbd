//! Customers who look alike, counted once: most of a shop's customers bought once, and those differ in the day of it only.
//!
//! Ordered by x, T, t_x, so that a likelihood computes what depends on x once per count, what depends on T once per run of equal ones.
//! Log times enter every likelihood linearly, so a group keeps their mean. Called by `mod`; read by the likelihoods of purchases.

use super::super::Sample;

/// Customers with the same x, t_x and T.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Group {
    pub t_x: f64,
    pub t: f64,
    /// Mean over the group.
    pub log_times: f64,
    /// How many customers.
    pub weight: f64,
}

/// All groups, in blocks of equal x.
#[derive(Debug)]
pub(super) struct Groups {
    groups: Vec<Group>,
    /// x and the end of its block in `groups`, x ascending.
    blocks: Vec<(u32, usize)>,
    /// Customers in all.
    pub weight: f64,
}

impl Groups {
    /// The same for any order of the samples: log times and weights are sorted too, for sums of floats depend on their order.
    pub fn new(samples: &[Sample]) -> Groups {
        let mut order: Vec<&Sample> = samples.iter().collect();
        order.sort_unstable_by(|a, b| {
            let times = a.history.t.total_cmp(&b.history.t).then(a.history.t_x.total_cmp(&b.history.t_x));
            let rest = a.log_times.total_cmp(&b.log_times).then(a.weight.total_cmp(&b.weight));
            a.history.x.cmp(&b.history.x).then(times).then(rest)
        });
        let mut groups: Vec<Group> = Vec::new();
        let mut blocks: Vec<(u32, usize)> = Vec::new();
        for alike in order.chunk_by(|a, b| a.history == b.history) {
            let weight: f64 = alike.iter().map(|sample| sample.weight).sum();
            let log_times: f64 = alike.iter().map(|sample| sample.weight * sample.log_times).sum();
            let history = alike[0].history;
            groups.push(Group { t_x: history.t_x, t: history.t, log_times: log_times / weight, weight });
            match blocks.last_mut() {
                Some((x, end)) if *x == history.x => *end = groups.len(),
                _ => blocks.push((history.x, groups.len())),
            }
        }
        let weight = groups.iter().map(|group| group.weight).sum();
        Groups { groups, blocks, weight }
    }

    /// Each x with its groups.
    pub fn blocks(&self) -> impl Iterator<Item = (u32, &[Group])> {
        let mut start = 0;
        self.blocks.iter().map(move |&(x, end)| {
            let block = &self.groups[start..end];
            start = end;
            (x, block)
        })
    }

    /// Every n-th group, at most about `groups_max`: enough to find the region of the optimum. `None` if that is all.
    pub fn thinned(&self, groups_max: usize) -> Option<Groups> {
        let step = self.groups.len().div_ceil(groups_max);
        if step <= 1 {
            return None;
        }
        let mut thin = Groups { groups: Vec::with_capacity(groups_max), blocks: Vec::new(), weight: 0.0 };
        for (x, block) in self.blocks() {
            thin.groups.extend(block.iter().step_by(step));
            thin.blocks.push((x, thin.groups.len()));
        }
        thin.weight = thin.groups.iter().map(|group| group.weight).sum();
        Some(thin)
    }

    /// Repeat purchases of all customers.
    pub fn repeats(&self) -> f64 {
        self.blocks().map(|(x, block)| f64::from(x) * block.iter().map(|group| group.weight).sum::<f64>()).sum()
    }

    /// Customers with repeat purchases.
    pub fn repeaters(&self) -> f64 {
        self.blocks().filter(|(x, _)| *x > 0).map(|(_, block)| block.iter().map(|group| group.weight).sum::<f64>()).sum()
    }

    /// Weeks for which all customers were seen.
    pub fn weeks(&self) -> f64 {
        self.groups.iter().map(|group| group.weight * group.t).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clv::History;

    fn sample(x: u32, t_x: f64, t: f64, log_times: f64) -> Sample {
        Sample { history: History { x, t_x, t }, log_times, mean_repeat_spend: None, weight: 1.0 }
    }

    #[test]
    fn equal_histories_are_one_group_and_the_order_of_samples_does_not_matter() {
        let mut samples = vec![
            sample(1, 2.0, 9.0, 0.25),
            sample(0, 0.0, 9.0, 0.0),
            sample(1, 2.0, 9.0, 0.75),
            sample(0, 0.0, 3.0, 0.0),
            sample(0, 0.0, 9.0, 0.0),
        ];
        let groups = Groups::new(&samples);
        let group = |t_x, t, log_times, weight| Group { t_x, t, log_times, weight };
        let blocks: Vec<_> = groups.blocks().map(|(x, block)| (x, block.to_vec())).collect();
        let expected = [(0, vec![group(0.0, 3.0, 0.0, 1.0), group(0.0, 9.0, 0.0, 2.0)]), (1, vec![group(2.0, 9.0, 0.5, 2.0)])];
        assert_eq!(blocks, expected);
        assert_eq!((groups.weight, groups.repeats(), groups.weeks(), groups.repeaters()), (5.0, 2.0, 39.0, 2.0));
        samples.reverse();
        assert_eq!(Groups::new(&samples).groups, groups.groups);
    }

    #[test]
    fn a_thinned_set_keeps_every_count() {
        let samples: Vec<_> = (0..100).map(|i| sample(i % 4, 0.0, f64::from(1 + i), 0.0)).collect();
        let groups = Groups::new(&samples);
        assert!(groups.thinned(100).is_none());
        let thin = groups.thinned(10).expect("fewer groups than 100");
        assert_eq!(thin.blocks().map(|(x, block)| (x, block.len())).collect::<Vec<_>>(), [(0, 3), (1, 3), (2, 3), (3, 3)]);
        assert_eq!(thin.weight, 12.0);
    }
}
