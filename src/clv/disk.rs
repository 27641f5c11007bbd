//! I(A; τ) = ∫_0^τ 2F1(A, a; c; −s) ds, as a power series in
//!   v = τ/(1 + √(1+τ))²,   that is   s = 4v/(1−v)²,   1 + s = ((1+v)/(1−v))²,
//! which maps the plane without (−∞, −1], where 2F1 is analytic, into the unit disk (Pfaff's z = τ/(1+τ) only a half plane): the series
//! converges for all τ, and its length grows with the fourth root of what z/(1−z) takes: 55 terms at τ = 8, 350 at τ = 400.
//!
//! Gauss' equation s(1+s)F″ + (c + (A+a+1)s)F′ + AaF = 0 becomes, in v,
//!   v(1−v)²(1+v)F″ − v(1−v)(4+2v)F′ + (c(1−v)³ + 4(A+a+1)v(1−v))F′ + 4Aa(1+v)F = 0,
//! which gives each coefficient of F from the three before; ds = 4(1+v)/(1−v)³ dv makes them those of I by three running sums.
//! A, a and c follow from the parameters and the count of purchases alone, so the coefficients, which take longest, are remembered:
//! the same customer later, and all others with that count, have the very same. Called by `alive` only.

use std::cell::RefCell;

use libm::sqrt;

/// Terms between two looks at the remainder; `power_of_block` knows it too.
const BLOCK: usize = 8;
/// No checked parameters need as many.
const BLOCKS_MAX: usize = 500;
/// Series remembered by each thread, each in one place only: some hundred counts of purchases, of at most 32 KB, nearly always below 1 KB.
const SERIES_MAX: usize = 512;
/// Size of all terms to come at which the series ends, relative to what has been summed.
const REMAINDER: f64 = 1e-16;

/// I at several points of one path.
pub(super) struct Integrals<const N: usize> {
    pub sums: [f64; N],
    /// Σ|term| / |Σ term| at the last point: how much larger than in the sum the relative error is. Infinite where the series did not end.
    pub cancellation: f64,
}

/// Coefficients of 2F1(A, a; c; −s(v)), and their running sums.
struct Coefficients {
    product: f64,
    p1: f64,
    p2: f64,
    c: f64,
    n: f64,
    /// Of v^n, v^(n−1), v^(n−2).
    last: [f64; 3],
    /// Divided by 1−v once, twice, three times.
    running: [f64; 3],
}

impl Coefficients {
    fn new(first: f64, a: f64, c: f64) -> Coefficients {
        let slope = 4.0 * (first + a + 1.0);
        Coefficients {
            product: 4.0 * first * a,
            p1: slope - 3.0 - 3.0 * c,
            p2: 2.0 + 3.0 * c - slope,
            c,
            n: 0.0,
            last: [1.0, 0.0, 0.0],
            running: [0.0; 3],
        }
    }

    /// The coefficient of v^(n+1) in I/4, for n = 0, 1 …
    fn next(&mut self) -> f64 {
        let n = self.n;
        let [d0, d1, d2] = self.last;
        let before = self.running[2];
        self.running[0] += d0;
        self.running[1] += self.running[0];
        self.running[2] += self.running[1];
        // one division serves both
        let inverse = 1.0 / ((n + 1.0) * (n + self.c));
        let following = (n * (n - self.p1) - self.product) * d0 + ((n - 1.0) * (n - 2.0 - self.p2) - self.product) * d1
            - (n - 2.0) * (n - 1.0 - self.c) * d2;
        self.last = [following * inverse, d0, d1];
        self.n = n + 1.0;
        (self.running[2] + before) * (n + self.c) * inverse
    }
}

/// The coefficients of one I/4, as far as anybody has asked.
struct Series {
    of: [u64; 3],
    coefficients: Coefficients,
    blocks: Vec<[f64; BLOCK]>,
}

thread_local! {
    static KNOWN: RefCell<Vec<Option<Series>>> = const { RefCell::new(Vec::new()) };
}

impl Series {
    fn block(&mut self, number: usize) -> &[f64; BLOCK] {
        while self.blocks.len() <= number {
            self.blocks.push(std::array::from_fn(|_| self.coefficients.next()));
        }
        &self.blocks[number]
    }

    /// Calls `sum` with the series of these parameters.
    fn with<T>(first: f64, a: f64, c: f64, sum: impl FnOnce(&mut Series) -> T) -> T {
        let of = [first, a, c].map(f64::to_bits);
        // the odd factor spreads the few high bits in which counts differ
        let spread = of.iter().fold(0, |spread: u64, bits| (spread ^ bits).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23));
        KNOWN.with_borrow_mut(|known| {
            if known.is_empty() {
                known.resize_with(SERIES_MAX, || None);
            }
            let place = &mut known[spread as usize % SERIES_MAX];
            let series = match place.take().filter(|series| series.of == of) {
                Some(series) => series,
                None => Series { of, coefficients: Coefficients::new(first, a, c), blocks: Vec::new() },
            };
            sum(place.insert(series))
        })
    }
}

/// I at ascending τ for `direction` 1; at −τ/(1+τ), which is −v, for −1.
pub(super) fn integrals<const N: usize>(first: f64, a: f64, c: f64, horizons: &[f64; N], direction: f64) -> Integrals<N> {
    Series::with(first, a, c, |series| sum(series, horizons, direction))
}

/// Not inlined: inside a larger function the compiler gives up on vectors, at twice the time.
#[inline(never)]
fn sum<const N: usize>(series: &mut Series, horizons: &[f64; N], direction: f64) -> Integrals<N> {
    let v = horizons.map(|horizon| {
        let root = 1.0 + sqrt(1.0 + horizon);
        direction * horizon / (root * root)
    });
    let Some(&v_last) = v.last() else {
        return Integrals { sums: [0.0; N], cancellation: 1.0 };
    };
    let mut sums = [0.0; N];
    // v to the number of the block's first term
    let mut powers = v;
    let block_powers = v.map(power_of_block);
    let mut before = 0.0;
    let mut magnitudes = 0.0;
    for number in 0..BLOCKS_MAX {
        let block = series.block(number);
        let mut latest = 0.0;
        let mut power = powers[N - 1].abs();
        for coefficient in block {
            latest += coefficient.abs() * power;
            power *= v_last.abs();
        }
        let block_sums = evaluate(block, &v);
        for i in 0..N {
            sums[i] += block_sums[i] * powers[i];
            powers[i] *= block_powers[i];
        }
        magnitudes += latest;
        let sum = sums[N - 1].abs();
        // each block to come is at most about this many times the one before
        let ratio = (latest / before).max(block_powers[N - 1]);
        if latest == 0.0 || latest * ratio <= REMAINDER * (1.0 - ratio) * sum {
            let cancellation = if sum > 0.0 { magnitudes / sum } else { 1.0 };
            return Integrals { sums: sums.map(|sum| 4.0 * sum), cancellation };
        }
        before = latest;
    }
    Integrals { sums, cancellation: f64::INFINITY }
}

/// Horner's rule at all points side by side. Not inlined: inside a larger function the compiler gives up on vectors.
#[inline(never)]
fn evaluate<const N: usize>(coefficients: &[f64; BLOCK], v: &[f64; N]) -> [f64; N] {
    let mut values = [0.0; N];
    for coefficient in coefficients.iter().rev() {
        for i in 0..N {
            values[i] = values[i] * v[i] + coefficient;
        }
    }
    values
}

fn power_of_block(v: f64) -> f64 {
    let fourth = (v * v) * (v * v);
    fourth * fourth
}
