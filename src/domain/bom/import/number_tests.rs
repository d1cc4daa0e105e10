//! What is read as which number, and what is refused.

use super::*;

fn read(text: &str, style: DecimalStyle) -> Result<String, String> {
    read_number(text, style).map(|reading| reading.value.normalize().to_string())
}

#[test]
fn numbers_with_one_reading_are_read() {
    let cases = [
        ("7", "7"),
        (" 007 ", "7"),
        ("0,92", "0.92"),
        ("0,123", "0.123"),
        ("1234,567", "1234.567"),
        (",5", "0.5"),
        (".5", "0.5"),
        ("1.234", "1.234"),
        ("1.234.567", "1234567"),
        ("1,234,567", "1234567"),
        ("1,234.50", "1234.5"),
        ("1.234,50", "1234.5"),
        ("1.234.567,8", "1234567.8"),
        ("12,34,567.00", "1234567"),
        ("1 234,567", "1234.567"),
        ("1\u{202f}234\u{a0}567", "1234567"),
        ("1'234.5", "1234.5"),
        ("1’234", "1234"),
        ("１２．５", "12.5"),
        ("+3", "3"),
        ("-3", "-3"),
        ("\u{2212}3", "-3"),
        ("1.5E-3", "0.0015"),
        ("2e+3", "2000"),
        ("1,5E2", "150"),
    ];
    for (text, value) in cases {
        assert_eq!(read(text, DecimalStyle::Auto).as_deref(), Ok(value), "{text}");
    }
}

#[test]
fn a_comma_before_three_digits_needs_a_choice() {
    for text in ["1,234", "12,345", "999,000", "$1,234"] {
        let reason = read(text, DecimalStyle::Auto).unwrap_err();
        assert!(reason.contains("decimal=point or decimal=comma"), "{reason}");
    }
    assert_eq!(read("1,234", DecimalStyle::Point).as_deref(), Ok("1234"));
    assert_eq!(read("1,234", DecimalStyle::Comma).as_deref(), Ok("1.234"));
    assert_eq!(read("1.234", DecimalStyle::Comma).as_deref(), Ok("1234"));
    assert_eq!(read("1.234", DecimalStyle::Point).as_deref(), Ok("1.234"));
}

#[test]
fn a_stated_style_refuses_the_other() {
    assert!(read("0,92", DecimalStyle::Point).unwrap_err().ends_with("with decimal=point"));
    assert!(read("0.92", DecimalStyle::Comma).unwrap_err().ends_with("with decimal=comma"));
}

#[test]
fn currencies_stand_on_either_side() {
    let cases = [
        ("$45.00", "45", Some("$")),
        ("-$5", "-5", Some("$")),
        ("$ -5", "-5", Some("$")),
        ("5 €", "5", Some("€")),
        ("¥5", "5", Some("¥")),
        ("￥5", "5", Some("¥")),
        ("₹ 1,00,000.00", "100000", Some("₹")),
        ("USD 5", "5", Some("USD")),
        ("5.50eur", "5.5", Some("EUR")),
        ("$5.00 USD", "5", Some("USD")),
        ("5", "5", None),
    ];
    for (text, value, currency) in cases {
        let reading = read_number(text, DecimalStyle::Auto).unwrap();
        assert_eq!(reading.value.normalize().to_string(), value, "{text}");
        assert_eq!(reading.currency.as_deref(), currency, "{text}");
    }
    assert!(same_currency("$", "USD") && same_currency("EUR", "€"));
    assert!(!same_currency("$", "€") && !same_currency("USD", "CAD"));
}

#[test]
fn what_is_no_number_is_refused() {
    let cases = [
        "",
        " ",
        "-",
        "two",
        "5 pcs",
        "5%",
        "５％",
        "=A1*2",
        "1,23,4",
        "1.2.3",
        "1,2,3",
        "1.234,5,6",
        "5.",
        "5,",
        "--5",
        "$€5",
        "USD EUR 5",
        "$5 EUR",
        "USD",
        "(5)",
        "1e",
        "e5",
        "1e5000",
        "NaN",
        "inf",
        "0x10",
        "1_000",
        "1 23",
        "1 234'567",
        "٣",
        "99999999999999999999999999999999",
        "é5",
    ];
    for text in cases {
        assert!(read(text, DecimalStyle::Auto).is_err(), "{text}");
    }
    assert!(read("=A1*2", DecimalStyle::Auto).unwrap_err().contains("formula"));
    assert!(read("5%", DecimalStyle::Auto).unwrap_err().contains("percentage"));
}

#[test]
fn json_numbers_are_exact_or_none() {
    let json = |text: &str| exact_json(Decimal::from_str_exact(text).unwrap()).map(|number| number.to_string());
    assert_eq!(json("45.00").as_deref(), Some("45"));
    assert_eq!(json("0.92").as_deref(), Some("0.92"));
    assert_eq!(json("0").as_deref(), Some("0"));
    assert_eq!(json("12345678901234567.25"), None);
}
