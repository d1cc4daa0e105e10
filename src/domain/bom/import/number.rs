//! Numbers and amounts of money as people write them. A text with two readings is refused, never guessed.

use rust_decimal::Decimal;
use serde_json::Number;

use super::model::DecimalStyle;
use crate::types::quantity::exact_float;

/// The currencies recognised beside the signs.
const CURRENCIES: [&str; 40] = [
    "AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP", "EUR", "GBP", "HKD",
    "HUF", "IDR", "ILS", "INR", "JPY", "KRW", "MXN", "MYR", "NOK", "NZD", "PEN", "PHP", "PLN", "RMB", "RON", "SAR",
    "SEK", "SGD", "THB", "TRY", "TWD", "USD", "VND", "ZAR",
];

/// The sign that separated the fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Comma,
    Point,
    /// A point before exactly three digits: where commas separate fractions, it would group thousands.
    PointOrGroup,
}

/// A number, and how it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    pub value: Decimal,
    pub currency: Option<String>,
    pub mark: Option<Mark>,
}

/// Reads `1 234.50`, `€ 0,92`, `USD 5`, `1.5E-3`, full-width digits. The error is a sentence for a person.
pub(super) fn read_number(text: &str, style: DecimalStyle) -> Result<Reading, String> {
    let plain: String = text.chars().map(to_plain).collect();
    if plain.trim_start().starts_with('=') {
        return Err(format!("{text:?} is a formula; export the sheet with values"));
    }
    if plain.contains('%') {
        return Err(format!("{text:?} is a percentage; a plain number is expected"));
    }
    let no_number = || format!("{text:?} is not a number");
    let amount = Amount::split(&plain).ok_or_else(no_number)?;
    let currency = amount.currency(text)?;
    let (mantissa, exponent) = split_exponent(amount.digits).ok_or_else(no_number)?;
    let (digits, mark) = to_digits(mantissa, style).map_err(|refusal| refusal.explain(text, style))?;
    let too_long = |_| format!("{text:?} has more digits than can be kept exactly");
    let value = scale(Decimal::from_str_exact(&digits).map_err(too_long)?, exponent)
        .ok_or_else(|| format!("{text:?} is too large or too small"))?;
    Ok(Reading { value: if amount.negative { -value } else { value }, currency, mark })
}

/// The JSON number that reads back as exactly this value, if there is one.
pub(super) fn exact_json(value: Decimal) -> Option<Number> {
    let value = value.normalize();
    let text = value.to_string();
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    exact_float(value).and_then(Number::from_f64)
}

/// Whether two spellings can mean the same currency: `$` and `USD`, `€` and `EUR`.
pub(super) fn same_currency(left: &str, right: &str) -> bool {
    left == right || sign_means(left, right) || sign_means(right, left)
}

fn sign_means(sign: &str, code: &str) -> bool {
    match sign {
        "$" => code.ends_with('D') && code != "AED" || ["ARS", "CLP", "COP", "MXN"].contains(&code),
        "€" => code == "EUR",
        "£" => code == "GBP" || code == "EGP",
        "¥" => ["CNY", "JPY", "RMB"].contains(&code),
        "₹" => code == "INR",
        _ => false,
    }
}

/// Full-width and typographic forms to the plain ones.
fn to_plain(sign: char) -> char {
    match sign {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(sign) - 0xFEE0).unwrap_or(sign),
        '\u{ffe5}' => '¥',
        '\u{ffe1}' => '£',
        '\u{2212}' => '-',
        '\u{2019}' => '\'',
        other if other.is_whitespace() => ' ',
        other => other,
    }
}

/// A text taken apart: sign, currencies, and what is between.
struct Amount<'t> {
    negative: bool,
    symbol: Option<&'t str>,
    code: Option<String>,
    digits: &'t str,
}

impl<'t> Amount<'t> {
    /// `None` if a part occurs twice.
    fn split(text: &'t str) -> Option<Self> {
        let mut amount = Amount { negative: false, symbol: None, code: None, digits: text.trim() };
        let mut signed = false;
        loop {
            let rest = amount.digits;
            if let Some(unsigned) = rest.strip_prefix(['+', '-']) {
                if signed {
                    return None;
                }
                signed = true;
                amount.negative = rest.starts_with('-');
                amount.digits = unsigned.trim();
            } else if !amount.take_currency()? {
                return Some(amount);
            }
        }
    }

    /// Takes one currency off either end; `None` if it is one too many.
    fn take_currency(&mut self) -> Option<bool> {
        const SYMBOLS: [char; 5] = ['$', '€', '£', '¥', '₹'];
        let rest = self.digits;
        let without = rest.strip_prefix(SYMBOLS).or_else(|| rest.strip_suffix(SYMBOLS));
        if let Some(without) = without {
            let length = rest.len() - without.len();
            let at = if rest.ends_with(without) { 0 } else { without.len() };
            if self.symbol.replace(&rest[at..at + length]).is_some() {
                return None;
            }
            self.digits = without.trim();
            return Some(true);
        }
        let letter = |part: Option<char>| part.is_some_and(char::is_alphabetic);
        let first = rest.split_at_checked(3).filter(|(_, after)| !letter(after.chars().next()));
        let last = rest.len().checked_sub(3).and_then(|at| rest.split_at_checked(at));
        let last = last.filter(|(before, _)| !letter(before.chars().next_back())).map(|(before, code)| (code, before));
        let known = |(code, _): &(&str, &str)| CURRENCIES.contains(&code.to_ascii_uppercase().as_str());
        let Some((code, without)) = first.filter(known).or_else(|| last.filter(known)) else { return Some(false) };
        if self.code.replace(code.to_ascii_uppercase()).is_some() {
            return None;
        }
        self.digits = without.trim();
        Some(true)
    }

