//! Events of the customer's way beside orders, mails and carts: signing up, looking, being served, answering. Refuses one that does not name
//! what it is about: the order on its way, the ticket, the question. Who saw which product is not read yet. Called by `segment` alone.

use super::fields::Properties;
use super::orders::required_currency;
use crate::event::{Answer, DecodeRules, Interaction, InteractionKind, Kind, Money, Reject, Text, json};

/// The kind an event of this name has; `None`: it is none of these.
pub(super) fn kind_of(event: &str) -> Option<InteractionKind> {
    InteractionKind::ALL.into_iter().find(|kind| kind.event_name() == event)
}

pub(super) fn read<'a>(kind: InteractionKind, properties: &Properties<'a>, rules: &DecodeRules) -> Result<Kind<'a>, Reject> {
    Ok(Kind::Interaction(Interaction {
        kind,
        subject: subject(kind, properties)?,
        cost: cost(kind, properties, rules)?,
        salesperson_id: json::name("salesperson_id", properties.salesperson_id)?,
        answer: answer(kind, properties)?,
    }))
}

fn subject<'a>(kind: InteractionKind, properties: &Properties<'a>) -> Result<Option<Text<'a>>, Reject> {
    match kind {
        InteractionKind::OrderShipped | InteractionKind::OrderDelivered => json::required_id("order_id", properties.order_id).map(Some),
        InteractionKind::TicketOpened | InteractionKind::TicketResolved => json::required_id("ticket_id", properties.ticket_id).map(Some),
        _ => Ok(None),
    }
}

fn cost(kind: InteractionKind, properties: &Properties<'_>, rules: &DecodeRules) -> Result<Option<Money>, Reject> {
    let costs = matches!(kind, InteractionKind::TicketOpened | InteractionKind::TicketResolved | InteractionKind::CallLogged);
    match properties.cost.given().filter(|_| costs) {
        None => Ok(None),
        Some(amount) => json::money("cost", amount, required_currency(properties, rules)?).map(Some),
    }
}

fn answer<'a>(kind: InteractionKind, properties: &Properties<'a>) -> Result<Option<Answer<'a>>, Reject> {
    if kind != InteractionKind::SurveyAnswered {
        return Ok(None);
    }
    Ok(Some(Answer {
        survey_id: json::required_id("survey_id", properties.survey_id)?,
        question_id: json::required_id("question_id", properties.question_id)?,
        answer_id: json::required_id("answer_id", properties.answer_id)?,
    }))
}
