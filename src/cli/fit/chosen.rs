//! Which models `fit` is asked for: `--model`.
//!
//! Purchase models on one side, and what `run` cannot use on the other: BG/BB, whose histories are another matter and whose likelihood does
//! not compare, and the shifted beta-geometric, whose list is of contracts. Refuses the latter together with any other. Called by `fit`.

use crate::clv::ModelKind;

const BG_BB: &str = "bg_bb";
const SBG: &str = "sbg";

/// The purchase models asked for, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kinds(pub Vec<ModelKind>);

/// The models asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// Models of purchases, and whether BG/BB is among them.
    Purchases { kinds: Kinds, bg_bb: bool },
    /// The shifted beta-geometric.
    Contracts,
}

/// Reads names of purchase models, or `all`.
pub fn kinds(text: &str) -> Result<Kinds, String> {
    if text == "all" {
        return Ok(Kinds(ModelKind::ALL.to_vec()));
    }
    let mut kinds = text.split(',').map(|name| name.trim().parse()).collect::<Result<Vec<ModelKind>, String>>()?;
    kinds.sort_unstable();
    kinds.dedup();
    Ok(Kinds(kinds))
}

/// Reads `--model` of `fit`.
pub fn chosen(text: &str) -> Result<Chosen, String> {
    if text.trim() == SBG {
        return Ok(Chosen::Contracts);
    }
    let (occasions, others): (Vec<&str>, Vec<&str>) = text.split(',').map(str::trim).partition(|name| *name == BG_BB);
    if others.contains(&SBG) {
        return Err(format!("{SBG} is fitted to a list of contracts, and so stands alone"));
    }
    let bg_bb = !occasions.is_empty();
    if others.is_empty() {
        return Ok(Chosen::Purchases { kinds: Kinds(Vec::new()), bg_bb });
    }
    let kinds = kinds(&others.join(",")).map_err(|error| format!("{error}, {BG_BB}, {SBG}"))?;
    Ok(Chosen::Purchases { kinds, bg_bb })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_chosen_by_name_and_contracts_alone() {
        let purchases = |kinds: &[ModelKind], bg_bb| Ok(Chosen::Purchases { kinds: Kinds(kinds.to_vec()), bg_bb });
        let cases = [
            ("all", purchases(&ModelKind::ALL, false)),
            ("all,bg_bb", purchases(&ModelKind::ALL, true)),
            ("bg_bb", purchases(&[], true)),
            ("mbg_nbd, bg_bb, bg_nbd", purchases(&[ModelKind::BgNbd, ModelKind::MbgNbd], true)),
            ("sbg", Ok(Chosen::Contracts)),
            ("sbg,bg_bb", Err("sbg is fitted to a list of contracts, and so stands alone".to_owned())),
            ("arima", Err("\"arima\" is none of bg_nbd, mbg_nbd, pareto_nbd, bg_cnbd_k, mbg_cnbd_k, bg_bb, sbg".to_owned())),
        ];
        for (text, expected) in cases {
            assert_eq!(chosen(text), expected, "{text}");
        }
    }
}
