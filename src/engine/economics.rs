//! What winning customers costs beside what they are worth: by channel, by month of the first order, by all that costs can be told by, and
//! what serving costs by salesperson. Ratios of cells.
//!
//! Cells add up over slots, ratios do not: so they are taken here, last, of sums over all slots somebody looks at. It counts nothing,
//! converts no currency and guesses no cost: what was not recorded was not spent. Called by `cli` (`report`) and `http`.

use std::collections::BTreeMap;

use super::cells::UNKNOWN;
use super::play_week::CellId;
use super::settings::Settings;
use crate::clv::{ratio, scale_minor, shared_minor};

/// The names of the cells it is made of.
pub const ECONOMICS_CELLS: [&str; 9] = [
    "acquisitions",
    "clv_customers",
    "clv_total",
    "cost",
    "customers_acquired",
    "customers_closed",
    "leads",
    "service_cost",
    "stage_entries",
];

/// By what the figures of a row are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ToldBy {
    /// Of the first touch.
    Channel,
    /// The month of the first order.
    Cohort,
    /// Channel, kind of customer, kind of product and region together, where more than the channel is known.
    Cube,
    /// Who closed the first sale.
    Salesperson,
}

impl ToldBy {
    pub const ALL: [ToldBy; 4] = [ToldBy::Channel, ToldBy::Cohort, ToldBy::Cube, ToldBy::Salesperson];

    pub fn as_str(self) -> &'static str {
        match self {
            ToldBy::Channel => "channel",
            ToldBy::Cohort => "cohort",
            ToldBy::Cube => "cube",
            ToldBy::Salesperson => "salesperson",
        }
    }
}

/// Money is in minor units of the currency. Of a channel or cohort with customers of several currencies each row is about those of its
/// own; its leads are all, so that what a lead is worth in one currency and in the other adds up.
#[derive(Debug, Clone, PartialEq)]
pub struct EconomicsRow {
    pub by: ToldBy,
    /// Values of what it is told by, by name.
    pub of: BTreeMap<String, String>,
    /// Empty: neither costs nor values are known.
    pub currency: String,
    /// With a first order; of several currencies by the share of those that have a value in this one.
    pub customers: i128,
    /// Costs are told in other currencies only: what a customer has cost is not known in this one.
    pub is_cost_elsewhere: bool,
    /// Of winning them; of salespeople, of serving them.
    pub cost_minor: i128,
    /// Who became known. Of channels: of a month nobody knows which of its leads will have bought.
    pub leads: Option<i128>,
    /// Times that a customer was given up for lost. Of channels and cohorts, there in that month.
    pub lost: Option<i128>,
    /// Of channels and cohorts with customers of this currency.
    pub worth: Option<Worth>,
}

/// What customers are worth, before what winning them has cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worth {
    /// Net revenue so far and expected.
    pub clv_mean_minor: i128,
    /// The same by the margin, less what keeping, serving and rewarding one has cost so far: the most that winning one may cost.
    pub max_cac_minor: i128,
}

impl EconomicsRow {
    /// What one customer has cost.
    pub fn cost_per_customer_minor(&self) -> Option<i128> {
        shared_minor(self.cost_minor, self.customers).filter(|_| !self.is_cost_elsewhere)
    }

    /// The worth of a customer over what winning one costs; a rule of thumb wants 3.
    pub fn clv_to_cac(&self) -> Option<f64> {
        ratio(self.worth?.max_cac_minor, self.cost_per_customer_minor()?)
    }

    /// The share of leads that have become customers.
    pub fn conversion(&self) -> Option<f64> {
        ratio(self.customers, self.leads?)
    }

    /// What a lead is worth: the share that becomes a customer, times the worth of one (P. Farris et al., "Marketing Metrics", 2010, ch. 5.4).
    pub fn value_per_lead_minor(&self) -> Option<i128> {
        shared_minor(self.worth?.max_cac_minor.saturating_mul(self.customers), self.leads?)
    }

