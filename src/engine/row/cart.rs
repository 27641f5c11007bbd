//! The part of a row about the open cart.
//! Written and read by `row`; a new field is a new row version, never another meaning of these bytes.

use super::RowError;
use super::bytes::{Reader, put_ago, put_fixed, put_text, put_u64};
use super::currencies::Currencies;
use crate::engine::cart::{Cart, LINES_MAX, Line};
use crate::event::Money;

mod cart_bit {
    pub const URL: u8 = 1;
    pub const CHECKOUT: u8 = 1 << 1;
    pub const STATED: u8 = 1 << 2;
    pub const WHOLE: u8 = 1 << 3;
}

/// The texts of a line have the bits below in their order.
const PRICE: u8 = 1 << 4;

pub fn encode(cart: &Cart, now_ms: i64, currencies: &mut Currencies, row: &mut Vec<u8>) {
    put_text(row, &cart.id);
    put_ago(row, now_ms, cart.last_change_ms);
    let mut there = if cart.url.is_empty() { 0 } else { cart_bit::URL };
    there |= if cart.checkout.is_some() { cart_bit::CHECKOUT } else { 0 };
    there |= if cart.stated.is_some() { cart_bit::STATED } else { 0 };
    there |= if cart.is_whole { cart_bit::WHOLE } else { 0 };
    row.push(there);
    if !cart.url.is_empty() {
        put_text(row, &cart.url);
    }
    if let Some(checkout) = cart.checkout {
        put_fixed(row, checkout);
    }
    if let Some(stated) = cart.stated {
        encode_money(stated, currencies, row);
    }
    put_u64(row, cart.lines.len() as u64);
    for line in &cart.lines {
        encode_line(line, currencies, row);
    }
}

/// In place of any other cart, whose buffers are used.
pub fn decode(reader: &mut Reader<'_>, now_ms: i64, currencies: &mut Currencies, cart: &mut Cart) -> Result<(), RowError> {
    reader.text_into(&mut cart.id)?;
    cart.last_change_ms = reader.ago(now_ms)?;
    let there = reader.byte()?;
    cart.is_whole = there & cart_bit::WHOLE != 0;
    match there & cart_bit::URL {
        0 => cart.url.clear(),
        _ => reader.text_into(&mut cart.url)?,
    }
    cart.checkout = if there & cart_bit::CHECKOUT != 0 { Some(reader.fixed()?) } else { None };
    cart.stated = if there & cart_bit::STATED != 0 { Some(decode_money(reader, currencies)?) } else { None };
    cart.lines.resize_with(reader.count(LINES_MAX, "cart")?, Line::default);
    cart.lines.iter_mut().try_for_each(|line| decode_line(reader, currencies, line))
}

fn encode_line(line: &Line, currencies: &mut Currencies, row: &mut Vec<u8>) {
    let texts = [&line.sku, &line.name, &line.url, &line.image_url];
    let price = if line.price.is_some() { PRICE } else { 0 };
    row.push(texts.iter().enumerate().filter(|(_, text)| !text.is_empty()).fold(price, |bits, (place, _)| bits | 1 << place));
    put_text(row, &line.product_id);
    put_u64(row, u64::from(line.quantity));
    texts.into_iter().filter(|text| !text.is_empty()).for_each(|text| put_text(row, text));
    if let Some(price) = line.price {
        encode_money(price, currencies, row);
    }
}

fn decode_line(reader: &mut Reader<'_>, currencies: &mut Currencies, line: &mut Line) -> Result<(), RowError> {
    let there = reader.byte()?;
    reader.text_into(&mut line.product_id)?;
    line.quantity = reader.u32("quantity")?;
    for (place, text) in [&mut line.sku, &mut line.name, &mut line.url, &mut line.image_url].into_iter().enumerate() {
        match there & 1 << place {
            0 => text.clear(),
            _ => reader.text_into(text)?,
        }
    }
    line.price = if there & PRICE != 0 { Some(decode_money(reader, currencies)?) } else { None };
    Ok(())
}

fn encode_money(money: Money, currencies: &mut Currencies, row: &mut Vec<u8>) {
    currencies.put(row, money.currency, 0);
    put_u64(row, money.minor as u64);
}

fn decode_money(reader: &mut Reader<'_>, currencies: &mut Currencies) -> Result<Money, RowError> {
    let (currency, _) = currencies.get(reader)?;
    Ok(Money { minor: reader.u64()? as i64, currency })
}