    fn currency(&self, text: &str) -> Result<Option<String>, String> {
        match (self.symbol, &self.code) {
            (Some(symbol), Some(code)) if !sign_means(symbol, code) => Err(format!("{text:?} names two currencies")),
            (_, Some(code)) => Ok(Some(code.clone())),
            (symbol, None) => Ok(symbol.map(str::to_owned)),
        }
    }
}

/// Why digits and separators are no number.
enum Refusal {
    Malformed,
    TwoReadings,
}

impl Refusal {
    fn explain(self, text: &str, style: DecimalStyle) -> String {
        match (self, style) {
            (Self::TwoReadings, _) => {
                format!(
                    "{text:?} can be read with a decimal comma or with thousands: choose decimal=point or decimal=comma"
                )
            }
            (Self::Malformed, DecimalStyle::Auto) => format!("{text:?} is not a number"),
            (Self::Malformed, _) => format!("{text:?} is not a number with decimal={}", style.as_str()),
        }
    }
}

/// Plain digits with at most one point, and which sign the point stands for.
fn to_digits(text: &str, style: DecimalStyle) -> Result<(String, Option<Mark>), Refusal> {
    let mark = decimal_mark(text, style)?;
    let sign = match mark {
        None => None,
        Some(Mark::Comma) => Some(','),
        Some(_) => Some('.'),
    };
    let (whole, fraction) = match sign.and_then(|sign| text.rsplit_once(sign)) {
        Some((whole, fraction)) if is_digits(fraction) => (whole, Some(fraction)),
        Some(_) => return Err(Refusal::Malformed),
        None => (text, None),
    };
    let digits = match fraction {
        Some(_) if whole.is_empty() => "0".to_owned(),
        _ => ungroup(whole, sign).ok_or(Refusal::Malformed)?,
    };
    Ok((fraction.map_or(digits.clone(), |fraction| format!("{digits}.{fraction}")), mark))
}

fn decimal_mark(text: &str, style: DecimalStyle) -> Result<Option<Mark>, Refusal> {
    let points = text.matches('.').count();
    let commas = text.matches(',').count();
    let last_is_comma = text.rfind(',') > text.rfind('.');
    match (style, points, commas) {
        (DecimalStyle::Point, 0, _) | (DecimalStyle::Comma, _, 0) => Ok(None),
        (DecimalStyle::Point, 1, _) => Ok(Some(Mark::Point)),
        (DecimalStyle::Comma, _, 1) => Ok(Some(Mark::Comma)),
        (DecimalStyle::Point | DecimalStyle::Comma, ..) => Err(Refusal::Malformed),
        (DecimalStyle::Auto, 0, 1) if could_group(text, ',') => Err(Refusal::TwoReadings),
        (DecimalStyle::Auto, 1, 0) if could_group(text, '.') => Ok(Some(Mark::PointOrGroup)),
        (DecimalStyle::Auto, _, 1) if last_is_comma => Ok(Some(Mark::Comma)),
        (DecimalStyle::Auto, 1, _) if !last_is_comma => Ok(Some(Mark::Point)),
        // Several of one kind cannot be decimal marks; they group thousands.
        (DecimalStyle::Auto, 0, _) | (DecimalStyle::Auto, _, 0) => Ok(None),
        (DecimalStyle::Auto, ..) => Err(Refusal::Malformed),
    }
}

/// Whether the sign can group thousands: one to three digits without a leading zero before it, three after it.
fn could_group(text: &str, sign: char) -> bool {
    text.split_once(sign).is_some_and(|(before, after)| {
        is_digits(before) && before.len() <= 3 && !before.starts_with('0') && is_digits(after) && after.len() == 3
    })
}

/// Takes out separators of thousands, one kind only; groups of three, or of two before the last three as in India.
fn ungroup(text: &str, decimal: Option<char>) -> Option<String> {
    if is_digits(text) {
        return Some(text.to_owned());
    }
    let sign = text.chars().find(|sign| !sign.is_ascii_digit())?;
    if !matches!(sign, ',' | '.' | ' ' | '\'') || decimal == Some(sign) {
        return None;
    }
    let groups: Vec<&str> = text.split(sign).collect();
    let (first, rest) = groups.split_first()?;
    let (last, middle) = rest.split_last()?;
    let width = middle.first().map_or(3, |group| group.len());
    let fits = is_digits(first)
        && first.len() <= width
        && matches!(width, 2 | 3)
        && middle.iter().all(|group| is_digits(group) && group.len() == width)
        && is_digits(last)
        && last.len() == 3;
    fits.then(|| groups.concat())
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn split_exponent(text: &str) -> Option<(&str, i32)> {
    match text.split_once(['e', 'E']) {
        None => Some((text, 0)),
        Some((mantissa, exponent)) => {
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            (is_digits(digits) && digits.len() <= 3)
                .then(|| exponent.parse().ok())
                .flatten()
                .map(|power| (mantissa, power))
        }
    }
}

fn scale(value: Decimal, exponent: i32) -> Option<Decimal> {
    let mut value = value.normalize();
    let power = exponent.unsigned_abs();
    if exponent < 0 {
        let places = value.scale().checked_add(power)?;
        value.set_scale(places).ok()?;
        return Some(value);
    }
    (0..power.min(64)).try_fold(value, |value, _| value.checked_mul(Decimal::TEN))
}

#[cfg(test)]
#[path = "number_tests.rs"]
mod tests;
