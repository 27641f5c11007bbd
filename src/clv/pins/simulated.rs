//! Customers made as the models say they live, and whether the models know what becomes of them: everything asked of a history is compared
//! with the mean over those who have it. Catches a wrong formula that agrees with itself.

use crate::clv::{BgNbd, Cnbd, History, MbgNbd, ParetoNbd, PurchaseModel};

const CUSTOMERS: u32 = 10_000;
/// Weeks observed, and weeks after.
const OBSERVED: f64 = 30.0;
const AFTER: f64 = 40.0;
/// Standard errors off a mean may be: 300 comparisons, one in ten million misses by chance.
const DEVIATIONS: f64 = 5.5;

/// Pseudo-random numbers (xorshift64*), the same on every machine.
struct Dice(u64);

impl Dice {
    /// Above 0, below 1.
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 + 0.5) / 2f64.powi(53)
    }

    fn exponential(&mut self, rate: f64) -> f64 {
        -self.uniform().ln() / rate
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Marsaglia and Tsang, "A simple method for generating gamma variables", 2000.
    fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            return self.gamma(shape + 1.0) * self.uniform().powf(1.0 / shape);
        }
        let d = shape - 1.0 / 3.0;
        loop {
            let normal = self.normal();
            let v = (1.0 + normal / (9.0 * d).sqrt()).powi(3);
            if v > 0.0 && self.uniform().ln() < 0.5 * normal * normal + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }

    fn beta(&mut self, a: f64, b: f64) -> f64 {
        let first = self.gamma(a);
        first / (first + self.gamma(b))
    }
}

/// Purchase times after the first, and when he leaves: for who leaves at a purchase, the last one.
struct Life {
    purchases: Vec<f64>,
    end: f64,
}

fn live(model: &PurchaseModel, dice: &mut Dice) -> Life {
    match *model {
        PurchaseModel::BgNbd(BgNbd { r, alpha, a, b }) => tossing(Cnbd { r, alpha, a, b, k: 1 }, false, dice),
        PurchaseModel::MbgNbd(MbgNbd { r, alpha, a, b }) => tossing(Cnbd { r, alpha, a, b, k: 1 }, true, dice),
        PurchaseModel::BgCnbdK(model) => tossing(model, false, dice),
        PurchaseModel::MbgCnbdK(model) => tossing(model, true, dice),
        PurchaseModel::ParetoNbd(ParetoNbd { r, alpha, s, beta }) => {
            let rate = dice.gamma(r) / alpha;
            let dropout_rate = dice.gamma(s) / beta;
            let end = dice.exponential(dropout_rate);
            let mut purchases = Vec::new();
            let mut at = dice.exponential(rate);
            while at < end.min(OBSERVED + AFTER) {
                purchases.push(at);
                at += dice.exponential(rate);
            }
            Life { purchases, end }
        }
    }
}

fn tossing(model: Cnbd, at_first: bool, dice: &mut Dice) -> Life {
    let rate = dice.gamma(model.r) / model.alpha;
    let leaves = dice.beta(model.a, model.b);
    let mut purchases = Vec::new();
    let mut at = 0.0;
    if at_first && dice.uniform() < leaves {
        return Life { purchases, end: 0.0 };
    }
    loop {
        at += (0..model.k).map(|_| dice.exponential(rate)).sum::<f64>();
        if at >= OBSERVED + AFTER {
            return Life { purchases, end: at };
        }
        purchases.push(at);
        if dice.uniform() < leaves {
            return Life { purchases, end: at };
        }
    }
}

/// Sum and sum of squares of what happened less what was expected.
#[derive(Default, Clone, Copy)]
struct Surprise {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Surprise {
    fn add(&mut self, found: f64, expected: f64) {
        self.count += 1.0;
        self.sum += found - expected;
        self.squares += (found - expected).powi(2);
    }
}

#[test]
fn simulated_customers_do_what_their_histories_promise() {
    let (r, alpha, a, b) = (0.9, 6.0, 0.9, 2.4);
    let models = [
        PurchaseModel::BgNbd(BgNbd { r, alpha, a, b }),
        PurchaseModel::MbgNbd(MbgNbd { r, alpha, a, b }),
        PurchaseModel::ParetoNbd(ParetoNbd { r, alpha, s: 0.6, beta: 12.0 }),
        PurchaseModel::BgCnbdK(Cnbd { r, alpha: alpha / 3.0, a, b, k: 3 }),
        PurchaseModel::MbgCnbdK(Cnbd { r: 1.7, alpha: 1.2, a, b, k: 7 }),
    ];
    for (seed, model) in (1..).zip(&models) {
        let mut dice = Dice(seed);
        let mut surprises = [[Surprise::default(); 5]; 6];
        for _ in 0..CUSTOMERS {
            let life = live(model, &mut dice);
            let x = life.purchases.partition_point(|&at| at <= OBSERVED);
            let t_x = if x == 0 { 0.0 } else { life.purchases[x - 1] };
            let history = History { x: x as u32, t_x, t: OBSERVED };
            let further = (life.purchases.len() - x) as f64;
            let stays = (life.end - OBSERVED).clamp(0.0, AFTER);
            let group = &mut surprises[x.min(5)];
            group[0].add(f64::from(u8::from(life.end > OBSERVED)), model.p_alive(&history));
            group[1].add(further, model.expected_purchases(&history, AFTER));
            group[2].add(stays, model.expected_lifetime_weeks(&history, AFTER));
            group[3].add(f64::from(u8::from(further == 0.0)), model.probability_of(&history, 0, AFTER));
            group[4].add(f64::from(u8::from(further == 2.0)), model.probability_of(&history, 2, AFTER));
        }
        for (x, group) in surprises.iter().enumerate() {
            for (question, surprise) in ["alive", "purchases", "weeks", "none", "two"].iter().zip(group) {
                let error = surprise.squares.sqrt().max(1.0);
                println!("{} seed {seed} x {x} {question}: off by {:.2} of {}", model.name(), surprise.sum / error, surprise.count);
                assert!(surprise.sum.abs() <= DEVIATIONS * error, "{} seed {seed} x {x} {question}", model.name());
            }
        }
    }
}