    /// What it costs to win as many as were lost.
    pub fn replacement_minor(&self) -> Option<i128> {
        shared_minor(self.cost_minor.saturating_mul(self.lost?), self.customers).filter(|_| !self.is_cost_elsewhere)
    }
}

/// What the cells tell of one place, before any ratio.
#[derive(Default)]
struct Sums {
    customers: i128,
    leads: i128,
    lost: i128,
    by_currency: BTreeMap<String, OfCurrency>,
}

#[derive(Default)]
struct OfCurrency {
    won_minor: i128,
    kept_minor: i128,
    clv_minor: i128,
    clv_customers: i128,
}

type Place = (ToldBy, BTreeMap<String, String>);

/// In order of what they are told by, its values, and currency.
pub fn economics(cells: &BTreeMap<CellId, i128>, settings: &Settings) -> Vec<EconomicsRow> {
    let mut places: BTreeMap<Place, Sums> = BTreeMap::new();
    for ((name, dims, start), value) in cells {
        take(name, dims, start, *value, settings, &mut places);
    }
    places.into_iter().flat_map(|(place, sums)| rows(&place, sums, settings.value.margin.unwrap_or(1.0))).collect()
}

fn take(name: &str, dims: &BTreeMap<String, String>, start: &str, value: i128, settings: &Settings, places: &mut BTreeMap<Place, Sums>) {
    let dim = |name: &str| dims.get(name).map_or("", String::as_str);
    let channel = || (ToldBy::Channel, BTreeMap::from([("channel".to_owned(), dim("channel").to_owned())]));
    let month = |month: &str| (ToldBy::Cohort, BTreeMap::from([("cohort".to_owned(), month.to_owned())]));
    let salesperson = || (ToldBy::Salesperson, BTreeMap::from([("salesperson".to_owned(), dim("salesperson").to_owned())]));
    let mut at = |place: Place, add: &dyn Fn(&mut Sums)| add(places.entry(place).or_default());
    let of = |sums: &mut Sums, add: &dyn Fn(&mut OfCurrency)| add(sums.by_currency.entry(dim("currency").to_owned()).or_default());
    match name {
        "customers_acquired" => [channel(), month(start)].into_iter().for_each(|place| at(place, &|sums| sums.customers += value)),
        "acquisitions" => at(cube(dims), &|sums| sums.customers += value),
        "cost" if dim("kind") == "acquire" => {
            let further = Some(cube(dims)).filter(|(_, of)| of.iter().any(|(name, value)| name != "channel" && value != UNKNOWN));
            let places = [channel(), month(start)].into_iter().chain(further);
            places.for_each(|place| at(place, &|sums| of(sums, &|of| of.won_minor += value)));
        }
        "cost" => at(channel(), &|sums| of(sums, &|of| of.kept_minor += value)),
        "clv_total" | "clv_customers" => {
            let place = if dims.contains_key("channel") { channel() } else { month(dim("cohort")) };
            let is_told = dims.contains_key("channel") || dims.contains_key("cohort");
            let add = |of: &mut OfCurrency| if name == "clv_total" { of.clv_minor += value } else { of.clv_customers += value };
            if is_told {
                at(place, &|sums| of(sums, &add));
            }
        }
        "leads" => at(channel(), &|sums| sums.leads += value),
        "stage_entries" if settings.lifecycle.graph.is_gone(dim("to")) => {
            [channel(), month(start)].into_iter().for_each(|place| at(place, &|sums| sums.lost += value));
        }
        "service_cost" => at(salesperson(), &|sums| of(sums, &|of| of.won_minor += value)),
        "customers_closed" => at(salesperson(), &|sums| sums.customers += value),
        _ => {}
    }
}

fn cube(dims: &BTreeMap<String, String>) -> Place {
    let told = |name: &str| (name.to_owned(), dims.get(name).map_or(UNKNOWN, String::as_str).to_owned());
    (ToldBy::Cube, ["channel", "customer_type", "product_type", "region"].map(told).into())
}

