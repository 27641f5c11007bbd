//! Members of the loyalty programme: since when, and their points, the next to expire spent first.
//!
//! The shop gives and takes points; here they are counted, and gone at the moment they expire, known in advance. What a reward costs is a
//! cost of the customer. It decides no tier (`tiers` does, by spend). Called by `apply` and `deadline`, and where a customer is forgotten.

use super::cells::{Cells, Figure, Place, Window};
use super::customer::Customer;
use super::note::{Counter, Note};
use super::outputs::Outputs;
use super::scene::Scene;
use super::{costs, population};
use crate::event::{self, CostKind, LoyaltyKind};

/// Moments of expiry told apart. Points beyond them go with the latest, so that nobody loses any early.
pub const EXPIRIES_MAX: usize = 8;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loyalty {
    /// The earliest of all that was told of the programme: who has points is in it.
    pub since_ms: i64,
    /// Points that last.
    pub lasting: u64,
    /// By moment; at most `EXPIRIES_MAX`.
    pub expiring: Vec<Expiring>,
}

/// Points with an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiring {
    pub expires_ms: i64,
    pub points: u64,
}

impl Loyalty {
    pub fn points(&self) -> u64 {
        self.expiring.iter().fold(self.lasting, |sum, part| sum.saturating_add(part.points))
    }

    fn earn(&mut self, points: u64, expires_ms: Option<i64>, now_ms: i64) {
        let Some(expires_ms) = expires_ms else {
            self.lasting = self.lasting.saturating_add(points);
            return;
        };
        if expires_ms <= now_ms || points == 0 {
            return;
        }
        match self.expiring.binary_search_by_key(&expires_ms, |part| part.expires_ms) {
            Ok(place) => self.expiring[place].points = self.expiring[place].points.saturating_add(points),
            Err(place) => self.expiring.insert(place, Expiring { expires_ms, points }),
        }
        if self.expiring.len() > EXPIRIES_MAX
            && let Some(latest) = self.expiring.pop()
            && let Some(before) = self.expiring.last_mut()
        {
            *before = Expiring { expires_ms: latest.expires_ms, points: before.points.saturating_add(latest.points) };
        }
    }

    /// What could not be spent, because it was not there.
    fn spend(&mut self, points: u64) -> u64 {
        let mut left = points;
        for part in self.expiring.iter_mut().map(|part| &mut part.points).chain([&mut self.lasting]) {
            let taken = left.min(*part);
            *part -= taken;
            left -= taken;
        }
        self.expiring.retain(|part| part.points > 0);
        left
    }
}

/// Takes up what a loyalty event tells; whether it cost money.
pub fn take(customer: &mut Customer, told: &event::Loyalty, time_ms: i64, scene: &mut Scene<'_>) -> bool {
    enrol(customer, time_ms, scene);
    let now_ms = customer.now_ms;
    let overdrawn = change(customer, scene, |loyalty| match told.kind {
        LoyaltyKind::PointsEarned => {
            loyalty.earn(told.points.into(), told.expires_ms, now_ms);
            0
        }
        _ => loyalty.spend(told.points.into()),
    });
    if overdrawn > 0 {
        scene.note(Note::Count(Counter::PointsOverdrawn));
    }
    if let Some(cost) = told.reward {
        costs::charge(customer, CostKind::Reward, cost, time_ms, scene);
    }
    told.reward.is_some()
}

/// Takes the membership of another over: since the earlier moment, with the points of both.
pub fn unite(customer: &mut Customer, other: &Loyalty, scene: &mut Scene<'_>) {
    enrol(customer, other.since_ms, scene);
    change(customer, scene, |loyalty| {
        loyalty.lasting = loyalty.lasting.saturating_add(other.lasting);
        for part in &other.expiring {
            loyalty.earn(part.points, Some(part.expires_ms), i64::MIN);
        }
    });
}

fn enrol(customer: &mut Customer, time_ms: i64, scene: &mut Scene<'_>) {
    if let Some(loyalty) = &mut customer.loyalty {
        loyalty.since_ms = loyalty.since_ms.min(time_ms);
        return;
    }
    customer.loyalty = Some(Box::new(Loyalty { since_ms: time_ms, ..Loyalty::default() }));
    // whose value was told before is a member's from here on
    if let Some(contribution) = customer.contribution {
        population::contribute(customer, Some(population::Contribution { is_member: true, ..contribution }), scene.cells, scene.out);
    }
}

/// Changes a member's points, and the figure of all.
fn change<T: Default>(customer: &mut Customer, scene: &mut Scene<'_>, by: impl FnOnce(&mut Loyalty) -> T) -> T {
    let Some(loyalty) = &mut customer.loyalty else {
        return T::default();
    };
    let before = loyalty.points();
    let answer = by(loyalty);
    count(i128::from(loyalty.points()) - i128::from(before), scene.cells, scene.out);
    answer
}

fn count(delta: i128, cells: &mut Cells, out: &mut Outputs) {
    cells.add(&Place { name: "points_outstanding", figure: Figure::Count, dims: &[], window: Window::All, at_ms: 0 }, delta, out);
}

/// When the next points go.
pub fn expires_ms(customer: &Customer) -> Option<i64> {
    Some(customer.loyalty.as_ref()?.expiring.first()?.expires_ms)
}

/// Takes away the points that are over.
pub fn expire(customer: &mut Customer, scene: &mut Scene<'_>) {
    let now_ms = customer.now_ms;
    change(customer, scene, |loyalty| loyalty.expiring.retain(|part| part.expires_ms > now_ms));
}

/// The customer is about to be forgotten.
pub fn leave(customer: &Customer, cells: &mut Cells, out: &mut Outputs) {
    if let Some(loyalty) = &customer.loyalty {
        count(-i128::from(loyalty.points()), cells, out);
    }
}