fn rows((by, of): &Place, sums: Sums, margin: f64) -> Vec<EconomicsRow> {
    let has_lost = matches!(by, ToldBy::Channel | ToldBy::Cohort);
    let valued: i128 = sums.by_currency.values().map(|of| of.clv_customers).sum();
    let has_costs = sums.by_currency.values().any(|of| of.won_minor != 0);
    let row = |(currency, own): (String, OfCurrency)| {
        let share = shared_minor(sums.customers.saturating_mul(own.clv_customers), valued);
        let customers = share.filter(|_| own.clv_customers > 0).unwrap_or(sums.customers);
        let kept_mean_minor = shared_minor(own.kept_minor, customers).unwrap_or(0);
        let worth = |clv_mean_minor| Worth { clv_mean_minor, max_cac_minor: scale_minor(clv_mean_minor, margin) - kept_mean_minor };
        EconomicsRow {
            by: *by,
            of: of.clone(),
            currency,
            customers,
            cost_minor: own.won_minor,
            is_cost_elsewhere: has_costs && own.won_minor == 0,
            leads: (*by == ToldBy::Channel).then_some(sums.leads),
            lost: has_lost.then_some(sums.lost),
            worth: shared_minor(own.clv_minor, own.clv_customers).map(worth),
        }
    };
    let nothing = || [(String::new(), OfCurrency::default())].into();
    let by_currency = if sums.by_currency.is_empty() { nothing() } else { sums.by_currency };
    by_currency.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tests::settings;

    /// Cells as keys without slot, and values.
    fn cells(told: &[(&str, i128)]) -> BTreeMap<CellId, i128> {
        let id = |key: &str| {
            let (name, dims, start) = crate::engine::cells::parts(key);
            (name.to_owned(), dims.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(), start.to_owned())
        };
        told.iter().map(|(key, value)| (id(key), *value)).collect()
    }

    fn row<'a>(rows: &'a [EconomicsRow], by: ToldBy, of: &[&str], currency: &str) -> &'a EconomicsRow {
        let is_it = |row: &&EconomicsRow| row.by == by && row.of.values().eq(of) && row.currency == currency;
        rows.iter().find(is_it).unwrap_or_else(|| panic!("{by:?} {of:?} {currency}: {rows:?}"))
    }

    #[test]
    fn a_channel_costs_and_brings_what_its_cells_say() {
        let mut settings = settings();
        settings.value.margin = Some(0.4);
        let rows = economics(
            &cells(&[
                ("customers_acquired|channel=email|2026-01", 3),
                ("customers_acquired|channel=email|2026-02", 1),
                ("cost|channel=email,currency=USD,kind=acquire|2026-01", 6_000),
                ("cost|channel=email,currency=USD,kind=acquire,region=Bavaria|2026-02", 2_000),
                ("cost|channel=email,currency=USD,kind=service|2026-02", 400),
                ("clv_total|channel=email,currency=USD|all", 60_000),
                ("clv_customers|channel=email,currency=USD|all", 4),
                ("clv_total|cohort=2026-01,currency=USD|all", 50_000),
                ("clv_customers|cohort=2026-01,currency=USD|all", 2),
                ("clv_total|currency=USD,segment=loyal|all", 1),
                ("leads|channel=email|all", 8),
                ("stage_entries|channel=email,from=none,to=visitor|2026-01", 9),
                ("stage_entries|channel=email,from=visitor,to=lead|2026-01", 6),
                ("stage_entries|channel=email,from=none,to=lead|2026-01", 2),
                ("stage_entries|channel=email,from=lead,to=first_time|2026-01", 4),
                ("stage_entries|channel=email,from=at_risk,to=lapsed|2026-02", 2),
            ]),
            &settings,
        );
        let email = row(&rows, ToldBy::Channel, &["email"], "USD");
        assert_eq!((email.customers, email.cost_minor, email.leads, email.lost), (4, 8_000, Some(8), Some(2)));
        // 150.00 a customer, of which 40 % stay, less 1.00 of service
        assert_eq!(email.worth, Some(Worth { clv_mean_minor: 15_000, max_cac_minor: 5_900 }));
        assert_eq!((email.cost_per_customer_minor(), email.clv_to_cac()), (Some(2_000), Some(2.95)));
        assert_eq!((email.conversion(), email.value_per_lead_minor(), email.replacement_minor()), (Some(0.5), Some(2_950), Some(4_000)));
        let january = row(&rows, ToldBy::Cohort, &["2026-01"], "USD");
        assert_eq!((january.customers, january.cost_per_customer_minor(), january.leads), (3, Some(2_000), None));
        assert_eq!((january.worth.unwrap().max_cac_minor, january.clv_to_cac()), (10_000, Some(5.0)));
        let february = row(&rows, ToldBy::Cohort, &["2026-02"], "USD");
        assert_eq!(
            (february.worth, february.clv_to_cac(), february.lost, february.replacement_minor()),
            (None, None, Some(2), Some(4_000))
        );
    }

    #[test]
    fn a_cube_is_told_by_all_four_and_a_salesperson_by_what_serving_cost() {
        let rows = economics(
            &cells(&[
                ("acquisitions|channel=email,customer_type=business,product_type=unknown,region=Bavaria|2026-01", 2),
                ("cost|channel=email,currency=USD,customer_type=business,kind=acquire,region=Bavaria|2026-01", 501),
                ("cost|channel=email,currency=EUR,kind=acquire|2026-01", 7),
                ("service_cost|currency=USD,salesperson=s-1|2026-01", 600),
                ("customers_closed|salesperson=s-1|2026-01", 4),
            ]),
            &settings(),
        );
        let cube = row(&rows, ToldBy::Cube, &["email", "business", "unknown", "Bavaria"], "USD");
        assert_eq!((cube.customers, cube.cost_per_customer_minor(), cube.leads), (2, Some(250), None));
        assert_eq!(rows.iter().filter(|row| row.by == ToldBy::Cube).count(), 1, "a cost of a channel alone is of no cube");
        assert_eq!(row(&rows, ToldBy::Salesperson, &["s-1"], "USD").cost_per_customer_minor(), Some(150));
        let euros = row(&rows, ToldBy::Channel, &["email"], "EUR");
        assert_eq!((euros.cost_minor, euros.cost_per_customer_minor(), euros.worth), (7, None, None));
    }

    #[test]
    fn customers_of_two_currencies_cost_what_was_spent_on_each() {
        let mut told = vec![("customers_acquired|channel=ads|2026-01", 20), ("leads|channel=ads|all", 40)];
        told.extend([("clv_customers|channel=ads,currency=EUR|all", 10), ("clv_customers|channel=ads,currency=USD|all", 10)]);
        told.extend([("clv_total|channel=ads,currency=EUR|all", 20_000), ("clv_total|channel=ads,currency=USD|all", 30_000)]);
        let spent_in_both =
            [("cost|channel=ads,currency=EUR,kind=acquire|2026-01", 100), ("cost|channel=ads,currency=USD,kind=acquire|2026-01", 100)];
        let rows = economics(&cells(&[told.as_slice(), &spent_in_both].concat()), &settings());
        for (currency, value_per_lead_minor) in [("EUR", 500), ("USD", 750)] {
            let ads = row(&rows, ToldBy::Channel, &["ads"], currency);
            assert_eq!((ads.customers, ads.cost_per_customer_minor(), ads.conversion()), (10, Some(10), Some(0.25)), "{currency}");
            assert_eq!(ads.value_per_lead_minor(), Some(value_per_lead_minor), "{currency}");
        }
        // spent in one, sold in the other: nothing is converted
        told.retain(|(key, _)| !key.contains("EUR"));
        let rows = economics(&cells(&[told.as_slice(), &spent_in_both[..1]].concat()), &settings());
        assert_eq!(row(&rows, ToldBy::Channel, &["ads"], "EUR").cost_per_customer_minor(), Some(5));
        let dollars = row(&rows, ToldBy::Channel, &["ads"], "USD");
        assert_eq!((dollars.cost_per_customer_minor(), dollars.clv_to_cac(), dollars.customers), (None, None, 20));
    }
}
